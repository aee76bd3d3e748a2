import { Tensor } from 'onnxruntime-node';
import { SamwireError } from '../../errors.js';
import { imageSpec } from '../../models/geometry.js';
import type { NativeAddon, NativeImageSpec } from '../../native/types.js';
import { Recent } from '../recent.js';
import type { SegmentRequest } from '../segmenter.js';
import { type OnnxModel, runGraph } from './model.js';

/** Frames whose embedding is kept: 2 MB each for samwire-tiny, 4 MB for SAM's 256×64×64, 17 MB with SAM 2's features. */
const EMBEDDINGS_KEPT = 8;

export interface Encoded {
  /** What the decoder takes of it, by the decoder's input: the embedding and the feature maps. */
  readonly tensors: Readonly<Record<string, Tensor>>;
  readonly prepareMs: number;
  readonly encodeMs: number;
  readonly reused: boolean;
}

/** Turns frames into embeddings (and feature maps, where the decoder takes any), each frame once. */
export class Encoder {
  readonly #model: OnnxModel;
  readonly #addon: Pick<NativeAddon, 'place' | 'prepareImage'>;
  readonly #spec: NativeImageSpec;
  readonly #embeddings = new Recent<number, Encoded['tensors']>(EMBEDDINGS_KEPT);
  #pixels = new Float32Array(0);
  #image: Tensor | undefined;

  constructor(model: OnnxModel, addon: Pick<NativeAddon, 'place' | 'prepareImage'>) {
    this.#model = model;
    this.#addon = addon;
    this.#spec = imageSpec(model.manifest);
  }

  async encode(frame: SegmentRequest['frame']): Promise<Encoded> {
    const known = this.#embeddings.get(frame.id);
    if (known) return { tensors: known, prepareMs: 0, encodeMs: 0, reused: true };
    const startedAt = performance.now();
    const image = this.#prepare(frame);
    const preparedAt = performance.now();
    const tensors = await this.#run(image);
    this.#embeddings.set(frame.id, tensors);
    return {
      tensors,
      prepareMs: preparedAt - startedAt,
      encodeMs: performance.now() - preparedAt,
      reused: false,
    };
  }

  async #run(image: Tensor): Promise<Encoded['tensors']> {
    const { encoder, decoder } = this.#model.contract;
    const wanted = [
      [decoder.inputs.embeddings, encoder.output] as const,
      ...encoder.features.map(({ name }) => [name, name] as const),
    ];
    const given = await runGraph(
      this.#model.encoder,
      { [encoder.input]: image },
      wanted.map(([, output]) => output),
    );
    const tensors = wanted.map(([input, output]) => {
      const tensor = given[output];
      if (!tensor) throw new SamwireError('model_failed', `The encoder gave no ${output}.`);
      return [input, tensor] as const;
    });
    return Object.fromEntries(tensors);
  }

  /** The input tensor is written in place, frame after frame; it changes only where its size does. */
  #prepare({ id, width, height }: SegmentRequest['frame']): Tensor {
    const { tensorWidth, tensorHeight } = this.#addon.place(this.#spec, width, height);
    const length = 3 * tensorWidth * tensorHeight;
    if (!this.#image || this.#pixels.length !== length) this.#pixels = new Float32Array(length);
    const dims = [1, 3, tensorHeight, tensorWidth];
    if (this.#image?.data !== this.#pixels || this.#image.dims[2] !== tensorHeight)
      this.#image = new Tensor('float32', this.#pixels, dims);
    this.#addon.prepareImage(id, this.#spec, this.#pixels);
    return this.#image;
  }
}
