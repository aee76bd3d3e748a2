import type { GraphIO } from './contract.js';
import { declaredCandidates } from './decoder-outputs.js';
import { EMBEDDINGS } from './decoder-roles.js';
import { type Recipe, recipes, type Signature } from './recipes.js';
import { type KnownModel, knownModels } from './systems.js';

/** What is known of a model's networks from outside. */
export interface LookedAt {
  /** Or the one network. */
  readonly encoder: GraphIO;
  readonly decoder?: GraphIO;
  /** Masks that the decoder gives for a prompt; default: as its file declares. */
  readonly candidates?: number | undefined;
}

export interface Guess {
  readonly recipe: Recipe;
  readonly because: string;
}

/** Which kind networks are, by the names and shapes that the systems' exporters give; the first that fits. */
export function guessRecipe(networks: LookedAt): Guess | undefined {
  return fittingRecipes(networks)[0];
}

/** Every recipe whose signature the networks have. */
export function fittingRecipes(networks: LookedAt): readonly Guess[] {
  return [...recipes().values()].flatMap((recipe) => {
    const { signature } = recipe;
    return signature && fits(signature, networks) ? [{ recipe, because: signature.because }] : [];
  });
}

function fits(signature: Signature, { encoder, decoder, candidates: found }: LookedAt): boolean {
  const { graphs, takes = [], takesNot = [], gives = [], givesOneOf, size, channels, candidates } = signature;
  if ((graphs === 2) !== (decoder !== undefined)) return false;
  const asked = decoder ?? encoder;
  const inputs = asked.inputs.map(({ name }) => name);
  const outputs = asked.outputs.map(({ name }) => name);
  const embedding = asked.inputs.find(({ name }) => EMBEDDINGS.includes(name));
  return (
    takes.every((name) => inputs.includes(name)) &&
    !takesNot.some((name) => inputs.includes(name)) &&
    gives.every((name) => outputs.includes(name)) &&
    (givesOneOf === undefined || givesOneOf.some((name) => outputs.includes(name))) &&
    (size === undefined || encoder.inputs[0]?.shape?.[3] === size) &&
    (channels === undefined || embedding?.shape?.[1] === channels) &&
    (candidates === undefined || (found ?? declaredCandidates(asked)) === candidates)
  );
}

/** Exporters fold constants and normalisations into weights, which moves the count by a few per cent. */
const PARAMETER_TOLERANCE = 0.06;
/** They also take branches together, which leaves a transformer's three convolutions far from a convolutional network's. */
const CONVOLUTION_RATIO = 2;

export interface EncoderSize {
  /** Side of its input in pixels; undefined where it is open. */
  readonly size: number | undefined;
  readonly parameters: number;
  readonly convolutions: number;
}

/** The models of the catalogue that an encoder can be: of that recipe or one that looks like it, and about that size. */
export function likelyModels(recipe: Recipe, found: EncoderSize): readonly KnownModel[] {
  return knownModels().filter((model) => isOfRecipe(model, recipe) && isOfSize(model, found));
}

function isOfRecipe(model: KnownModel, recipe: Recipe): boolean {
  const own = [model.recipe, ...model.otherRecipes];
  return own.includes(recipe.name) || recipes().get(model.recipe ?? '')?.looksLike === recipe.name;
}

function isOfSize(model: KnownModel, { size, parameters, convolutions }: EncoderSize): boolean {
  const { encoderParameters, encoderConvolutions } = model;
  if (encoderParameters === undefined) return false;
  if (size !== undefined && model.size !== undefined && model.size !== size) return false;
  const ratio = encoderConvolutions === undefined ? 1 : convolutions / encoderConvolutions;
  return (
    Math.abs(parameters / (encoderParameters * 1e6) - 1) <= PARAMETER_TOLERANCE &&
    ratio <= CONVOLUTION_RATIO &&
    ratio >= 1 / CONVOLUTION_RATIO
  );
}
