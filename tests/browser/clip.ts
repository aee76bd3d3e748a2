/** Which frame of the demo's clip a picture shows, and what is known of it. */
import { spawnSync } from 'node:child_process';
import sharp from 'sharp';
import { type SceneMask, sceneMasks } from '../../src/demo/scene/masks.js';
import { DEMO_CLIP_PATH, loadTruth, type TruthObject, truthAt } from '../../src/demo/scene/truth.js';

/** Small pictures tell the frames apart: the truck moves by a pixel of these from one to the next. */
const [WIDTH, HEIGHT] = [160, 90];
const SIZE = WIDTH * HEIGHT;

let clip: Buffer | undefined;

/** Every frame of the clip, grey and small, one after the other. */
function clipFrames(): Buffer {
  if (clip) return clip;
  const raw = `video/x-raw,format=GRAY8,width=${WIDTH},height=${HEIGHT}`;
  const pipeline = `filesrc location=${DEMO_CLIP_PATH} ! matroskademux ! vp8dec ! videoconvert ! videoscale ! ${raw} ! fdsink fd=1`;
  const { stdout, stderr, status } = spawnSync('gst-launch-1.0', ['-q', ...pipeline.split(' ')], {
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status !== 0) throw new Error(`gst-launch-1.0: ${stderr}`);
  clip = stdout;
  return stdout;
}

/** What a picture of the demo's camera shows. */
export interface Shown {
  /** By id: boxes and inner points, in pixels of the frame. */
  readonly objects: ReadonlyMap<string, TruthObject>;
  /** The exact mask, row-major; traced when it is asked for, which takes a second. */
  readonly maskOf: (id: string) => Uint8Array;
}

/**
 * Found by the picture alone: the frame of the clip that differs least from it.
 * @param jpeg The whole frame, at any scale.
 */
export async function shownIn(jpeg: Buffer): Promise<Shown> {
  const frames = clipFrames();
  const truth = await loadTruth();
  const seen = await sharp(jpeg).greyscale().resize(WIDTH, HEIGHT, { fit: 'fill' }).raw().toBuffer();
  let [best, least] = [0, Number.POSITIVE_INFINITY];
  for (let frame = 0; frame < frames.length / SIZE; frame++) {
    let difference = 0;
    for (let at = 0; at < SIZE; at++)
      difference += Math.abs((seen[at] ?? 0) - (frames[frame * SIZE + at] ?? 0));
    if (difference < least) [best, least] = [frame, difference];
  }
  const positionMs = (best * 1000) / truth.fps;
  let masks: readonly SceneMask[] | undefined;
  const maskOf = (id: string): Uint8Array => {
    masks ??= sceneMasks(positionMs);
    const found = masks.find((object) => object.id === id);
    if (!found) throw new Error(`no ${id} is seen at ${positionMs} ms`);
    return found.mask;
  };
  return { objects: new Map(truthAt(truth, positionMs).map((object) => [object.id, object])), maskOf };
}

/** Intersection over union of two masks of one size, one byte a pixel, 0 outside. */
export function iou(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [both, either] = [0, 0];
  for (let at = 0; at < a.length; at++) {
    const [inA, inB] = [a[at] !== 0, b[at] !== 0];
    if (inA && inB) both++;
    if (inA || inB) either++;
  }
  return either === 0 ? 0 : both / either;
}
