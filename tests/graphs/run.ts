import ort from 'onnxruntime-node';
import type { DecoderPrompt } from './reference.js';
import { semanticDecoder, semanticEncoder } from './semantic.js';
import type { SemanticModel } from './semantics.js';

/** A semantic model in onnxruntime, fed by hand: no code of Samwire's is between a test and the graph. */
export interface LoadedModel {
  /** The encoder's outputs by name, which are the decoder's inputs. */
  embed(image: SourceImage): Promise<Record<string, ort.Tensor>>;
  decode(
    encoded: Record<string, ort.Tensor>,
    prompts: readonly DecoderPrompt[],
    source: Size,
  ): Promise<Record<string, ort.Tensor>>;
  release(): Promise<void>;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** CHW float32, three channels. */
export interface SourceImage extends Size {
  readonly data: Float32Array;
}

export async function loadSemantic(model: SemanticModel): Promise<LoadedModel> {
  const options = { intraOpNumThreads: 1, logSeverityLevel: 3 } as const;
  const encoder = await ort.InferenceSession.create(semanticEncoder(model), options);
  const decoder = await ort.InferenceSession.create(semanticDecoder(model), options);
  return {
    embed: async ({ data, width, height }) => {
      const [input = ''] = encoder.inputNames;
      const image = new ort.Tensor('float32', data, [1, 3, height, width]);
      return encoder.run({ [input]: image });
    },
    decode: async (encoded, prompts, source) => {
      const all = { ...encoded, ...feeds(model, prompts, source) };
      const wanted = decoder.inputNames.map((name) => [name, all[name]] as const);
      const given = wanted.filter((entry): entry is [string, ort.Tensor] => entry[1] !== undefined);
      return decoder.run(Object.fromEntries(given));
    },
    release: async () => {
      await encoder.release();
      await decoder.release();
    },
  };
}

function feeds(
  { family, size }: SemanticModel,
  prompts: readonly DecoderPrompt[],
  source: Size,
): Record<string, ort.Tensor> {
  const [batch, points, grid] = [prompts.length, prompts[0]?.points.length ?? 0, size / 4];
  const lead = family === 'efficientsam' ? [1] : [];
  const coords = prompts.flatMap((prompt) => prompt.points.flatMap(({ x, y }) => [x, y]));
  const labels = prompts.flatMap((prompt) => prompt.points.map(({ label }) => label));
  const prefix = family === 'efficientsam' ? 'batched_' : '';
  const masks = new Float32Array(batch * grid * grid);
  prompts.forEach((prompt, i) => {
    if (prompt.mask) masks.set(prompt.mask, i * grid * grid);
  });
  const floats = (data: readonly number[] | Float32Array, dims: readonly number[]): ort.Tensor =>
    new ort.Tensor('float32', Float32Array.from(data), dims);
  return {
    [`${prefix}point_coords`]: floats(coords, [...lead, batch, points, 2]),
    [`${prefix}point_labels`]: floats(labels, [...lead, batch, points]),
    mask_input: new ort.Tensor('float32', masks, [batch, 1, grid, grid]),
    has_mask_input: floats(
      prompts.map((prompt) => (prompt.mask ? 1 : 0)),
      [batch],
    ),
    orig_im_size:
      family === 'efficientsam'
        ? new ort.Tensor('int64', BigInt64Array.of(BigInt(source.height), BigInt(source.width)), [2])
        : floats([source.height, source.width], [2]),
  };
}
