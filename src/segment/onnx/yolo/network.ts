import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { SamwireError } from '../../../errors.js';
import type { YoloContract } from '../../../models/check-yolo.js';
import { imageSpec } from '../../../models/geometry.js';
import type { ImageBlock } from '../../../models/manifest.js';
import type { NativeAddon } from '../../../native/types.js';
import type { SegmentRequest } from '../../segmenter.js';
import { runGraph } from '../model.js';
import { Picture } from '../picture.js';
import type { YoloOutput } from './boxes.js';

export interface YoloNetworkParts {
  readonly session: InferenceSession;
  readonly contract: YoloContract;
  readonly image: ImageBlock;
  readonly addon: Pick<NativeAddon, 'place' | 'prepareImage'>;
}

/** A grid of prototypes, [coefficients, height, width]. */
export interface Prototypes {
  readonly data: Float32Array;
  readonly width: number;
  readonly height: number;
}

export interface YoloRun {
  readonly output: YoloOutput;
  /** Of a network that segments. */
  readonly prototypes?: Prototypes;
  readonly prepareMs: number;
  readonly networkMs: number;
}

/** A YOLOv8 in onnxruntime: a frame's candidates, and prototypes where it has them. */
export class YoloNetwork {
  readonly #parts: YoloNetworkParts;
  readonly #picture: Picture;

  constructor(parts: YoloNetworkParts) {
    this.#parts = parts;
    this.#picture = new Picture(imageSpec(parts), parts.addon);
  }

  /** @throws SamwireError `model_failed`. */
  async run(frame: SegmentRequest['frame']): Promise<YoloRun> {
    const { session, contract } = this.#parts;
    const startedAt = performance.now();
    const picture = this.#picture.of(frame);
    const preparedAt = performance.now();
    const { candidates, classes, coefficients, prototypes } = contract;
    const wanted = [candidates, ...(prototypes === undefined ? [] : [prototypes])];
    const given = await runGraph(session, { [contract.input]: picture }, wanted);
    const [data, dims] = floats(given[candidates], candidates);
    const columns = dims[2] ?? 0;
    if (dims[1] !== 4 + classes + coefficients) throw odd(candidates, dims);
    return {
      output: { data, columns, classes },
      ...(prototypes === undefined ? {} : { prototypes: grid(given[prototypes], prototypes, coefficients) }),
      prepareMs: preparedAt - startedAt,
      networkMs: performance.now() - preparedAt,
    };
  }
}

function grid(tensor: Tensor | undefined, name: string, coefficients: number): Prototypes {
  const [data, dims] = floats(tensor, name);
  const [, channels, height, width] = dims;
  if (channels !== coefficients || !height || !width) throw odd(name, dims);
  return { data, width, height };
}

function floats(tensor: Tensor | undefined, name: string): [Float32Array, readonly number[]] {
  if (tensor?.data instanceof Float32Array) return [tensor.data, tensor.dims];
  throw new SamwireError('model_failed', `Output ${name} is ${tensor?.type ?? 'missing'}; expected float32.`);
}

function odd(name: string, dims: readonly number[]): SamwireError {
  return new SamwireError(
    'model_failed',
    `Output ${name} came as [${dims.join(',')}], not as its file declares it.`,
  );
}
