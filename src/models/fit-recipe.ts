import { declaredCandidates } from './decoder-outputs.js';
import { givesProposals } from './looks.js';
import { PROMPT_CHANNELS } from './manifest.js';
import type { Networks } from './networks.js';
import { type Recipe, recipeNamed } from './recipes.js';

/** A recipe as it must be for these networks, and what was changed; a sentence each. */
export interface FittedRecipe {
  readonly recipe: Recipe;
  readonly changed: readonly string[];
}

/**
 * Fits a recipe to what exporters may leave out or add: candidates, scores, channels, a detector, boxes of the encoder.
 * `candidates` are the masks that a decoder was found to give for a prompt.
 */
export function fitRecipe(recipe: Recipe, networks: Networks, candidates: number | undefined): FittedRecipe {
  const steps = [fitChannels, fitScores, fitDetector, fitProposals];
  const first = fitCandidates(
    recipe,
    candidates ?? declaredCandidates((networks.decoder ?? networks.encoder).graph),
  );
  return steps.reduce<FittedRecipe>((fitted, step) => {
    const next = step(fitted.recipe, networks);
    return { recipe: next.recipe, changed: [...fitted.changed, ...next.changed] };
  }, first);
}

/** One mask a prompt, or the three of multimask: then the recipe's indices move. */
function fitCandidates(recipe: Recipe, count: number | undefined): FittedRecipe {
  const { mask } = recipe;
  if (mask === undefined || count === undefined) return { recipe, changed: [] };
  const needed = Math.max(...mask.multi, typeof mask.single === 'number' ? mask.single : 0) + 1;
  if (count >= needed) return { recipe, changed: [] };
  const { stability: _, ...rest } = mask;
  const multi = [...Array(count).keys()];
  if (count > 1)
    return {
      recipe: { ...recipe, mask: { ...rest, single: 'best-score', multi } },
      changed: [
        `The decoder gives ${count} candidates where ${recipe.name} has ${needed}: mask.single is "best-score" of all of them.`,
      ],
    };
  return {
    recipe: { ...recipe, mask: { ...rest, single: 0, multi } },
    changed: [
      'The decoder gives one mask a prompt (it was exported with a single mask): mask.single is 0, and "multimask" brings no others.',
    ],
  };
}

/** An early-fusion network's channels are as many as its input has beside the picture's three. */
function fitChannels(recipe: Recipe, { encoder }: Networks): FittedRecipe {
  if (recipe.family !== 'early-fusion') return { recipe, changed: [] };
  const { inputs } = encoder.graph;
  const apart = inputs.find(({ name }) => name === 'prompt');
  const depth = Number((apart ?? inputs[0])?.shape?.[1]) - (apart ? 0 : 3);
  if (depth !== PROMPT_CHANNELS.length) return { recipe, changed: [] };
  return {
    recipe: { ...recipe, prompt: { ...recipe.prompt, channels: [...PROMPT_CHANNELS] } },
    changed: [`The prompt has ${depth} channels, taken for ${PROMPT_CHANNELS.join(', ')} in this order.`],
  };
}

/** Without scores no candidate is the best. */
function fitScores(recipe: Recipe, { encoder }: Networks): FittedRecipe {
  const { mask, family } = recipe;
  const scored = encoder.graph.outputs.some(({ name }) => name === 'iou_predictions' || name === 'scores');
  if (family !== 'early-fusion' || mask === undefined || scored) return { recipe, changed: [] };
  const [single = 0] = mask.multi;
  return {
    recipe: { ...recipe, mask: { ...mask, single } },
    changed: [`The network gives no scores: mask.single is candidate ${single}.`],
  };
}

function fitDetector(recipe: Recipe, { decoder, detector }: Networks): FittedRecipe {
  if (decoder === undefined) return { recipe, changed: [] };
  if (detector === undefined)
    return {
      recipe,
      changed: recipe.detector
        ? ['There is no detector file: the strategy "boxes" finds no boxes of its own.']
        : [],
    };
  const block = recipe.detector ?? recipeNamed('mobilesamv2').detector;
  return {
    recipe: { ...recipe, ...(block ? { detector: block } : {}) },
    changed: [
      `${detector.file} is a YOLO detector, for the strategy "boxes" of segment everything: thresholds are MobileSAMv2's, the ` +
        'picture is prepared as Ultralytics does.',
    ],
  };
}

function fitProposals(recipe: Recipe, { encoder, decoder }: Networks): FittedRecipe {
  const { proposals } = recipeNamed('lite-sam');
  if (decoder === undefined || recipe.proposals || !proposals || !givesProposals(encoder.graph))
    return { recipe, changed: [] };
  return {
    recipe: { ...recipe, proposals },
    changed: [
      `${encoder.file} gives boxes of its own (proposals), for the strategy "boxes" of segment everything.`,
    ],
  };
}
