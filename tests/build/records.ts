import { type EngineIdentity, keyOf, type Part } from '../../src/build/identity.js';
import type { EngineRecord, EnginesRecord, Trial } from '../../src/build/record.js';

export const IDENTITY: EngineIdentity = {
  format: 1,
  part: 'encoder',
  sourceSha256: 'a'.repeat(64),
  graphSha256: 'b'.repeat(64),
  fp32NodesSha256: 'c'.repeat(64),
  tensorrt: '10.3.0',
  gpu: 'Orin',
  computeCapability: '8.7',
  precision: 'fp16',
  shapes: [{ input: 'point_coords', min: [1, 1, 2], opt: [8, 2, 2], max: [64, 10, 2] }],
  dlaCore: -1,
  workspaceBytes: 2 ** 30,
  optimizationLevel: 3,
};

export function engineOf(part: Part, change: Partial<EngineIdentity> = {}): EngineRecord {
  const identity = { ...IDENTITY, part, ...change };
  return {
    identity,
    key: keyOf(identity),
    sizeBytes: 4,
    sha256: '0'.repeat(64),
    buildMs: 1000,
    warnings: [],
  };
}

export function trialOf(change: Partial<Trial> = {}): Trial {
  return {
    encoder: 'fp16',
    decoder: 'mixed',
    passed: true,
    prompts: [{ id: 'mug', iou: 0.998, scoreDelta: 0.001 }],
    encodeMs: 4.2,
    decodeMs: 1.9,
    ...change,
  };
}

export const RECORD: EnginesRecord = {
  format: 1,
  model: 'tiny',
  manifestSha256: '1'.repeat(64),
  builtAt: '2026-01-01T00:00:00.000Z',
  settings: { precision: null, maxPrompts: 64, dlaCore: -1, workspaceBytes: 2 ** 30 },
  contract: {
    encoder: {
      input: 'image',
      size: { width: 512, height: 512 },
      output: 'image_embeddings',
      embedding: [128, 64, 64],
      features: [],
    },
    decoder: {
      inputs: { embeddings: 'image_embeddings', coords: 'point_coords', labels: 'point_labels' },
      outputs: { lowRes: 'low_res_masks', iou: 'iou_predictions' },
      grid: { width: 256, height: 256 },
      candidates: 4,
      batch: 'free',
      maskBatch: 'free',
      points: 'free',
      maxPoints: 10,
      coordsRank: 3,
      labelsType: 'float32',
    },
  },
  encoder: engineOf('encoder'),
  decoder: engineOf('decoder', { precision: 'mixed' }),
  passed: true,
  trials: [trialOf()],
};
