import type { Tensor } from 'onnxruntime-node';
import { SamwireError } from '../../../errors.js';
import { imageSpec } from '../../../models/geometry.js';
import type { NativeAddon } from '../../../native/types.js';
import { embeddingsKept } from '../../embeddings-kept.js';
import { Recent } from '../../recent.js';
import type { SegmentRequest } from '../../segmenter.js';
import { type OnnxModel, runGraph } from '../model.js';
import { Picture } from '../picture.js';

export interface Encoded {
  /** What the decoder takes of it, by the decoder's input: the embedding and the feature maps. */
  readonly tensors: Readonly<Record<string, Tensor>>;
  /** The encoder's own boxes, where the manifest has `proposals`. */
  readonly proposals?: Tensor;
  readonly prepareMs: number;
  readonly encodeMs: number;
  readonly reused: boolean;
}

type Kept = Pick<Encoded, 'tensors' | 'proposals'>;

/** Turns frames into embeddings (and feature maps, where the decoder takes any), each frame once. */
export class Encoder {
  readonly #model: OnnxModel;
  readonly #picture: Picture;
  readonly #embeddings: Recent<number, Kept>;

  /** `cameras`: that the model serves. */
  constructor(model: OnnxModel, addon: Pick<NativeAddon, 'place' | 'prepareImage'>, cameras: number) {
    this.#embeddings = new Recent(embeddingsKept(model.contract.encoder, cameras));
    this.#model = model;
    this.#picture = new Picture(imageSpec(model.manifest), addon);
  }

  async encode(frame: SegmentRequest['frame']): Promise<Encoded> {
    const known = this.#embeddings.get(frame.id);
    if (known) return { ...known, prepareMs: 0, encodeMs: 0, reused: true };
    const startedAt = performance.now();
    const image = this.#picture.of(frame);
    const preparedAt = performance.now();
    const kept = await this.#run(image);
    this.#embeddings.set(frame.id, kept);
    return {
      ...kept,
      prepareMs: preparedAt - startedAt,
      encodeMs: performance.now() - preparedAt,
      reused: false,
    };
  }

  async #run(image: Tensor): Promise<Kept> {
    const { contract, proposals } = this.#model;
    const { encoder, decoder } = contract;
    const wanted = [
      [decoder.inputs.embeddings, encoder.output] as const,
      ...encoder.features.map(({ name }) => [name, name] as const),
    ];
    const given = await runGraph(this.#model.encoder, { [encoder.input]: image }, [
      ...wanted.map(([, output]) => output),
      ...(proposals === undefined ? [] : [proposals]),
    ]);
    const taken = (output: string): Tensor => {
      const tensor = given[output];
      if (!tensor) throw new SamwireError('model_failed', `The encoder gave no ${output}.`);
      return tensor;
    };
    return {
      tensors: Object.fromEntries(wanted.map(([input, output]) => [input, taken(output)])),
      ...(proposals === undefined ? {} : { proposals: taken(proposals) }),
    };
  }
}
