import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { PACKAGE_ROOT } from '../native/addon.js';
import {
  type AnyManifest,
  FAMILIES,
  type Family,
  type ImageBlock,
  type Manifest,
  type MaskBlock,
  manifestSchema,
  parseManifest,
} from './manifest.js';

const RECIPES_DIR = join(PACKAGE_ROOT, 'engines/catalogue/recipes');

const text = z.string().min(1);
const names = z.array(text).min(1);
const imageBlock = manifestSchema.shape.image.omit({ size: true });
const maskBlock = manifestSchema.shape.mask;
const json = z.record(text, z.unknown());
type Json = Readonly<Record<string, unknown>>;

/** What tells a kind of network by the names and shapes that its exporter gives; all of it must hold. */
const signature = z.strictObject({
  /** 1: one network, of which `takes` and `gives` speak; 2: an encoder and a decoder, where they speak of the decoder. */
  graphs: z.union([z.literal(1), z.literal(2)]).default(2),
  /** Inputs that it has, and such that it has not. */
  takes: names.exactOptional(),
  takesNot: names.exactOptional(),
  /** Outputs that it has: all of the ones, one of the others. */
  gives: names.exactOptional(),
  givesOneOf: names.exactOptional(),
  /** Side of the encoder's square input, in pixels. */
  size: z.int().positive().exactOptional(),
  /** Of the embedding. */
  channels: z.int().positive().exactOptional(),
  /** Masks that the decoder gives for a prompt. */
  candidates: z.int().positive().exactOptional(),
  /** The same in words. */
  because: text,
});
export type Signature = Readonly<z.infer<typeof signature>>;

/** `engines/catalogue/recipes/<name>.json`: what differs from the recipe that it extends, or all of it. */
const recipeFile = z.strictObject({
  family: z.enum(FAMILIES),
  extends: text.exactOptional(),
  decoder: text,
  prompts: text,
  // Keys and values of a manifest's blocks, which are checked once they are whole.
  image: json.exactOptional(),
  prompt: json.exactOptional(),
  mask: json.exactOptional(),
  detector: json.exactOptional(),
  proposals: json.exactOptional(),
  everything: json.exactOptional(),
  signature: signature.exactOptional(),
  /** A recipe whose networks look the same from outside. */
  looksLike: text.exactOptional(),
  notes: z.array(text),
});
type RecipeFile = z.infer<typeof recipeFile>;

/** What a published family's own predictor does before and after its networks, and how to tell such networks. */
export interface Recipe {
  readonly name: string;
  readonly family: Family;
  readonly image: Omit<ImageBlock, 'size'>;
  /** `frame` may be `letterbox-size` or `stretch-size`: that of the encoder's own input. */
  readonly prompt?: Json;
  readonly mask?: MaskBlock;
  /** Without the file, which is the model's. */
  readonly detector?: Json;
  readonly proposals?: Json;
  readonly everything?: Json;
  /** For people: what the decoder gives and which candidate answers; what may be asked of it. */
  readonly decoder: string;
  readonly prompts: string;
  readonly signature?: Signature;
  /** Another recipe, whose networks look the same from outside. */
  readonly looksLike?: string;
  /** What a person should know or check before trusting the manifest. */
  readonly notes: readonly string[];
}

let read: ReadonlyMap<string, Recipe> | undefined;

/** Every recipe of `engines/catalogue/recipes`, by name; read once. They are data of the package: a fault throws. */
export function recipes(): ReadonlyMap<string, Recipe> {
  read ??= readRecipes();
  return read;
}

/** @throws Error for a name that no recipe has. */
export function recipeNamed(name: string): Recipe {
  const recipe = recipes().get(name);
  if (recipe === undefined)
    throw new Error(`Expected one of the recipes ${[...recipes().keys()].join(', ')}, got "${name}".`);
  return recipe;
}

function readRecipes(): ReadonlyMap<string, Recipe> {
  const files = new Map<string, RecipeFile>();
  for (const file of readdirSync(RECIPES_DIR).sort()) {
    const value: unknown = JSON.parse(readFileSync(join(RECIPES_DIR, file), 'utf8'));
    files.set(file.replace(/\.json$/, ''), recipeFile.parse(value, { error: () => `in recipes/${file}` }));
  }
  return new Map([...files.keys()].map((name) => [name, assemble(name, files)]));
}

/** `extends` filled in: its blocks first, then the recipe's own keys. Decoder, signature and notes are not inherited. */
function assemble(name: string, files: ReadonlyMap<string, RecipeFile>): Recipe {
  const own = files.get(name);
  if (own === undefined) throw new Error(`Expected a recipe "${name}" in ${RECIPES_DIR}, found none.`);
  const { image, prompt, mask, extends: base, ...rest } = own;
  const parent = base === undefined ? undefined : assemble(base, files);
  const wholePrompt = parent?.prompt || prompt ? { ...parent?.prompt, ...prompt } : undefined;
  const wholeMask = parent?.mask || mask ? maskBlock.parse({ ...parent?.mask, ...mask }) : undefined;
  return {
    ...rest,
    name,
    image: imageBlock.parse({ ...parent?.image, ...image }),
    ...(wholePrompt ? { prompt: wholePrompt } : {}),
    ...(wholeMask ? { mask: wholeMask } : {}),
  };
}

export interface RecipeManifest {
  readonly recipe: Recipe;
  readonly name: string;
  /** [width, height] of the encoder's input. */
  readonly size: readonly [number, number];
  readonly encoder: Manifest['encoder'];
  /** For a model of two networks. */
  readonly decoder?: Manifest['decoder'];
  /** For a recipe with a detector, which is left out without its file. */
  readonly detector?: {
    readonly file: string;
    readonly sha256: string;
    readonly size: readonly [number, number];
  };
  /** Of the weights. Default: `unknown`, until a person writes it. */
  readonly licence?: string;
  readonly source?: string;
}

/**
 * The manifest of a model of a known family. `where` is its path, for messages.
 * @throws ManifestError where the files don't make one of this family, or the name can't be one.
 */
export function manifestOf(options: RecipeManifest, where = 'the manifest'): AnyManifest {
  const { recipe, name, size, encoder, decoder, detector, licence = 'unknown', source } = options;
  const { family, image, prompt, mask, proposals, everything } = recipe;
  const draft = {
    version: 1,
    name,
    family,
    licence,
    source,
    encoder,
    decoder,
    image: { size: [...size], ...image },
    prompt: framed(prompt, size),
    mask,
    detector: detectorOf(recipe, detector),
    proposals,
    everything,
  };
  const given = Object.entries(draft).filter(([, value]) => value !== undefined);
  return parseManifest(Object.fromEntries(given), where);
}

function framed(prompt: Json | undefined, size: readonly number[]): Json | undefined {
  if (typeof prompt?.frame !== 'string') return prompt;
  return { ...prompt, frame: prompt.frame.replace('-size', `-${Math.max(...size)}`) };
}

/** FastSAM's block is of the network itself, MobileSAMv2's of a file beside it. */
function detectorOf({ family, detector }: Recipe, found: RecipeManifest['detector']): Json | undefined {
  if (family === 'fastsam' || detector === undefined) return detector;
  if (found === undefined) return undefined;
  const { file, sha256, size } = found;
  return { ...detector, file, sha256, image: { ...(detector.image as Json), size: [...size] } };
}
