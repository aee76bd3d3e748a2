import { PROPOSALS } from './check-proposals.js';
import type { GraphIO } from './contract.js';
import { COORDS, EMBEDDINGS } from './decoder-roles.js';

/** Names of a network's logits. */
const LOGITS: readonly string[] = ['masks', 'low_res_masks'];

/** What an ONNX file can be, from outside. */
export type Look = 'encoder' | 'decoder' | 'yolo' | 'fusion';

/**
 * - `decoder`: takes points, as the SAM family's decoders all do, and its encoders never;
 * - `yolo`: one picture in, a list of candidates out ([1, rows, candidates]);
 * - `fusion`: no points in, logits of masks out: prompts are channels of its input;
 * - `encoder`: anything else.
 */
export function lookOf({ inputs, outputs }: GraphIO): Look {
  if (inputs.some(({ name }) => COORDS.includes(name))) return 'decoder';
  if (outputs.some(({ name }) => EMBEDDINGS.includes(name))) return 'encoder';
  if (outputs.some(({ name }) => LOGITS.includes(name))) return 'fusion';
  const list = outputs.some(({ name, shape }) => name !== PROPOSALS && shape?.length === 3);
  return list && inputs.length === 1 ? 'yolo' : 'encoder';
}

export function givesProposals({ outputs }: GraphIO): boolean {
  return outputs.some(({ name }) => name === PROPOSALS);
}
