import { Tensor } from 'onnxruntime-node';
import type { NativeAddon, NativeImageSpec } from '../../native/types.js';
import type { SegmentRequest } from '../segmenter.js';

/** A network's picture, [1, 3, height, width], written in place frame after frame: it changes only where its size does. */
export class Picture {
  readonly #spec: NativeImageSpec;
  readonly #addon: Pick<NativeAddon, 'place' | 'prepareImage'>;
  #pixels = new Float32Array(0);
  #tensor: Tensor | undefined;

  constructor(spec: NativeImageSpec, addon: Pick<NativeAddon, 'place' | 'prepareImage'>) {
    this.#spec = spec;
    this.#addon = addon;
  }

  /** The frame as the network takes it, valid until the next call. */
  of({ id, width, height }: SegmentRequest['frame']): Tensor {
    const { tensorWidth, tensorHeight } = this.#addon.place(this.#spec, width, height);
    const length = 3 * tensorWidth * tensorHeight;
    if (!this.#tensor || this.#pixels.length !== length) this.#pixels = new Float32Array(length);
    const dims = [1, 3, tensorHeight, tensorWidth];
    if (this.#tensor?.data !== this.#pixels || this.#tensor.dims[2] !== tensorHeight)
      this.#tensor = new Tensor('float32', this.#pixels, dims);
    this.#addon.prepareImage(id, this.#spec, this.#pixels);
    return this.#tensor;
  }
}
