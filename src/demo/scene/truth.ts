import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

/** The committed clip and its truth; the same relative place from src/ and from dist/. */
export const DEMO_CLIP_PATH = fileURLToPath(new URL('../../../assets/demo/scene.webm', import.meta.url));
export const DEMO_TRUTH_PATH = fileURLToPath(new URL('../../../assets/demo/truth.json', import.meta.url));

/** One object in one frame, as `columns` names it; null where it is not seen. */
export const TRUTH_COLUMNS = ['x1', 'y1', 'x2', 'y2', 'pointX', 'pointY', 'area', 'occlusion'] as const;

const row = z.tuple([
  z.number(),
  z.number(),
  z.number(),
  z.number(),
  z.number(),
  z.number(),
  z.number().positive(),
  z.number().min(0).max(1),
]);

const truthSchema = z
  .object({
    version: z.literal(1),
    clip: z.string(),
    width: z.int().positive(),
    height: z.int().positive(),
    fps: z.number().positive(),
    durationMs: z.number().positive(),
    objects: z.array(z.object({ id: z.string(), label: z.string() })).min(1),
    columns: z.tuple([
      z.literal('x1'),
      z.literal('y1'),
      z.literal('x2'),
      z.literal('y2'),
      z.literal('pointX'),
      z.literal('pointY'),
      z.literal('area'),
      z.literal('occlusion'),
    ]),
    /** By frame, then by object in the order of `objects`. */
    frames: z.array(z.array(row.nullable())).min(1),
  })
  .refine((truth) => truth.frames.every((frame) => frame.length === truth.objects.length), {
    message: 'Every frame needs one entry for each object',
  });

export type Truth = z.infer<typeof truthSchema>;

/** What is known of one object at one time, in pixels of the clip. */
export interface TruthObject {
  readonly id: string;
  readonly label: string;
  /** Tight round its visible pixels: [x1, y1, exclusive x2, y2]. */
  readonly box: readonly [number, number, number, number];
  /** The pixel deepest inside its visible part. */
  readonly point: readonly [x: number, y: number];
  /** Visible pixels. */
  readonly area: number;
  /** Share of its silhouette that others hide, 0..1. */
  readonly occlusion: number;
}

export function parseTruth(json: unknown): Truth {
  return truthSchema.parse(json);
}

export async function loadTruth(path: string = DEMO_TRUTH_PATH): Promise<Truth> {
  return parseTruth(JSON.parse(await readFile(path, 'utf8')));
}

/**
 * The objects seen in the frame whose place in the clip is `positionMs` (a frame's `positionMs`, or any time on:
 * the clip loops).
 */
export function truthAt(truth: Truth, positionMs: number): TruthObject[] {
  const count = truth.frames.length;
  const index = ((Math.round((positionMs / 1000) * truth.fps) % count) + count) % count;
  return truth.objects.flatMap(({ id, label }, k) => {
    const values = truth.frames[index]?.[k];
    if (!values) return [];
    const [x1, y1, x2, y2, pointX, pointY, area, occlusion] = values;
    return [{ id, label, box: [x1, y1, x2, y2], point: [pointX, pointY], area, occlusion }];
  });
}
