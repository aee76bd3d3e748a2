import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { ModelContract } from '../models/contract.js';
import { PRECISIONS } from '../models/manifest.js';
import { CACHE_FORMAT, identitySchema, keyOf, planFile } from './identity.js';

/** Beside the plans of a model. */
export const RECORD_FILE = 'engines.json';

const size = z.strictObject({ width: z.int(), height: z.int() });

const shape = z.tuple([z.int(), z.int(), z.int()]);

const contractSchema: z.ZodType<ModelContract> = z.strictObject({
  encoder: z.strictObject({
    input: z.string(),
    size: size.nullable(),
    output: z.string(),
    embedding: shape,
    features: z.array(z.strictObject({ name: z.string(), shape })),
  }),
  decoder: z.strictObject({
    inputs: z.strictObject({
      embeddings: z.string(),
      coords: z.string(),
      labels: z.string(),
      maskInput: z.string().exactOptional(),
      hasMaskInput: z.string().exactOptional(),
      origSize: z.string().exactOptional(),
    }),
    outputs: z.strictObject({ lowRes: z.string(), iou: z.string(), full: z.string().exactOptional() }),
    grid: size,
    candidates: z.int(),
    batch: z.union([z.literal('free'), z.literal(1)]),
    maskBatch: z.union([z.literal('free'), z.literal(1)]),
    points: z.union([z.literal('free'), z.int()]),
    maxPoints: z.int(),
    coordsRank: z.union([z.literal(3), z.literal(4)]),
    labelsType: z.enum(['float32', 'int32', 'int64']),
    origSizeType: z.enum(['float32', 'int32', 'int64']).exactOptional(),
  }),
});

export const settingsSchema = z.strictObject({
  /** Of both parts, when it was asked for; null: by the manifest, and lower where the self-test says so. */
  precision: z.enum(PRECISIONS).nullable(),
  /** Prompts in one run of the decoder. */
  maxPrompts: z.int().min(1).max(64),
  /** -1: none. */
  dlaCore: z.int().min(-1),
  workspaceBytes: z.int().positive(),
});
export type EngineSettings = Readonly<z.infer<typeof settingsSchema>>;

export const trialSchema = z.strictObject({
  encoder: z.enum(PRECISIONS),
  decoder: z.enum(PRECISIONS),
  passed: z.boolean(),
  /** Why there is nothing to compare: an engine could not be built, or the test did not come to its end. */
  problem: z.string().exactOptional(),
  /** Each prompt's IoU with the onnx backend's mask, and how far the predicted IoU is off. */
  prompts: z.array(z.strictObject({ id: z.string(), iou: z.number(), scoreDelta: z.number() })).readonly(),
  /** Medians of some runs of the first picture; null where there were none. */
  encodeMs: z.number().nullable(),
  decodeMs: z.number().nullable(),
});
export type Trial = Readonly<z.infer<typeof trialSchema>>;

const engineSchema = z.strictObject({
  identity: identitySchema,
  key: z.string(),
  sizeBytes: z.int().positive(),
  sha256: z.string(),
  buildMs: z.number(),
  warnings: z.array(z.string()).readonly(),
});
export type EngineRecord = Readonly<z.infer<typeof engineSchema>>;

const recordSchema = z.strictObject({
  format: z.literal(CACHE_FORMAT),
  model: z.string(),
  /** Of what the manifest says about networks, pictures, prompts and masks. */
  manifestSha256: z.string(),
  builtAt: z.string(),
  settings: settingsSchema,
  contract: contractSchema,
  /** The engines that passed; the ones tried first where none did, whose plans are not kept. */
  encoder: engineSchema,
  decoder: engineSchema,
  passed: z.boolean(),
  trials: z.array(trialSchema).min(1).readonly(),
});

/** What is known of a model's engines: how they were built, from what, and what the self-test said. */
export type EnginesRecord = Readonly<z.infer<typeof recordSchema>>;

/** The record in a model's cache folder: `absent`, or `unusable` where it is torn or of another version. */
export async function readRecord(folder: string): Promise<EnginesRecord | 'absent' | 'unusable'> {
  let text: string;
  try {
    text = await readFile(join(folder, RECORD_FILE), 'utf8');
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'absent' : 'unusable';
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return 'unusable';
  }
  const { success, data } = recordSchema.safeParse(json);
  if (!success) return 'unusable';
  const whole = [data.encoder, data.decoder].every(({ identity, key }) => keyOf(identity) === key);
  return whole ? data : 'unusable';
}

/** Whole or not at all: written beside, synced, renamed. */
export async function writeRecord(folder: string, workFolder: string, record: EnginesRecord): Promise<void> {
  const path = join(workFolder, RECORD_FILE);
  const file = await open(path, 'w');
  try {
    await file.writeFile(`${JSON.stringify(record, null, 1)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(path, join(folder, RECORD_FILE));
  await syncFolder(folder);
}

/** So that a rename outlives a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export function planPath(folder: string, { identity }: EngineRecord): string {
  return join(folder, planFile(identity));
}
