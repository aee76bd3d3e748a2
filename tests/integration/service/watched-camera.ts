/** Cameras in the test's own process, without a service round them. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect } from 'vitest';
import { Camera } from '../../../src/frames/camera.js';
import type { CameraState } from '../../../src/frames/supervision.js';
import { loadAddon } from '../../../src/native/addon.js';
import { owe, waitFor } from '../mqtt/harness.js';
import { directory } from './harness.js';

const addon = loadAddon();
const log = pino({ level: 'silent' });

export interface Watched {
  readonly camera: Camera;
  readonly states: CameraState[];
  /** Resolves when a state of that name has come since the last `until`. */
  until(state: CameraState['state']): Promise<CameraState>;
}

/** A camera of this process on the real addon; closed at the end of the test. */
export function open(
  source: string,
  more: { width?: number; height?: number; historyMs?: number } = {},
): Watched {
  const camera = new Camera(
    addon,
    { name: 'front', source, clockOffsetMs: 0, historyMs: 1000, ...more },
    log,
  );
  const states: CameraState[] = [];
  camera.onState((state) => states.push(state));
  camera.start();
  owe(() => camera.close());
  let looked = 0;
  return {
    camera,
    states,
    async until(wanted) {
      const at = (): number => states.findIndex(({ state }, i) => i >= looked && state === wanted);
      await waitFor(() => at() >= 0, `${wanted} of ${source}; got ${JSON.stringify(states.slice(-3))}`);
      looked = at() + 1;
      return states[looked - 1] as CameraState;
    },
  };
}

export async function frames(camera: Camera, count: number): Promise<void> {
  const from = camera.stats().frames;
  await waitFor(() => camera.stats().frames >= from + count, `${count} more frames`);
}

/** A Motion-JPEG clip of 20 frames, one second long, which the camera code writes itself. */
export async function clip(): Promise<string> {
  const path = join(await directory(), 'clip.avi');
  const source = 'videotestsrc num-buffers=20 ! video/x-raw,width=160,height=120,framerate=20/1';
  const file = `t. ! queue ! jpegenc ! avimux ! filesink location=${path}`;
  const writer = open(`gst://${source} ! tee name=t ${file} t. ! queue`);
  await writer.until('failed');
  await writer.camera.close();
  expect((await stat(path)).size).toBeGreaterThan(1000);
  return path;
}
