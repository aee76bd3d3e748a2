import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { PACKAGE_ROOT } from '../native/addon.js';
import { FAMILIES, type ImageBlock, type Manifest, manifestSchema, type PromptBlock } from './manifest.js';

const RECIPES_DIR = join(PACKAGE_ROOT, 'engines/catalogue/recipes');

const text = z.string().min(1);
const names = z.array(text).min(1);
const { image, prompt, mask } = manifestSchema.shape;
const imageBlock = image.omit({ size: true });
/** Its frame may be that of the encoder's own input, whatever that is: `letterbox-size`, `stretch-size`. */
const promptBlock = prompt.extend({ frame: text });
/** Keys and values of a block are checked once it is whole. */
const changes = z.record(text, z.unknown()).exactOptional();

/** What tells a kind of network by the names and shapes that its exporter gives; all of it must hold. */
const signature = z.strictObject({
  /** Inputs that the decoder has, and such that it has not. */
  takes: names,
  takesNot: names.exactOptional(),
  /** Outputs that the decoder has. */
  gives: names.exactOptional(),
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
  image: changes,
  prompt: changes,
  mask: changes,
  signature: signature.exactOptional(),
  /** A recipe whose networks look the same from outside. */
  looksLike: text.exactOptional(),
  notes: z.array(text),
});
type RecipeFile = z.infer<typeof recipeFile>;

/** What a published family's own predictor does before and after its networks, and how to tell such networks. */
export interface Recipe {
  readonly name: string;
  readonly family: Manifest['family'];
  readonly image: Omit<ImageBlock, 'size'>;
  readonly prompt: PromptBlock;
  readonly mask: Manifest['mask'];
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
    const json: unknown = JSON.parse(readFileSync(join(RECIPES_DIR, file), 'utf8'));
    files.set(file.replace(/\.json$/, ''), recipeFile.parse(json, { error: () => `in recipes/${file}` }));
  }
  return new Map([...files.keys()].map((name) => [name, assemble(name, files)]));
}

/** `extends` filled in: its blocks first, then the recipe's own keys. Decoder, signature and notes are not inherited. */
function assemble(name: string, files: ReadonlyMap<string, RecipeFile>): Recipe {
  const own = files.get(name);
  if (own === undefined) throw new Error(`Expected a recipe "${name}" in ${RECIPES_DIR}, found none.`);
  const { image: ownImage, prompt: ownPrompt, mask: ownMask, extends: base, ...rest } = own;
  const parent = base === undefined ? undefined : assemble(base, files);
  return {
    ...rest,
    name,
    image: imageBlock.parse({ ...parent?.image, ...ownImage }),
    prompt: promptBlock.parse({ ...parent?.prompt, ...ownPrompt }),
    mask: mask.parse({ ...parent?.mask, ...ownMask }),
  };
}

export interface RecipeManifest {
  readonly recipe: Recipe;
  readonly name: string;
  /** [width, height] of the encoder's input. */
  readonly size: readonly [number, number];
  readonly encoder: Manifest['encoder'];
  readonly decoder: Manifest['decoder'];
  /** Of the weights. Default: `unknown`, until a person writes it. */
  readonly licence?: string;
  readonly source?: string;
}

/** The manifest of a model of a known family. */
export function manifestOf(options: RecipeManifest): Manifest {
  const { recipe, name, size, encoder, decoder, licence = 'unknown', source } = options;
  const frame = recipe.prompt.frame.replace('-size', `-${Math.max(...size)}`);
  return {
    version: 1,
    name,
    family: recipe.family,
    licence,
    ...(source === undefined ? {} : { source }),
    encoder,
    decoder,
    image: { size: [...size], ...recipe.image },
    prompt: { ...recipe.prompt, frame },
    mask: recipe.mask,
  };
}
