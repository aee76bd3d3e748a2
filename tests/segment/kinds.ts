import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, expect } from 'vitest';
import { readModelDirectory } from '../../src/models/directory.js';
import { loadAddon } from '../../src/native/addon.js';
import type { NativeFrameInfo } from '../../src/native/types.js';
import { createSegmenter } from '../../src/segment/create.js';
import type { Candidate, PromptResult, Segmenter, SegmentPrompt } from '../../src/segment/segmenter.js';
import { decodeRle } from './coco-rle.js';
import { maskIou } from './expected.js';
import type { Picture } from './picture.js';

/** What the tests of each kind of network need: directories, segmenters and frames that go away with the file. */
const root = mkdtempSync(join(tmpdir(), 'samwire-kinds-'));
const addon = loadAddon();
const open: Segmenter[] = [];
const frames: number[] = [];
afterAll(async () => {
  for (const segmenter of open) await segmenter.close();
  for (const id of frames) addon.releaseFrame(id);
  rmSync(root, { recursive: true, force: true });
});

export function directory(name: string): string {
  return join(root, name);
}

export async function load(dir: string): Promise<Segmenter> {
  const model = await readModelDirectory(dir);
  const segmenter = await createSegmenter({ model, threads: 1, log: pino({ level: 'silent' }) });
  open.push(segmenter);
  return segmenter;
}

export function frameOf({ rgb, width, height }: Picture): NativeFrameInfo {
  const frame = addon.createFrame({ format: 'RGB', width, height, data: rgb, timestamp: 1, seq: 0 });
  frames.push(frame.id);
  return frame;
}

export function prompt(changes: Partial<SegmentPrompt>): SegmentPrompt {
  return { id: 'p', points: [], multimask: false, ...changes };
}

export function candidatesOf(result: PromptResult | undefined): readonly Candidate[] {
  if (!result || 'error' in result) throw new Error(`expected masks, got ${JSON.stringify(result)}`);
  return result.candidates;
}

/** @throws Error where the prompt did not fail. */
export function errorOf(result: PromptResult | undefined): {
  readonly code: string;
  readonly message: string;
} {
  if (!result || !('error' in result)) throw new Error('expected an error, got masks');
  return result.error;
}

/** The mask's pixels, its facts held against them. */
export function pixelsOf({ rle, area, box }: Candidate): Uint8Array {
  const [height, width] = rle.size;
  const mask = decodeRle(rle);
  const inside = [...mask.keys()].filter((i) => mask[i]);
  expect(area).toBe(inside.length);
  if (inside.length === 0) expect(box).toBeNull();
  else {
    let [x1, y1, x2, y2] = [width, height, 0, 0];
    for (const i of inside) {
      const [x, y] = [i % width, Math.floor(i / width)];
      [x1, y1, x2, y2] = [Math.min(x1, x), Math.min(y1, y), Math.max(x2, x + 1), Math.max(y2, y + 1)];
    }
    expect(box).toEqual([x1, y1, x2, y2]);
  }
  expect(mask.length).toBe(width * height);
  return mask;
}

export function expectMask(got: Candidate, expected: ArrayLike<number>, name: string, least = 0.999): void {
  expect(maskIou(pixelsOf(got), expected), name).toBeGreaterThanOrEqual(least);
}
