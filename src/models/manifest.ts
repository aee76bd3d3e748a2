import { z } from 'zod';
import { ConfigError, type FaultDetail } from '../errors.js';
import { manifestFaults } from './manifest-faults.js';

/** Kinds of network that a manifest can name. Only {@link SERVED_FAMILIES} run in this version. */
export const FAMILIES = ['sam', 'fastsam', 'sam2', 'early-fusion', 'rwkv-sam', 'rap-sam'] as const;
export type Family = (typeof FAMILIES)[number];

export const SERVED_FAMILIES: readonly Family[] = ['sam', 'sam2'];

/** Why a known family is refused, where there is more to say than that. */
const NOT_SERVED: Partial<Record<Family, string>> = {
  'rwkv-sam':
    'an encoder and a decoder that takes its feature maps are of family "sam"; write that, with mask.single 0 and mask.multi [0]',
  'rap-sam':
    'its network joins panoptic, video and interactive segmentation at 1280×736 behind inputs and outputs of its own, which is no encoder and decoder for prompts',
};

export const PRECISIONS = ['fp16', 'mixed', 'fp32', 'int8'] as const;

/** `letterbox-1024`, `stretch-1024` or `source`, taken apart. */
export type PromptFrame =
  | { readonly kind: 'letterbox' | 'stretch'; readonly size: number }
  | { readonly kind: 'source' };

const FRAME = /^(?:(letterbox|stretch)-([1-9][0-9]{1,4})|source)$/;

/** Takes a manifest's `prompt.frame` apart; the text must have passed the schema. */
export function parseFrame(text: string): PromptFrame {
  const match = FRAME.exec(text);
  if (match?.[1] === undefined) return { kind: 'source' };
  return { kind: match[1] === 'stretch' ? 'stretch' : 'letterbox', size: Number(match[2]) };
}

const name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'a name of letters, digits, ".", "_" and "-", at most 64 long');
const text = z.string().min(1, 'a text that is not empty');
const dimension = z.int('a whole number of pixels').min(16).max(8192);
const level = z.number('a number');
const candidate = z.int('a whole number').min(0).max(15);
const perChannel = z.tuple([level, level, level], 'three numbers, one a channel');
const deviation = level.refine((value) => value !== 0, 'a number other than 0');

const networkFile = z.strictObject({
  file: z
    .string()
    .regex(/^(?!\.\.?(?:\/|$))(?!.*\/\.\.?(?:\/|$))[^/\\\0][^\\\0]*$/, 'a path inside the model directory'),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, '64 hexadecimal digits in lower case'),
  precision: z.enum(PRECISIONS).default('mixed'),
});

const image = z.strictObject({
  size: z.tuple([dimension, dimension], '[width, height] of the encoder input in pixels'),
  fit: z.enum(['letterbox', 'letterbox-centred', 'stretch', 'native']),
  rounding: z.enum(['floor', 'round']),
  filter: z.enum(['bilinear', 'bilinear-antialias', 'bicubic', 'bicubic-antialias', 'area']),
  channels: z.enum(['rgb', 'bgr']),
  scale: level.positive('a number above 0'),
  mean: perChannel,
  std: z.tuple([deviation, deviation, deviation], 'three numbers, one a channel'),
  pad: z.union([z.literal('after-normalise'), z.number().min(0).max(255)], {
    error: '"after-normalise" or a level of 0 to 255',
  }),
});

const prompt = z.strictObject({
  frame: z.string().regex(FRAME, '"letterbox-N", "stretch-N" or "source"'),
  offset: level.min(-1).max(1).default(0),
  order: z.enum(['points-first', 'corners-first']),
  paddingPoint: z.enum(['never', 'no-box', 'always']),
  maxPoints: z.int('a whole number').min(2).max(1024),
});

const mask = z.strictObject({
  resize: z.enum(['direct', 'via-input']),
  threshold: level.default(0),
  thresholdInclusive: z.boolean('true or false').default(false),
  single: z.union([candidate, z.enum(['best-score', 'best-multi', 'official', 'stable'])], {
    error: 'a candidate\'s index, "best-score", "best-multi", "official" or "stable"',
  }),
  multi: z.array(candidate, 'a list of candidate indices').min(1, 'at least one candidate index'),
  stability: z
    .strictObject({
      delta: level.positive('a number above 0'),
      threshold: level.min(0).max(1),
    })
    .exactOptional(),
  refineClamp: level.positive('a number above 0').exactOptional(),
});

/**
 * A model's `manifest.json` (docs/models.md): what its authors do to a picture before the encoder, to a prompt before
 * the decoder and to the logits after it. Tensor names, ranks and shapes are not in it; they are read from the ONNX.
 */
export const manifestSchema = z
  .strictObject({
    version: z.literal(1),
    name,
    family: z.enum(FAMILIES),
    licence: text,
    source: text.optional(),
    encoder: networkFile,
    decoder: networkFile,
    image,
    prompt,
    mask,
  })
  .superRefine((manifest, context) => {
    for (const fault of contradictions(manifest)) {
      context.addIssue({ code: 'custom', path: [...fault.path], message: fault.expected, input: fault.got });
    }
  });

export type Manifest = Readonly<z.infer<typeof manifestSchema>>;
export type ImageBlock = Manifest['image'];
export type PromptBlock = Manifest['prompt'];
export type MaskBlock = Manifest['mask'];

/** All faults of one manifest, or of a manifest against its ONNX files. Exit code 78. */
export class ManifestError extends ConfigError {
  constructor(
    message: string,
    faults: readonly FaultDetail[] = [],
    options: { readonly cause?: unknown } = {},
  ) {
    super(message, faults, options);
    this.name = 'ManifestError';
  }
}

/**
 * Validates a parsed manifest.json. `where` is its path, for the message.
 * @throws ManifestError with every fault; a known family that this version does not serve is refused by name.
 */
export function parseManifest(value: unknown, where: string): Manifest {
  const family = familyOf(value);
  if (family !== undefined && !SERVED_FAMILIES.includes(family)) {
    throw new ManifestError(
      `${where}: family "${family}" is not served by this version of Samwire, which serves ${SERVED_FAMILIES.join(', ')}` +
        (NOT_SERVED[family] === undefined ? '' : `: ${NOT_SERVED[family]}`),
      [{ path: 'family', expected: SERVED_FAMILIES.join(' or '), got: family }],
    );
  }
  const parsed = manifestSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const faults = manifestFaults(parsed.error.issues, value, manifestKeys);
  const lines = faults.map((fault) => `  ${fault.path}: expected ${fault.expected}, got ${fault.got}`);
  throw new ManifestError(
    `${where} has ${faults.length} fault${faults.length === 1 ? '' : 's'}:\n${lines.join('\n')}`,
    faults,
  );
}

/** The keys of the manifest (path []), of one of its blocks (path ['image']), or of what lies in one. */
export function manifestKeys(path: readonly string[]): readonly string[] {
  let at: z.core.$ZodType = manifestSchema;
  for (const key of path) {
    const inner = at instanceof z.ZodObject ? (at.shape as z.core.$ZodShape)[key] : undefined;
    if (inner === undefined) return [];
    at = inner instanceof z.ZodExactOptional ? inner.unwrap() : inner;
  }
  return at instanceof z.ZodObject ? Object.keys(at.shape) : [];
}

function familyOf(value: unknown): Family | undefined {
  if (typeof value !== 'object' || value === null || !('family' in value)) return undefined;
  return FAMILIES.find((family) => family === value.family);
}

interface Contradiction {
  readonly path: readonly (string | number)[];
  readonly expected: string;
  readonly got: unknown;
}

/** Faults that lie between fields, each of which is fine by itself. */
function contradictions(manifest: {
  readonly image: z.infer<typeof image>;
  readonly prompt: z.infer<typeof prompt>;
  readonly mask: z.infer<typeof mask>;
}): Contradiction[] {
  const { fit, size } = manifest.image;
  const { kind } = parseFrame(manifest.prompt.frame);
  const found: Contradiction[] = [];
  const letterboxed = fit === 'letterbox' || fit === 'letterbox-centred';
  if (letterboxed && kind === 'stretch') {
    found.push({
      path: ['prompt', 'frame'],
      expected: `"letterbox-N" or "source", because image.fit is ${fit}`,
      got: manifest.prompt.frame,
    });
  }
  if (fit === 'stretch' && kind === 'letterbox') {
    found.push({
      path: ['prompt', 'frame'],
      expected: '"stretch-N" or "source", because image.fit is stretch',
      got: manifest.prompt.frame,
    });
  }
  if (letterboxed && kind === 'letterbox' && size[0] !== size[1]) {
    found.push({
      path: ['image', 'size'],
      expected: 'a square, because prompt.frame is a letterboxed square',
      got: size,
    });
  }
  if (manifest.mask.single === 'stable' && manifest.mask.stability === undefined) {
    found.push({
      path: ['mask', 'stability'],
      expected: '{ delta, threshold }, because mask.single is stable',
      got: undefined,
    });
  }
  return found;
}
