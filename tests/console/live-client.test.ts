import { describe, expect, it } from 'vitest';
import { parseFrame } from '../../console/src/live/frame.js';
import { heard, INITIAL_STATE, MAX_ERRORS, MAX_HISTORY } from '../../console/src/live/state.js';
import { createWatches } from '../../console/src/live/watches.js';
import type { Status, Watch } from '../../src/http/live/protocol.js';

/** As protocol.ts says. */
function packet(header: unknown, jpeg: Uint8Array): ArrayBuffer {
  const text = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(4 + text.length + jpeg.length);
  new DataView(bytes.buffer).setUint32(0, text.length, true);
  bytes.set(text, 4);
  bytes.set(jpeg, 4 + text.length);
  return bytes.buffer;
}

describe('a frame that comes', () => {
  const header = { camera: 'köln', seq: 1, timestamp: 2, width: 3, height: 4 };

  it('is its header and its JPEG', async () => {
    const frame = parseFrame(packet(header, new Uint8Array([9, 8, 7])));
    expect(frame?.header).toEqual(header);
    expect(frame?.jpeg.type).toBe('image/jpeg');
    expect(new Uint8Array((await frame?.jpeg.arrayBuffer()) ?? new ArrayBuffer(0))).toEqual(
      new Uint8Array([9, 8, 7]),
    );
  });

  it('is none where it is cut off or no JSON', () => {
    expect(parseFrame(new ArrayBuffer(3))).toBeNull();
    expect(parseFrame(packet(header, new Uint8Array()).slice(0, 20))).toBeNull();
    expect(parseFrame(new Uint8Array([2, 0, 0, 0, 123, 123]).buffer)).toBeNull();
  });
});

describe('the cameras that the page looks at', () => {
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  it('are told once for all changes of a moment, with the largest wishes for each', async () => {
    const told: Watch['cameras'][] = [];
    const watches = createWatches((cameras) => told.push(cameras));
    watches.add('a', { maxWidth: 160, maxFps: 2 });
    const stop = watches.add('a', { maxWidth: 999.6, maxFps: 15 });
    watches.add('b', { maxWidth: 160, maxFps: 2 });
    await turn();
    stop();
    await turn();
    // Nothing else than before.
    watches.add('a', { maxWidth: 160, maxFps: 2 })();
    await turn();
    expect(told).toEqual([
      [
        { name: 'a', maxWidth: 1000, maxFps: 15 },
        { name: 'b', maxWidth: 160, maxFps: 2 },
      ],
      [
        { name: 'a', maxWidth: 160, maxFps: 2 },
        { name: 'b', maxWidth: 160, maxFps: 2 },
      ],
    ]);
    watches.tell();
    expect(told).toHaveLength(3);
  });
});

describe('a page that nobody sees', () => {
  it('asks for no pictures, and for the same as before when it is seen again', () => {
    const told: Watch['cameras'][] = [];
    let inSight = true;
    const watches = createWatches(
      (cameras) => told.push(cameras),
      () => inSight,
    );
    watches.add('a', { maxWidth: 160, maxFps: 2 });
    for (inSight of [true, false, true]) watches.tell();
    expect(told).toEqual([
      [expect.objectContaining({ name: 'a' })],
      [],
      [expect.objectContaining({ name: 'a' })],
    ]);
  });
});

describe('what the page knows of the node', () => {
  it('is bounded', () => {
    let state = INITIAL_STATE;
    for (let at = 0; at < 500; at++) {
      state = heard(state, { type: 'status', at } as Status);
      const error = {
        number: at,
        firstAt: at,
        lastAt: at,
        count: 1,
        source: 'camera',
        message: 'x',
      } as const;
      state = heard(state, { type: 'error', error });
    }
    expect(state.history).toHaveLength(MAX_HISTORY);
    expect(state.status?.at).toBe(499);
    expect(state.errors).toHaveLength(MAX_ERRORS);
    expect(state.errors[0]?.number).toBe(499);
  });

  it('has an error that comes again once', () => {
    const error = { number: 1, firstAt: 1, lastAt: 1, count: 1, source: 'camera', message: 'x' } as const;
    const once = heard(INITIAL_STATE, { type: 'error', error });
    const twice = heard(once, { type: 'error', error: { ...error, count: 2, lastAt: 9 } });
    expect(twice.errors).toEqual([{ ...error, count: 2, lastAt: 9 }]);
  });
});
