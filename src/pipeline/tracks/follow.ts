/** `track: true` of a prompt message. */
import type { ErrorBody } from '../../errors.js';
import type { PromptMessage } from '../../prompts/message.js';
import type { Candidate, PromptResult } from '../../segment/segmenter.js';
import { candidatesById, type MaskExtra } from '../answer.js';
import type { SchedulerAnswer } from '../schedule/request.js';
import type { PromptSeed, Tracking } from './tracking.js';

export interface FollowedPrompts {
  /** Masks that are followed, by their ids in the answer. */
  readonly extra: ReadonlyMap<string, MaskExtra>;
  /** Prompts that can't be followed, by their ids. */
  readonly refused: ReadonlyMap<string, ErrorBody>;
}

export const FOLLOWS_NOTHING: FollowedPrompts = { extra: new Map(), refused: new Map() };

/**
 * Follows what a prompt message found, from the answer's frame on, which the caller holds. Of several candidates the
 * one of the best score is followed, under the prompt's id; an empty mask is not followed.
 */
export function followPrompts(
  tracking: Tracking,
  { camera, message, answer }: { camera: string; message: PromptMessage; answer: SchedulerAnswer },
): FollowedPrompts {
  const extra = new Map<string, MaskExtra>();
  const seeds: PromptSeed[] = [];
  for (const [i, { id, label }] of answer.prompts.entries()) {
    const best = bestOf(id, answer.results[i], message.multimask);
    if (!best) continue;
    const [maskId, candidate] = best;
    seeds.push({ id, candidate, ...(label === undefined ? {} : { label }) });
    extra.set(maskId, { track: { state: 'tracked', ageMs: 0 } });
  }
  const { ttlMs } = message;
  const refused = tracking.follow(camera, {
    frame: answer.frame,
    seeds,
    ...(ttlMs === undefined ? {} : { ttlMs }),
  });
  return { extra, refused };
}

function bestOf(
  id: string,
  result: PromptResult | undefined,
  multimask: boolean,
): readonly [string, Candidate] | undefined {
  if (!result || 'error' in result) return undefined;
  return candidatesById(id, result, multimask)
    .filter(([, { box }]) => box !== null)
    .sort(([, a], [, b]) => b.score - a.score)[0];
}
