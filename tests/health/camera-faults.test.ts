import { describe, expect, it } from 'vitest';
import type { CameraState } from '../../src/frames/supervision.js';
import { noteCameraFaults } from '../../src/health/camera-faults.js';
import { RecentErrors } from '../../src/health/recent-errors.js';

const STATE: CameraState = { state: 'streaming', fps: 30, width: 640, height: 480, since: 0 };
const failed = (message: string): CameraState => ({
  ...STATE,
  state: 'failed',
  error: { code: 'no_frame', message },
});

function noted(states: readonly CameraState[]) {
  const errors = new RecentErrors();
  let listener: (state: CameraState) => void = () => undefined;
  const camera = {
    onState: (to: typeof listener) => {
      listener = to;
      return () => undefined;
    },
  };
  noteCameraFaults({ name: 'front', camera, errors });
  for (const state of states) listener(state);
  return errors.list().map(({ message, count }) => ({ message, count }));
}

describe('a camera among the last errors', () => {
  it('is told once for each reason of an outage', () => {
    expect(noted([failed('cut'), failed('cut'), failed('refused')])).toEqual([
      { message: 'refused', count: 1 },
      { message: 'cut', count: 1 },
    ]);
  });

  it('counts the outages', () => {
    expect(noted([failed('cut'), STATE, { ...STATE, fps: 20 }, failed('cut')])).toEqual([
      { message: 'cut', count: 2 },
    ]);
  });

  it('is not told while all is well', () => {
    expect(noted([STATE, { ...STATE, state: 'disabled' }])).toEqual([]);
  });
});
