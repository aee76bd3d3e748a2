import { createHash } from 'node:crypto';
import { z } from 'zod';
import { PRECISIONS } from '../models/manifest.js';

/** Of what is kept in the cache. A change of what engines are built from, that nothing below shows, raises it. */
export const CACHE_FORMAT = 1;

export const PARTS = ['encoder', 'decoder'] as const;
export type Part = (typeof PARTS)[number];

export type Precision = (typeof PRECISIONS)[number];

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const shape = z.array(z.int().positive());

/** All that decides what an engine is: two engines of one identity are the same, any difference makes it stale. */
export const identitySchema = z.strictObject({
  format: z.literal(CACHE_FORMAT),
  part: z.enum(PARTS),
  /** Of the file that the model's authors gave, and of the graph made from it that TensorRT is handed. */
  sourceSha256: sha256,
  graphSha256: sha256,
  /** Of the names of the nodes that stay in FP32, one a line (TensorRT 8). */
  fp32NodesSha256: sha256,
  tensorrt: z.string().min(1),
  gpu: z.string().min(1),
  computeCapability: z.string().min(1),
  precision: z.enum(PRECISIONS),
  /** The optimisation profile. */
  shapes: z.array(z.strictObject({ input: z.string(), min: shape, opt: shape, max: shape })),
  dlaCore: z.int(),
  workspaceBytes: z.int().positive(),
  optimizationLevel: z.int(),
});

export type EngineIdentity = z.infer<typeof identitySchema>;

/** 64 hexadecimal digits that stand for an identity. */
export function keyOf(identity: EngineIdentity): string {
  const ordered = Object.entries(identity).sort(([a], [b]) => (a < b ? -1 : 1));
  return sha256Of(JSON.stringify(ordered));
}

/** Enough of the key that plans of one model do not meet; the record holds the whole of it. */
const KEY_DIGITS = 12;

export function planFile({ part, precision, ...rest }: EngineIdentity): string {
  return `${part}-${precision}-${keyOf({ part, precision, ...rest }).slice(0, KEY_DIGITS)}.plan`;
}

/** The ingredients in which two identities differ, for the log. */
export function differences(a: EngineIdentity, b: EngineIdentity): string[] {
  const names = Object.keys(a) as (keyof EngineIdentity)[];
  return names.filter((name) => JSON.stringify(a[name]) !== JSON.stringify(b[name]));
}

export function sha256Of(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}
