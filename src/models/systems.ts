import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { PACKAGE_ROOT } from '../native/addon.js';
import { recipeNamed } from './recipes.js';

/** Where the catalogue of the SAM family lies: one file a system. */
export const SYSTEMS_DIR = join(PACKAGE_ROOT, 'engines/catalogue');

/** How far a system was held against something that is not Samwire, and in which words the pages say it. */
export const VERIFIED = {
  'authors-steps': "its authors' code, step by step",
  'authors-network': "its authors' network and predictor",
  graphs: 'small graphs of its meaning, end to end',
  shapes: "its exporter's names and shapes",
  own: 'trained and tested here',
} as const;
export type Verification = keyof typeof VERIFIED;

const text = z.string().min(1);
const link = z.url({ protocol: /^https$/ });

const variant = z.strictObject({
  /** What `samwire models add DIR --family` takes. */
  name: z.string().regex(/^[a-z0-9][a-z0-9.-]{0,63}$/),
  /** Side of the encoder's input; left out where it takes pictures of any size. */
  size: z.int().positive().exactOptional(),
  /** Where its authors put the weights. Empty: none are public. */
  weights: z.array(link),
  /**
   * In millions, as its exported encoder, its network or its README has them, and how many convolutions its encoder has: what tells
   * networks of the same names and shapes apart.
   */
  encoderParameters: z.number().positive().exactOptional(),
  encoderConvolutions: z.int().positive().exactOptional(),
  /** For `{name}` in `convert`. */
  values: z.record(text, text).default({}),
});

export const systemSchema = z.strictObject({
  system: text,
  /** arXiv number. */
  paper: z
    .string()
    .regex(/^\d{4}\.\d{5}$/)
    .exactOptional(),
  repository: link.exactOptional(),
  /** The state of the repository that these facts were read from. */
  commit: z
    .string()
    .regex(/^[0-9a-f]{40}$/)
    .exactOptional(),
  /** `code` where it is not that of the weights. */
  licence: z.strictObject({ weights: text, code: text.exactOptional() }),
  /** False: nothing but the paper says how the network is to be fed. */
  codePublic: z.boolean(),
  /** How pictures, prompts and masks are handled: engines/catalogue/recipes. */
  recipe: text.exactOptional(),
  /** For networks of it that were exported in another way. */
  otherRecipes: z.array(text).default([]),
  /** Why Samwire does not run it. */
  refused: text.exactOptional(),
  models: z.array(variant).min(1),
  /** Commands that make the ONNX files of the directory DIR; `{checkpoint}` and the like are a model's `values`. */
  convert: z.array(text),
  /** `documented`: as the repository's or the exporter's own pages have them; `composed`: put together from scripts. */
  commands: z.enum(['documented', 'composed']).exactOptional(),
  /** Which model this project has run the commands for, with random weights in the place of the authors'. */
  ran: text.exactOptional(),
  verified: z.array(
    z.strictObject({
      how: z.enum(Object.keys(VERIFIED) as [Verification, ...Verification[]]),
      /** Which of the models, where not all. */
      of: text.exactOptional(),
    }),
  ),
  notes: z.array(text),
});
export type System = Readonly<z.infer<typeof systemSchema>>;

/** One model of the catalogue: a system's facts with those of the variant. */
export interface KnownModel extends Omit<System, 'models'> {
  readonly name: string;
  readonly size?: number;
  readonly weights: readonly string[];
  readonly encoderParameters?: number;
  readonly encoderConvolutions?: number;
}

let read: readonly System[] | undefined;

/** Every system of `engines/catalogue`, in the order of its files; read once. Data of the package: a fault throws. */
export function systems(): readonly System[] {
  read ??= readdirSync(SYSTEMS_DIR)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => readSystem(join(SYSTEMS_DIR, file)));
  return read;
}

function readSystem(path: string): System {
  const system = systemSchema.parse(JSON.parse(readFileSync(path, 'utf8')), { error: () => `in ${path}` });
  if ((system.recipe === undefined) === (system.refused === undefined))
    throw new Error(`Expected either a recipe or a reason to refuse in ${path}.`);
  for (const name of [system.recipe ?? [], system.otherRecipes].flat()) recipeNamed(name);
  return system;
}

/** `its authors' code, step by step (L0)` */
export function verifiedHow({ verified }: Pick<System, 'verified'>): string[] {
  return verified.map(({ how, of }) => (of === undefined ? VERIFIED[how] : `${VERIFIED[how]} (${of})`));
}

/** Where a system's commands come from, and whether they were run; a sentence. */
export function commandsOrigin({ commands, ran }: Pick<System, 'commands' | 'ran'>): string {
  const origin =
    commands === 'documented'
      ? 'As its repository or its exporter documents it'
      : "Put together from the repository's and the exporter's scripts";
  return ran === undefined
    ? `${origin}; not run by this project.`
    : `${origin}; run by this project for ${ran}, with random weights.`;
}

/** Every model of the catalogue, with its commands filled in. */
export function knownModels(): readonly KnownModel[] {
  return systems().flatMap(({ models, ...system }) =>
    models.map(({ values, ...model }) => ({
      ...system,
      ...model,
      convert: system.convert.map((line) => filled(line, values)),
    })),
  );
}

export function knownModel(name: string): KnownModel | undefined {
  return knownModels().find((model) => model.name === name);
}

function filled(line: string, values: Readonly<Record<string, string>>): string {
  return line.replace(/\{([a-z]+)\}/g, (whole, key: string) => values[key] ?? whole);
}
