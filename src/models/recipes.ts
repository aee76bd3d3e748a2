import type { GraphIO } from './contract.js';
import type { ImageBlock, Manifest, MaskBlock, PromptBlock } from './manifest.js';

const IMAGENET_MEAN: ImageBlock['mean'] = [123.675, 116.28, 103.53];
const IMAGENET_STD: ImageBlock['std'] = [58.395, 57.12, 57.375];

export const RECIPE_NAMES = [
  'nanosam',
  'sam',
  'edgesam',
  'efficientvit-sam',
  'efficientsam',
  'samwire-tiny',
] as const;
export type RecipeName = (typeof RECIPE_NAMES)[number];

/** What a published family's own predictor does, for a manifest; `size` is the encoder's [width, height]. */
export interface Recipe {
  readonly image: Omit<ImageBlock, 'size'>;
  /** The prompts' frame, for an encoder of this size. */
  readonly frame: (longest: number) => string;
  readonly prompt: Omit<PromptBlock, 'frame'>;
  readonly mask: MaskBlock;
  /** What a person should know or check before trusting the manifest. */
  readonly notes: readonly string[];
}

const SAM_IMAGE: Recipe['image'] = {
  fit: 'letterbox',
  rounding: 'round',
  filter: 'bilinear-antialias',
  channels: 'rgb',
  scale: 1,
  mean: IMAGENET_MEAN,
  std: IMAGENET_STD,
  pad: 'after-normalise',
};

const SAM_PROMPT: Recipe['prompt'] = {
  offset: 0,
  order: 'points-first',
  paddingPoint: 'no-box',
  maxPoints: 32,
};

const SAM_MASK: MaskBlock = {
  resize: 'via-input',
  threshold: 0,
  thresholdInclusive: false,
  single: 0,
  multi: [1, 2, 3],
};

/** Read from the authors' code; `tests/fidelity` holds five of them against what that code makes. */
export const RECIPES: Readonly<Record<RecipeName, Recipe>> = {
  nanosam: {
    image: { ...SAM_IMAGE, rounding: 'floor', filter: 'bicubic-antialias' },
    frame: () => 'letterbox-1024',
    prompt: { ...SAM_PROMPT, paddingPoint: 'never', maxPoints: 10 },
    mask: { ...SAM_MASK, resize: 'direct' },
    notes: [
      'mask.single is 0, as in the NanoSAM demo; its COCO evaluation takes "best-score".',
      "prompt.maxPoints is 10, as in the README's engine; the ONNX itself takes more.",
    ],
  },
  sam: {
    image: SAM_IMAGE,
    frame: () => 'letterbox-1024',
    prompt: SAM_PROMPT,
    mask: SAM_MASK,
    notes: [
      'This fits SAM, MobileSAM, RepViT-SAM and SlimSAM, whose ONNX files look the same. TinySAM always takes ' +
        'candidates 1 to 3.',
      'mask.single is 0, as SamPredictor answers; the exporter\'s single-mask choice is "official".',
    ],
  },
  edgesam: {
    image: SAM_IMAGE,
    frame: () => 'letterbox-1024',
    prompt: SAM_PROMPT,
    mask: SAM_MASK,
    notes: [
      'prompt.paddingPoint is "no-box", as in the PyTorch predictor; the authors\' ONNX demo leaves it out ("never").',
    ],
  },
  'efficientvit-sam': {
    image: SAM_IMAGE,
    frame: () => 'letterbox-1024',
    prompt: SAM_PROMPT,
    mask: SAM_MASK,
    notes: [
      'prompt.paddingPoint is "no-box", as in the PyTorch predictor; the authors\' ONNX demo leaves it out ("never").',
    ],
  },
  efficientsam: {
    image: {
      ...SAM_IMAGE,
      fit: 'native',
      filter: 'bilinear',
      scale: 1 / 255,
      mean: [0, 0, 0],
      std: [1, 1, 1],
    },
    frame: () => 'source',
    prompt: { ...SAM_PROMPT, order: 'corners-first', paddingPoint: 'never', maxPoints: 6 },
    mask: { ...SAM_MASK, resize: 'direct', thresholdInclusive: true, single: 'best-score', multi: [0, 1, 2] },
    notes: [
      'prompt.maxPoints is 6: the graph drops what comes after the 6th point without a word.',
      'Background points (label 0) have no embedding in this network.',
    ],
  },
  'samwire-tiny': {
    image: { ...SAM_IMAGE, filter: 'area' },
    frame: (longest) => `letterbox-${longest}`,
    prompt: { ...SAM_PROMPT, offset: 0.5, paddingPoint: 'never' },
    mask: { ...SAM_MASK, single: 'best-score' },
    notes: [],
  },
};

export interface RecipeManifest {
  readonly recipe: RecipeName;
  readonly name: string;
  /** [width, height] of the encoder's input. */
  readonly size: readonly [number, number];
  readonly encoder: Manifest['encoder'];
  readonly decoder: Manifest['decoder'];
}

/** The manifest of a model of a known family. Its licence is `unknown` until a person writes it. */
export function manifestOf({ recipe, name, size, encoder, decoder }: RecipeManifest): Manifest {
  const { image, frame, prompt, mask } = RECIPES[recipe];
  const longest = Math.max(...size);
  return {
    version: 1,
    name,
    family: 'sam',
    licence: 'unknown',
    encoder,
    decoder,
    image: { size: [...size], ...image },
    prompt: { frame: frame(longest), ...prompt },
    mask,
  };
}

export interface Guess {
  readonly recipe: RecipeName;
  readonly because: string;
}

/** Which family a pair of graphs is, by the names and shapes that the families' exporters give. */
export function guessRecipe(encoder: GraphIO, decoder: GraphIO): Guess | undefined {
  const takes = (name: string): boolean => decoder.inputs.some((tensor) => tensor.name === name);
  const gives = (name: string): boolean => decoder.outputs.some((tensor) => tensor.name === name);
  const shape = encoder.inputs[0]?.shape;
  const size = shape?.[3];
  const channels = decoder.inputs.find((tensor) => tensor.name === 'image_embeddings')?.shape?.[1];
  if (takes('batched_point_coords')) {
    return { recipe: 'efficientsam', because: 'the decoder takes batched_point_coords' };
  }
  if (gives('scores') && gives('masks')) {
    return { recipe: 'edgesam', because: 'the decoder gives scores and masks' };
  }
  if (!takes('mask_input') && gives('masks') && gives('iou_predictions')) {
    return {
      recipe: 'efficientvit-sam',
      because: 'the decoder takes no mask and gives masks and iou_predictions',
    };
  }
  if (takes('orig_im_size')) {
    return { recipe: 'sam', because: "the decoder takes orig_im_size, as SAM's exporter writes it" };
  }
  if (takes('mask_input') && gives('low_res_masks') && channels === 128) {
    return {
      recipe: 'samwire-tiny',
      because: "the embedding has 128 channels, as this project's own models",
    };
  }
  if (takes('mask_input') && gives('low_res_masks') && size === 1024) {
    return {
      recipe: 'nanosam',
      because:
        'the decoder takes a mask, does not ask for the size of the picture and gives low_res_masks at 1024',
    };
  }
  return undefined;
}
