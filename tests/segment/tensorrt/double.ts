import { pino } from 'pino';
import type { ModelContract } from '../../../src/models/contract.js';
import { type Manifest, parseTwoGraphManifest } from '../../../src/models/manifest.js';
import type {
  NativeAddon,
  NativeMaskSpec,
  NativeMaskTask,
  NativePromptGroup,
  NativeTensorrt,
  NativeTensorrtAnswer,
  NativeTensorrtMask,
  NativeTensorrtModel,
  NativeTensorrtOptions,
} from '../../../src/native/types.js';
import type { Segmenter } from '../../../src/segment/segmenter.js';
import type { BuiltEngines } from '../../../src/segment/tensorrt/engines.js';
import { createTensorrtSegmenter } from '../../../src/segment/tensorrt/segmenter.js';

/** One call of the addon's segment(), which the test settles. */
export interface Call {
  readonly frameId: number;
  readonly mask: NativeMaskSpec;
  readonly groups: readonly NativePromptGroup[];
  readonly resolve: (answer: NativeTensorrtAnswer) => void;
  readonly reject: (error: Error) => void;
}

export interface AddonDouble extends Pick<NativeAddon, 'openTensorrt' | 'rleToLogits' | 'exitNow'> {
  /** Exit codes by which the process was to end at once. */
  readonly ended: number[];
  readonly opened: { readonly model: NativeTensorrtModel; readonly options: NativeTensorrtOptions }[];
  readonly calls: Call[];
  closed: number;
}

/** The addon at its edge: engines that answer when the test says so, and mask prompts whose counts are a level. */
export function addonDouble(opening?: Promise<void>): AddonDouble {
  const double: AddonDouble = {
    opened: [],
    calls: [],
    ended: [],
    closed: 0,
    exitNow: (code) => void double.ended.push(code),
    async openTensorrt(model, options) {
      double.opened.push({ model, options });
      await opening;
      const native: NativeTensorrt = {
        segment: (frameId, mask, groups) =>
          new Promise((resolve, reject) => double.calls.push({ frameId, mask, groups, resolve, reject })),
        stats: () => ({ deviceBytes: 0, graphs: 0, plainEnqueues: 0, allocations: 0 }),
        memory: async () => ({ freeBytes: 0, totalBytes: 0 }),
        close: async () => {
          double.closed += 1;
        },
      };
      return native;
    },
    rleToLogits(counts, _spec, magnitude, out) {
      out.fill(Number(counts) * magnitude);
    },
  };
  return double;
}

/** The mask that the double answers a task with: its score tells group, row and plane. */
export function maskOf(group: number, { row, plane }: NativeMaskTask): NativeTensorrtMask {
  return {
    plane: Math.max(0, plane),
    score: group + row / 10 + Math.max(0, plane) / 100,
    mask: { counts: `g${group}r${row}p${plane}`, area: 7, box: [1, 2, 3, 4], stability: 0.123456 },
    lowres: { size: [3, 4], counts: 'low', scale: [2, 2] },
  };
}

export function answerOf({ groups }: Call): NativeTensorrtAnswer {
  return {
    masks: groups.map(({ tasks }, g) => tasks.map((task) => maskOf(g, task))),
    prepareMs: 1,
    encodeMs: 2,
    decodeMs: 3,
    maskMs: 4,
    embeddingReused: true,
  };
}

const GRID = { width: 4, height: 3 };

export function contractOf(changes: Partial<ModelContract['decoder']> = {}): ModelContract {
  return {
    encoder: {
      input: 'image',
      size: { width: 64, height: 64 },
      output: 'embedding',
      embedding: [8, 4, 4],
      features: [],
    },
    decoder: {
      inputs: {
        embeddings: 'image_embeddings',
        coords: 'point_coords',
        labels: 'point_labels',
        maskInput: 'mask_input',
        hasMaskInput: 'has_mask_input',
      },
      outputs: { lowRes: 'low_res_masks', iou: 'iou_predictions' },
      grid: GRID,
      candidates: 4,
      batch: 'free',
      maskBatch: 'free',
      points: 'free',
      maxPoints: 4,
      coordsRank: 3,
      labelsType: 'float32',
      ...changes,
    },
  };
}

export function manifestOf(mask: Partial<Manifest['mask']> = {}): Manifest {
  const network = { sha256: '0'.repeat(64), precision: 'fp32' };
  return parseTwoGraphManifest(
    {
      version: 1,
      name: 'double',
      family: 'sam',
      licence: 'Apache-2.0',
      source: 'made by the tests',
      encoder: { file: 'encoder.onnx', ...network },
      decoder: { file: 'decoder.onnx', ...network },
      image: {
        size: [64, 64],
        fit: 'letterbox',
        rounding: 'round',
        filter: 'bilinear',
        channels: 'rgb',
        scale: 1,
        mean: [0, 0, 0],
        std: [1, 1, 1],
        pad: 'after-normalise',
      },
      prompt: {
        frame: 'letterbox-64',
        offset: 0,
        order: 'points-first',
        paddingPoint: 'never',
        maxPoints: 4,
      },
      mask: {
        resize: 'direct',
        threshold: 0,
        thresholdInclusive: false,
        single: 'best-score',
        multi: [1, 2, 3],
        ...mask,
      },
    },
    'manifest.json',
  );
}

export interface Setup {
  readonly addon: AddonDouble;
  readonly segmenter: Segmenter;
  /** Answers the oldest call that waits, and lets what waits for it run. */
  readonly answer: (error?: Error) => Promise<Call>;
}

export async function setup({
  mask,
  decoder,
  features = [],
  maxPrompts = 8,
}: {
  readonly mask?: Partial<Manifest['mask']>;
  readonly decoder?: Partial<ModelContract['decoder']>;
  readonly features?: ModelContract['encoder']['features'];
  readonly maxPrompts?: number;
} = {}): Promise<Setup> {
  const addon = addonDouble();
  const contract = contractOf(decoder);
  const encoder = { ...contract.encoder, features };
  const engines: BuiltEngines = { ...ENGINES, contract: { ...contract, encoder }, maxPrompts };
  const segmenter = await createTensorrtSegmenter({
    manifest: manifestOf(mask),
    engines,
    addon,
    log: pino({ level: 'silent' }),
  });
  let next = 0;
  const answer = async (error?: Error): Promise<Call> => {
    const call = addon.calls[next++];
    if (!call) throw new Error('nothing is being segmented');
    if (error) call.reject(error);
    else call.resolve(answerOf(call));
    await new Promise((resolve) => setImmediate(resolve));
    return call;
  };
  return { addon, segmenter, answer };
}

export const ENGINES: BuiltEngines = {
  encoderPlan: '/cache/encoder.plan',
  decoderPlan: '/cache/decoder.plan',
  contract: contractOf(),
  device: 1,
  dlaCore: 0,
  maxPrompts: 8,
  precision: { encoder: 'fp16', decoder: 'mixed' },
};
