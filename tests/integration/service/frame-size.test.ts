import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { semanticModel } from '../../graphs/semantics.js';
import { decodeRle } from '../../segment/coco-rle.js';
import { expectedMasks, maskIou, type TestPrompt } from '../../segment/expected.js';
import { encode, type Picture, testPicture } from '../../segment/picture.js';
import { brokerMissing } from '../broker.js';
import { broker, client, closeAll } from '../mqtt/harness.js';
import {
  answerTo,
  ask,
  BASE,
  configOf,
  directory,
  itemOf,
  type Masks,
  ready,
  run,
  semanticConfig,
  send,
} from './harness.js';

const SMALL = testPicture(160, 120);
const LARGE = testPicture(320, 240);
const FPS = 10;
const EACH = 3;

/** A camera whose size changes in mid-stream every `EACH` frames, for ever. */
async function resizingCamera(): Promise<{ source: string; historyMs: number }> {
  const dir = await directory();
  const pictures = [...Array(EACH).fill(SMALL), ...Array(EACH).fill(LARGE)] as readonly Picture[];
  await Promise.all(
    pictures.map(async (picture, i) => writeFile(join(dir, `${i}.png`), await encode(picture))),
  );
  const files = `multifilesrc location=${dir}/%d.png loop=true start-index=0 stop-index=${pictures.length - 1}`;
  return {
    source: `gst://${files} caps="image/png,framerate=${FPS}/1" ! pngdec ! identity sync=true ! videoconvert ! video/x-raw,format=RGB`,
    historyMs: 2000,
  };
}

const model = semanticModel('sam');
const relative = { normalized: true, prompts: [{ id: 'box', box: [0.125, 0.125, 0.6875, 0.8333] }] };

function pictureOf({ frame }: Masks): Picture {
  const picture = [SMALL, LARGE].find(({ width }) => width === frame.width);
  if (picture?.height !== frame.height)
    throw new Error(`Expected one of two sizes, got ${frame.width}x${frame.height}`);
  return picture;
}

/** By size and box: the reference takes its time. */
const references = new Map<string, Uint8Array>();

/** That the mask is the one of the very picture that the answer names. */
function expectRight(answer: Masks, box: NonNullable<TestPrompt['box']>): void {
  const picture = pictureOf(answer);
  const { rle } = itemOf(answer, 'box');
  expect(rle?.size).toEqual([picture.height, picture.width]);
  const key = `${picture.width} ${box}`;
  const expected =
    references.get(key) ?? expectedMasks(model, picture, { id: 'box', box })[0]?.mask ?? new Uint8Array();
  references.set(key, expected);
  expect(maskIou(decodeRle(rle ?? { size: [1, 1], counts: '1' }), expected)).toBeGreaterThan(0.999);
}

describe.skipIf(brokerMissing() !== null)('a camera whose size changes in mid-stream', () => {
  afterEach(closeAll);

  it('gives masks of the very frame that was segmented, and tells its size at most once a second', async () => {
    const { url } = await broker();
    const watcher = await client(url);
    await run(
      configOf(url, { cameras: { front: await resizingCamera() }, model: await semanticConfig(model) }),
    );
    await ready(watcher, 'front');
    const beganMs = performance.now();
    const answers: Masks[] = [];
    for (let i = 0; i < 16; i++) {
      const answer = await ask(watcher, 'front', relative);
      const { width, height } = answer.frame;
      expectRight(answer, [0.125 * width, 0.125 * height, 0.6875 * width, 0.8333 * height]);
      answers.push(answer);
    }
    expect(new Set(answers.map(({ frame }) => frame.width)).size).toBe(2);

    // A prompt in pixels of a frame that it names, after the camera has another size.
    const large = answers.findLast(({ frame }) => frame.width === LARGE.width) as Masks;
    const box = [40, 30, 220, 200] as const;
    const named = { frame: { seq: large.frame.seq }, prompts: [{ id: 'box', box }] };
    const answer = await answerTo(watcher, await send(watcher, 'front', named));
    if (!('masks' in answer)) throw new Error(`Expected masks, got ${answer.code}: ${answer.message}`);
    expect(answer.frame).toMatchObject({ seq: large.frame.seq, width: LARGE.width });
    expectRight(answer, box);

    const seconds = (performance.now() - beganMs) / 1000;
    const states = watcher.received.filter(({ topic }) => topic === `${BASE}/front/state`);
    expect(states.every(({ json }) => json.state === 'connecting' || json.state === 'streaming')).toBe(true);
    expect(states.length).toBeLessThan(8 + 1.5 * seconds);
  });
});
