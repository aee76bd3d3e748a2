import { z } from 'zod';
import { ConfigError, type FaultDetail } from '../errors.js';
import { VERSION } from '../version.js';
import { manifestFaults } from './manifest-faults.js';

/** Kinds of network that a manifest can name. Only {@link SERVED_FAMILIES} run in this version. */
export const FAMILIES = ['sam', 'fastsam', 'sam2', 'early-fusion', 'rwkv-sam', 'rap-sam'] as const;
export type Family = (typeof FAMILIES)[number];

export const SERVED_FAMILIES: readonly Family[] = ['sam', 'sam2', 'fastsam', 'early-fusion'];

/** Why a known family is refused, where there is more to say than that. */
const NOT_SERVED: Partial<Record<Family, string>> = {
  'rwkv-sam':
    'an encoder and a decoder that takes its feature maps are of family "sam"; write that, with mask.single 0 and mask.multi [0]',
  'rap-sam':
    'its network joins panoptic, video and interactive segmentation at 1280×736 behind inputs and outputs of its own, which is no encoder and decoder for prompts',
};

/** What a channel of an early-fusion network's prompt shows. */
export const PROMPT_CHANNELS = ['box', 'points', 'background'] as const;

/** OpenCV's, Pillow's, PyTorch's on floats; native/image/prepare.h says which is which. */
export const FILTERS = [
  'bilinear',
  'bilinear-antialias',
  'bilinear-antialias-float',
  'bicubic',
  'bicubic-antialias',
  'area',
] as const;

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

const fileName = z
  .string()
  .regex(/^(?!\.\.?(?:\/|$))(?!.*\/\.\.?(?:\/|$))[^/\\\0][^\\\0]*$/, 'a path inside the model directory');
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, '64 hexadecimal digits in lower case');

const networkFile = z.strictObject({
  file: fileName,
  sha256,
  precision: z.enum(PRECISIONS).default('mixed'),
});

const image = z.strictObject({
  size: z.tuple([dimension, dimension], '[width, height] of the encoder input in pixels'),
  fit: z.enum(['letterbox', 'letterbox-centred', 'stretch', 'native']),
  rounding: z.enum(['floor', 'round', 'half-even']),
  filter: z.enum(FILTERS),
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

const fraction = z.number('a number').min(0).max(1);
/** How many boxes of a frame there may be: each of them may become a mask. */
const boxCount = z.int('a whole number').min(1).max(1000);

/** Which of a YOLOv8's boxes count; the defaults are FastSAM's and MobileSAMv2's. */
const yolo = {
  minScore: fraction.default(0.4),
  nmsIou: fraction.default(0.9),
  maxBoxes: boxCount.default(300),
  borderPx: level.min(0).max(1024).default(20),
  classes: z
    .array(z.int('a class number').min(0).max(9999), 'a list of class numbers')
    .min(1)
    .exactOptional(),
};

const detector = z.strictObject({ file: fileName, sha256, image, ...yolo });

const proposals = z.strictObject({
  minScore: fraction.default(0.4),
  nmsIou: fraction.default(0.9),
  maxBoxes: boxCount.default(320),
});

/** Thresholds of segment everything, where those of SAM's own generator (0.88, 0.95) don't suit the model. */
const everything = z.strictObject({
  minScore: fraction.exactOptional(),
  minStability: fraction.exactOptional(),
  confidentLogit: level.exactOptional(),
});

const channels = z.strictObject({
  channels: z
    .array(z.enum(PROMPT_CHANNELS), 'a list of channels')
    .min(1)
    .refine((list) => new Set(list).size === list.length, 'a list that names no channel twice'),
  pointRadius: level.min(0).max(1024).default(5),
  noBox: z.enum(['ones', 'zeros']).default('ones'),
  offset: level.min(-1).max(1).default(0),
});

/** Of the manifest's format. */
const MANIFEST_VERSION = 1;

const named = { version: z.literal(MANIFEST_VERSION), name };
const had = { licence: text, source: text.optional() };

/**
 * A model's `manifest.json` (docs/manifest.md): what its authors do to a picture before the encoder, to a prompt before
 * the decoder and to the logits after it. Tensor names, ranks and shapes are not in it; they are read from the ONNX.
 */
export const manifestSchema = z
  .strictObject({
    ...named,
    family: z.enum(FAMILIES),
    ...had,
    encoder: networkFile,
    decoder: networkFile,
    image,
    prompt,
    mask,
    detector: detector.exactOptional(),
    proposals: proposals.exactOptional(),
    everything: everything.exactOptional(),
  })
  .superRefine((manifest, context) => {
    for (const fault of contradictions(manifest)) {
      context.addIssue({ code: 'custom', path: [...fault.path], message: fault.expected, input: fault.got });
    }
  });

/** YOLOv8-seg, which finds everything first (FastSAM): one network, called the encoder, and no prompts in it. */
export const fastSamSchema = z.strictObject({
  ...named,
  family: z.literal('fastsam'),
  ...had,
  encoder: networkFile,
  image: image.refine(({ fit }) => fit !== 'native', {
    path: ['fit'],
    message: '"letterbox-centred", "letterbox" or "stretch": the network has one size',
  }),
  detector: z.strictObject(yolo).prefault({}),
});

/** A network that sees prompts as channels of its input (SqueezeSAM): one, called the encoder. */
export const earlyFusionSchema = z
  .strictObject({
    ...named,
    family: z.literal('early-fusion'),
    ...had,
    encoder: networkFile,
    image: image.refine(({ fit }) => fit !== 'native', {
      path: ['fit'],
      message: '"stretch", "letterbox" or "letterbox-centred": the network has one size',
    }),
    prompt: channels,
    mask,
  })
  .superRefine((manifest, context) => {
    for (const fault of maskContradictions(manifest.mask))
      context.addIssue({ code: 'custom', path: [...fault.path], message: fault.expected, input: fault.got });
  });

/** Of a model of two graphs: an encoder and a decoder. */
export interface Manifest extends Readonly<z.infer<typeof manifestSchema>> {}
export interface FastSamManifest extends Readonly<z.infer<typeof fastSamSchema>> {}
export interface EarlyFusionManifest extends Readonly<z.infer<typeof earlyFusionSchema>> {}
/** Of a model of one graph, which its `encoder` names. */
export type OneGraphManifest = FastSamManifest | EarlyFusionManifest;
export type AnyManifest = Manifest | OneGraphManifest;

/** Which boxes of a YOLOv8 count: a `detector` block without its file. */
export type YoloBlock = FastSamManifest['detector'];
export type DetectorBlock = NonNullable<Manifest['detector']>;
export type ProposalsBlock = NonNullable<Manifest['proposals']>;
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
 * @throws ManifestError with every fault; a newer version of the format, and a known family that this version of Samwire does
 *   not serve, are refused by name.
 */
export function parseManifest(value: unknown, where: string): AnyManifest {
  refuseNewer(value, where);
  const family = familyOf(value);
  if (family !== undefined && !SERVED_FAMILIES.includes(family)) {
    throw new ManifestError(
      `${where}: family "${family}" is not served by this version of Samwire, which serves ${SERVED_FAMILIES.join(', ')}` +
        (NOT_SERVED[family] === undefined ? '' : `: ${NOT_SERVED[family]}`),
      [{ path: 'family', expected: SERVED_FAMILIES.join(' or '), got: family }],
    );
  }
  const schema = schemaOf(family);
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const faults = manifestFaults(parsed.error.issues, value, (path) => manifestKeys(path, family));
  const lines = faults.map((fault) => `  ${fault.path}: expected ${fault.expected}, got ${fault.got}`);
  throw new ManifestError(
    `${where} has ${faults.length} fault${faults.length === 1 ? '' : 's'}:\n${lines.join('\n')}`,
    faults,
  );
}

/** A manifest of another release may say the same by other keys: to name them all as faults would help nobody. */
function refuseNewer(value: unknown, where: string): void {
  const version = typeof value === 'object' && value !== null ? Reflect.get(value, 'version') : undefined;
  if (typeof version !== 'number' || !(version > MANIFEST_VERSION)) return;
  throw new ManifestError(
    `${where} is of version ${version} of the manifest's format; Samwire ${VERSION} knows ${MANIFEST_VERSION}. The model was made for a newer Samwire: install that, or take a model of this one (samwire models list).`,
    [{ path: 'version', expected: String(MANIFEST_VERSION), got: String(version) }],
  );
}

/**
 * `parseManifest`, for a model that must be an encoder and a decoder.
 * @throws ManifestError also for a model of one graph.
 */
export function parseTwoGraphManifest(value: unknown, where: string): Manifest {
  const manifest = parseManifest(value, where);
  if (isTwoGraph(manifest)) return manifest;
  throw new ManifestError(
    `${where}: expected a model of an encoder and a decoder, got family "${manifest.family}"`,
  );
}

/** True for a model of an encoder and a decoder. */
export function isTwoGraph(manifest: AnyManifest): manifest is Manifest {
  return 'decoder' in manifest;
}

/** The keys of a family's manifest (path []) or of one of its blocks (path ['image'], ['detector', 'image']). */
export function manifestKeys(path: readonly string[], family?: Family): readonly string[] {
  const shape = path.reduce<Record<string, unknown>>(
    (at, key) => shapeOf(at[key]),
    schemaOf(family).shape as Record<string, unknown>,
  );
  return Object.keys(shape);
}

function schemaOf(family: Family | undefined) {
  switch (family) {
    case 'fastsam':
      return fastSamSchema;
    case 'early-fusion':
      return earlyFusionSchema;
    default:
      return manifestSchema;
  }
}

/** The keys of an object, also of one that may be left out. */
function shapeOf(schema: unknown): Record<string, unknown> {
  if (schema instanceof z.ZodObject) return schema.shape;
  if (schema instanceof z.ZodExactOptional || schema instanceof z.ZodPrefault)
    return shapeOf(schema.unwrap());
  return {};
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
  return [...found, ...maskContradictions(manifest.mask)];
}

function maskContradictions({ single, stability }: z.infer<typeof mask>): Contradiction[] {
  if (single !== 'stable' || stability !== undefined) return [];
  const expected = '{ delta, threshold }, because mask.single is stable';
  return [{ path: ['mask', 'stability'], expected, got: undefined }];
}
