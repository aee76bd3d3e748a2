import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { semanticDecoder, semanticEncoder } from './semantic.js';
import type { Family, SemanticModel } from './semantics.js';

/** SAM 2 keeps logits for refining within ±32; the semantic ones are smaller, so that its clamp shows at this. */
export const REFINE_CLAMP = 1.5;

/** What a test may want to change in a manifest's blocks. */
export interface ManifestChanges {
  readonly image?: Record<string, unknown>;
  readonly prompt?: Record<string, unknown>;
  readonly mask?: Record<string, unknown>;
}

export interface ModelFiles {
  readonly dir: string;
  readonly name: string;
  /** Default: `sam`. */
  readonly family?: string;
  readonly encoder: Uint8Array;
  readonly decoder: Uint8Array;
  readonly image: Record<string, unknown>;
  readonly prompt: Record<string, unknown>;
  readonly mask: Record<string, unknown>;
}

/** Writes `<dir>/encoder.onnx`, `<dir>/decoder.onnx` and the manifest that fits them; returns the manifest. */
export function writeModelDirectory({
  dir,
  name,
  family = 'sam',
  encoder,
  decoder,
  ...blocks
}: ModelFiles): Record<string, unknown> {
  mkdirSync(dir, { recursive: true });
  const network = (file: string, bytes: Uint8Array): Record<string, string> => {
    writeFileSync(join(dir, file), bytes);
    return { file, sha256: createHash('sha256').update(bytes).digest('hex'), precision: 'fp32' };
  };
  const manifest = {
    version: 1,
    name,
    family,
    licence: 'Apache-2.0',
    source: 'made by the tests',
    encoder: network('encoder.onnx', encoder),
    decoder: network('decoder.onnx', decoder),
    ...blocks,
  };
  writeFileSync(join(dir, 'manifest.json'), JSON.stringify(manifest, null, 2));
  return manifest;
}

/** A semantic model as a directory that Samwire loads, with the family's own preprocessing. */
export function writeSemanticModel(
  dir: string,
  model: SemanticModel,
  changes: ManifestChanges = {},
  name = `${model.family}-semantic`,
): Record<string, unknown> {
  const { image, prompt, mask } = familyManifest(model);
  return writeModelDirectory({
    dir,
    name,
    family: model.family === 'sam2' ? 'sam2' : 'sam',
    encoder: semanticEncoder(model),
    decoder: semanticDecoder(model),
    image: { ...image, ...changes.image },
    prompt: { ...prompt, ...changes.prompt },
    mask: { ...mask, ...changes.mask },
  });
}

/** The manifest blocks of an encoder of `size` that takes NanoSAM's preprocessing; also for nanosam-shaped graphs. */
export function nanosamManifest(size: number): Pick<ModelFiles, 'image' | 'prompt' | 'mask'> {
  return familyManifest({ family: 'nanosam', size, promptFrame: size, batch: 'free' });
}

function familyManifest({
  family,
  size,
  promptFrame,
}: SemanticModel): Pick<ModelFiles, 'image' | 'prompt' | 'mask'> {
  const image = {
    size: [size, size],
    fit: 'letterbox',
    rounding: 'round',
    filter: 'bilinear-antialias',
    channels: 'rgb',
    scale: 1,
    mean: [123.675, 116.28, 103.53],
    std: [58.395, 57.12, 57.375],
    pad: 'after-normalise',
  };
  const prompt = {
    frame: `${family === 'sam2' ? 'stretch' : 'letterbox'}-${promptFrame}`,
    offset: 0,
    order: 'points-first',
    paddingPoint: 'no-box',
    maxPoints: 10,
  };
  const mask = { resize: 'via-input', threshold: 0, thresholdInclusive: false, single: 0, multi: [1, 2, 3] };
  const changes: Record<Family, ManifestChanges> = {
    nanosam: {
      image: { rounding: 'floor', filter: 'bicubic-antialias' },
      prompt: { paddingPoint: 'never' },
      mask: { resize: 'direct', single: 'best-score' },
    },
    sam: { mask: { single: 'official' } },
    edgesam: {},
    'efficientvit-sam': {
      image: { scale: 1 / 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
    },
    efficientsam: {
      image: { fit: 'native', filter: 'bilinear', scale: 1 / 255, mean: [0, 0, 0], std: [1, 1, 1] },
      prompt: { frame: 'source', order: 'corners-first', paddingPoint: 'never', maxPoints: 6 },
      mask: { resize: 'direct', thresholdInclusive: true, single: 'best-score', multi: [0, 1, 2] },
    },
    tinysam: { mask: { single: 'best-multi' } },
    sam2: {
      image: {
        fit: 'stretch',
        filter: 'bilinear-antialias-float',
        scale: 1 / 255,
        mean: [0.485, 0.456, 0.406],
        std: [0.229, 0.224, 0.225],
      },
      prompt: { order: 'corners-first', paddingPoint: 'always' },
      mask: {
        resize: 'direct',
        single: 'stable',
        stability: { delta: 0.05, threshold: 0.98 },
        refineClamp: REFINE_CLAMP,
      },
    },
  };
  const change = changes[family];
  return {
    image: { ...image, ...change.image },
    prompt: { ...prompt, ...change.prompt },
    mask: { ...mask, ...change.mask },
  };
}
