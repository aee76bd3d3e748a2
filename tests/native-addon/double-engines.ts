/** A small model for the addon on the doubles, as data: what its engines are built from, how they are opened and asked. */
import { join } from 'node:path';
import { profileOf } from '../../src/build/profile.js';
import { checkGraph } from '../../src/models/check-graph.js';
import { readTwoGraphDirectory } from '../../src/models/directory.js';
import { maskSpec } from '../../src/models/geometry.js';
import { readGraph } from '../../src/models/read-graph.js';
import type { NativeBuildRequest } from '../../src/native/build-types.js';
import type {
  NativeMaskSpec,
  NativePromptGroup,
  NativeTensorrtModel,
  NativeTensorrtOptions,
} from '../../src/native/types.js';
import { nativeModel } from '../../src/segment/tensorrt/native-model.js';
import { writeSemanticModel } from '../graphs/model-dir.js';
import { semanticModel } from '../graphs/semantics.js';

const MAX_PROMPTS = 2;
const FRAME = { width: 48, height: 32 };

/** Two prompts of a point each. */
const GROUP: Omit<NativePromptGroup, 'coords' | 'labels'> = {
  rows: 2,
  points: 1,
  tasks: [
    { row: 0, plane: -1, keep: -1 },
    { row: 1, plane: 2, keep: 3 },
  ],
};

export interface DoubleEngines {
  /** `buildEngine` writes the plans of these two to `DIR/encoder.plan` and `DIR/decoder.plan`. */
  readonly requests: readonly [NativeBuildRequest, NativeBuildRequest];
  readonly model: NativeTensorrtModel;
  readonly options: NativeTensorrtOptions;
  readonly mask: NativeMaskSpec;
  /** Of `frame`'s size; `coords` and `labels` are missing, which JSON can't carry. */
  readonly group: typeof GROUP;
  readonly frame: typeof FRAME;
}

/** Writes the model's ONNX files to `dir`; nothing is built yet. */
export async function doubleEngines(dir: string): Promise<DoubleEngines> {
  writeSemanticModel(dir, semanticModel('nanosam', { size: 64 }));
  const model = await readTwoGraphDirectory(dir);
  const graphs = { encoder: await readGraph(model.encoderPath), decoder: await readGraph(model.decoderPath) };
  const contract = checkGraph(model.manifest, graphs.encoder, graphs.decoder);
  const device = 0;
  const request = (part: 'encoder' | 'decoder'): NativeBuildRequest => ({
    onnxPath: join(dir, `${part}.onnx`),
    planPath: join(dir, `${part}.plan`),
    timingCachePath: '',
    precision: 'fp32',
    fp32Nodes: [],
    shapes: profileOf(part, graphs[part], contract, MAX_PROMPTS),
    workspaceBytes: 2 ** 28,
    optimizationLevel: 3,
    dlaCore: -1,
    device,
  });
  const plans = { encoderPlan: join(dir, 'encoder.plan'), decoderPlan: join(dir, 'decoder.plan') };
  return {
    requests: [request('encoder'), request('decoder')],
    model: nativeModel(model.manifest, {
      ...plans,
      contract,
      device,
      dlaCore: -1,
      maxPrompts: MAX_PROMPTS,
      precision: { encoder: 'fp32', decoder: 'fp32' },
    }),
    options: {
      ...plans,
      device,
      dlaCore: -1,
      embeddingsKept: 2,
      logitsKept: 4,
      requestsAtOnce: 2,
      frameWidth: FRAME.width,
      frameHeight: FRAME.height,
    },
    mask: maskSpec(model.manifest, contract.decoder, FRAME),
    group: GROUP,
    frame: FRAME,
  };
}

/** Lines of script that have `addon`: `model`, `options`, `mask`, and how to make a `group`, a `newFrame` and an `outcome`. */
export const asking = ({ model, options, mask, group, frame }: DoubleEngines): string => `
  const model = ${JSON.stringify(model)};
  const options = ${JSON.stringify(options)};
  const mask = ${JSON.stringify(mask)};
  const group = (changes) => ({
    ...${JSON.stringify(group)},
    coords: Float32Array.of(10, 10, 30, 20), labels: Float32Array.of(1, 1), ...changes,
  });
  const newFrame = () => addon.createFrame({
    format: 'GRAY8', width: ${frame.width}, height: ${frame.height},
    data: Uint8Array.from({ length: ${frame.width * frame.height} }, (_, i) => (i * 7) % 256),
    timestamp: 0, seq: 0,
  }).id;
  const outcome = (promise) => promise.then(() => 'answered', (error) => error.code ?? error.name);
`;
