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

/**
 * The models of the catalogue that an encoder can be: of that recipe or one that looks like it, of that size, and of about
 * as many parameters.
 * @param size of the encoder's input in pixels; undefined where it is open.
 */
export function likelyModels(
  recipe: Recipe,
  size: number | undefined,
  parameters: number,
): readonly KnownModel[] {
  return knownModels().filter(
    (model) =>
      (model.recipe === recipe.name || recipes().get(model.recipe ?? '')?.looksLike === recipe.name) &&
      model.encoderParameters !== undefined &&
      (size === undefined || model.size === undefined || model.size === size) &&
      Math.abs(parameters / (model.encoderParameters * 1e6) - 1) <= PARAMETER_TOLERANCE,
  );
}
