import type { FailedMaskItem, MaskItem } from '../../../src/masks/types.js';
import { ApiError } from '../api/request.js';

/** A line for the person at the picture: what came about, or what went wrong and what to do. */
export interface Note {
  readonly kind: 'result' | 'hint' | 'error';
  readonly text: string;
  /** Of an error: what to do. */
  readonly remedy?: string;
}

const CLICK_ELSEWHERE = 'Click another place, or drag a box round the object.';
const GO_LIVE = 'Press Live, then click again.';
const SAY_LESS = 'Undo, or drag a box round the object instead.';

/** What a person at the picture does about it; docs/errors.md is for who writes a client. */
const REMEDIES: Readonly<Partial<Record<ApiError['code'], string>>> = {
  frame_evicted: GO_LIVE,
  no_frame: 'Look at the state of the camera.',
  expired: 'The model was busy with other work. Try again.',
  overloaded: 'Try again in a moment.',
  rate_limited: 'Wait a second, then try again.',
  unsupported_prompt: SAY_LESS,
  too_many_prompts: 'Keep fewer objects at once.',
  too_large: 'Choose a coarser grid.',
  unauthorized: 'Log in again.',
  unknown_camera: 'Load the page again.',
  unreachable: 'The page connects again by itself; then try again.',
  model_failed: 'Try again; the log of the node says more.',
  device_failed: 'The node starts anew; then try again.',
  internal: 'Try again; the log of the node says more.',
};

const WHAT: Readonly<Partial<Record<ApiError['code'], string>>> = {
  frame_evicted: 'This picture is not held any more.',
  expired: 'No answer in time.',
};

/** Of what was asked of the node. */
export function errorNote(thrown: unknown): Note {
  if (!(thrown instanceof ApiError))
    return {
      kind: 'error',
      text: thrown instanceof Error ? thrown.message : String(thrown),
      remedy: GO_LIVE,
    };
  return failure(thrown.code, thrown.message);
}

/** Of a prompt that failed among others. */
export function failedNote({ error }: FailedMaskItem): Note {
  return failure(error.code, error.message);
}

function failure(code: ApiError['code'], message: string): Note {
  const remedy = REMEDIES[code];
  return { kind: 'error', text: WHAT[code] ?? message, ...(remedy === undefined ? {} : { remedy }) };
}

/** Of an answer to a prompt: "cup: score 0.94". */
export function answerNote(name: string, masks: readonly MaskItem[], chosen: MaskItem | null): Note {
  if (!chosen?.box) return { kind: 'error', text: 'Nothing was found there.', remedy: CLICK_ELSEWHERE };
  const score = scoreText(chosen.score);
  if (masks.length > 1)
    return { kind: 'result', text: `${masks.length} candidates for ${name}; the best has score ${score}` };
  return { kind: 'result', text: `${name}: score ${score}` };
}

export function everythingNote(count: number): Note {
  if (count === 0) return { kind: 'error', text: 'No masks were found.', remedy: 'Try the finer grid.' };
  return { kind: 'result', text: `${count} ${count === 1 ? 'mask' : 'masks'} found` };
}

export function followNote(names: readonly string[]): Note {
  return { kind: 'result', text: `Following ${names.join(', ')}` };
}

/** Why a track ended. */
export function endedText(name: string, reason: 'removed' | 'expired' | 'lost' | 'left'): string {
  const why = {
    removed: 'is followed no more',
    expired: 'is followed no more: its time is over',
    lost: 'was lost',
    left: 'has left the picture',
  };
  return `${name} ${why[reason]}`;
}

export function scoreText(score: number): string {
  return score.toFixed(2);
}

export function nameOf({ id, label }: { readonly id: string; readonly label?: string }): string {
  return label?.trim() || id;
}
