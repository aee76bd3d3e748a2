import type { CocoRle, MaskItem } from '../../../src/masks/types.js';
import type { Box } from './coordinates.js';
import { boxStep, type Draft, type Kept, pointsOf, type Session } from './session.js';

/** A prompt as docs/mqtt.md has it, as far as this page writes it. */
export interface PromptBody {
  readonly id: string;
  readonly label?: string;
  readonly points?: readonly { readonly x: number; readonly y: number; readonly label: 0 | 1 }[];
  readonly box?: Box;
  readonly mask?: CocoRle;
}

/** A prompt message as this page sends it. */
export interface PromptMessageBody {
  readonly frame: { readonly seq: number };
  readonly prompts: readonly PromptBody[];
  readonly multimask: boolean;
  readonly track: boolean;
  readonly maxAgeMs: number;
  readonly encodings: readonly ['rle'];
}

/** A person waits for the answer, rather than for a refusal because the model was busy for a second. */
const MAX_AGE_MS = 15_000;
/** What a single point that was meant as background needs; see {@link isAskable}. */
const FOREGROUND = 1;

/** Whether there is something to look for: background points alone name nothing. */
export function isAskable(draft: Draft): boolean {
  return boxStep(draft) !== null || pointsOf(draft).some(({ label }) => label === FOREGROUND);
}

/** All points and the box so far: each click asks anew for the same object on the same picture. */
export function draftMessage(session: Session, multimask: boolean): PromptMessageBody {
  return message(session, [promptOf(session.draft)], { multimask, track: false });
}

/**
 * What makes the objects of a held picture be followed: those kept, the one under work, and those chosen of everything.
 * Null where there is none.
 */
export function followMessage(session: Session): PromptMessageBody | null {
  const objects = [...session.kept, session].filter(hasMask).map(({ draft, answer }) => {
    const candidate = answer.masks[answer.chosen];
    return { ...promptOf(draft), ...boxOfChosen(candidate, answer.masks.length) };
  });
  const chosen = session.everything.filter(({ id }) => session.chosen.includes(id)).flatMap(promptOfFound);
  const prompts = [...objects, ...chosen];
  return prompts.length > 0 ? message(session, prompts, { multimask: false, track: true }) : null;
}

function hasMask(object: Pick<Kept, 'draft'> & { readonly answer: Kept['answer'] | null }): object is Kept {
  return object.answer !== null;
}

function message(
  { frame }: Session,
  prompts: readonly PromptBody[],
  { multimask, track }: { readonly multimask: boolean; readonly track: boolean },
): PromptMessageBody {
  return { frame: { seq: frame.seq }, prompts, multimask, track, maxAgeMs: MAX_AGE_MS, encodings: ['rle'] };
}

function promptOf(draft: Draft): PromptBody {
  const points = pointsOf(draft);
  const box = boxStep(draft);
  const label = draft.label.trim();
  return {
    id: draft.id,
    ...(label === '' ? {} : { label }),
    ...(points.length > 0 ? { points } : {}),
    ...(box ? { box } : {}),
  };
}

/**
 * Of several candidates the chosen one is named by its box, which every model understands; its own mask as a prompt
 * (`refine`) made samwire-tiny's half as large again. A single answer is what the same prompt gives again.
 */
function boxOfChosen(candidate: MaskItem | undefined, candidates: number): { readonly box?: Box } {
  return candidate?.box && candidates > 1 ? { box: candidate.box } : {};
}

function promptOfFound({ id, label, box }: MaskItem): PromptBody[] {
  return box ? [{ id: `found-${id}`, box, ...(label === undefined ? {} : { label }) }] : [];
}
