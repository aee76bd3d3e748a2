import type { FrameHeader } from '../../../src/http/live/protocol.js';
import type { MaskItem } from '../../../src/masks/types.js';
import type { Box, Place } from './coordinates.js';

/** One thing that a person did to say what is meant; frame pixels. */
export type Step =
  | { readonly kind: 'point'; readonly x: number; readonly y: number; readonly label: 0 | 1 }
  | { readonly kind: 'box'; readonly box: Box };

/** An object as it is asked for. */
export interface Draft {
  /** Stays with the object: its mask's, and its track's. */
  readonly id: string;
  /** Empty: none. */
  readonly label: string;
  readonly steps: readonly Step[];
}

/** What the node said of a draft: one mask, or the candidates. */
export interface Answer {
  readonly masks: readonly MaskItem[];
  /** Index of the mask that counts. */
  readonly chosen: number;
}

/** An object of the held picture whose mask is settled. */
export interface Kept {
  readonly draft: Draft;
  readonly answer: Answer;
}

/** What is asked for on one held picture. */
export interface Session {
  readonly frame: FrameHeader;
  readonly draft: Draft;
  /** Of the draft as it was when it was asked for last. */
  readonly answer: Answer | null;
  readonly kept: readonly Kept[];
  /** Everything that was found without a prompt. */
  readonly everything: readonly MaskItem[];
  /** Ids of those among `everything` that a person chose. */
  readonly chosen: readonly string[];
}

/** @param ids that are in use elsewhere: of the tracks. */
export function beginSession(frame: FrameHeader, ids: readonly string[]): Session {
  return { frame, draft: newDraft(ids), answer: null, kept: [], everything: [], chosen: [] };
}

function newDraft(taken: readonly string[]): Draft {
  let number = 1;
  while (taken.includes(`object-${number}`)) number++;
  return { id: `object-${number}`, label: '', steps: [] };
}

/** A second box takes the place of the first when it is asked for; both stay, so that undo brings the first back. */
export function addStep(session: Session, step: Step): Session {
  const { draft } = session;
  return { ...session, draft: { ...draft, steps: [...draft.steps, step] } };
}

/** The last point or box back; of an object that is not begun, the one before is taken up again. */
export function undo(session: Session): Session {
  const { draft, kept } = session;
  if (draft.steps.length > 0) {
    const steps = draft.steps.slice(0, -1);
    return { ...session, draft: { ...draft, steps }, answer: steps.length > 0 ? session.answer : null };
  }
  const last = kept.at(-1);
  if (!last) return session;
  return { ...session, draft: last.draft, answer: last.answer, kept: kept.slice(0, -1) };
}

export function canUndo(session: Session | null): boolean {
  return session !== null && (session.draft.steps.length > 0 || session.kept.length > 0);
}

export function relabel(session: Session, label: string): Session {
  return { ...session, draft: { ...session.draft, label } };
}

/**
 * Whether `now` has all that `asked` had, and perhaps more: then an answer to `asked` still says something of it. What was
 * taken back meanwhile, and clicked elsewhere, has nothing of it.
 */
export function goesOn(asked: Draft, now: Draft): boolean {
  return asked.id === now.id && asked.steps.every((step, i) => step === now.steps[i]);
}

/** The node's masks of the draft: the one of the best score counts first. */
export function answered(session: Session, masks: readonly MaskItem[]): Session {
  let chosen = 0;
  masks.forEach(({ score }, i) => {
    if (score > (masks[chosen]?.score ?? 0)) chosen = i;
  });
  return { ...session, answer: masks.length > 0 ? { masks, chosen } : null };
}

export function choose(session: Session, index: number): Session {
  const { answer } = session;
  if (!answer?.masks[index]) return session;
  return { ...session, answer: { ...answer, chosen: index } };
}

/** The object under work joins the kept ones, and the next begins. Without a mask nothing changes. */
export function keep(session: Session, ids: readonly string[]): Session {
  const { draft, answer, kept } = session;
  if (!answer || draft.steps.length === 0) return session;
  const taken = [...ids, draft.id, ...kept.map((object) => object.draft.id)];
  return { ...session, draft: newDraft(taken), answer: null, kept: [...kept, { draft, answer }] };
}

export function discard(session: Session, id: string): Session {
  return { ...session, kept: session.kept.filter(({ draft }) => draft.id !== id) };
}

export function foundEverything(session: Session, masks: readonly MaskItem[]): Session {
  return { ...session, everything: masks, chosen: [] };
}

export function toggleChosen(session: Session, id: string): Session {
  const { chosen } = session;
  return {
    ...session,
    chosen: chosen.includes(id) ? chosen.filter((other) => other !== id) : [...chosen, id],
  };
}

/** A click chooses among what was found, and is no point, as long as nothing else was begun. */
export function isChoosing({ everything, draft, kept }: Session): boolean {
  return everything.length > 0 && draft.steps.length === 0 && kept.length === 0;
}

/** The mask that counts, under the object's own id and label. */
export function maskOf({
  draft,
  answer,
}: {
  readonly draft: Draft;
  readonly answer: Answer | null;
}): MaskItem | null {
  const mask = answer?.masks[answer.chosen];
  if (!mask) return null;
  const { label: _, ...rest } = mask;
  return { ...rest, id: draft.id, ...(draft.label === '' ? {} : { label: draft.label }) };
}

/** All masks that were asked for one by one, the one under work last. */
export function objectMasks(session: Session): MaskItem[] {
  return [...session.kept, session].map(maskOf).filter((mask) => mask !== null);
}

/** What is drawn on the held picture. */
export function allMasks(session: Session): MaskItem[] {
  return [...session.everything, ...objectMasks(session)];
}

/** What a download without further choice means: the chosen of everything, else the objects, else everything. */
export function downloadable(session: Session): MaskItem[] {
  const chosen = session.everything.filter(({ id }) => session.chosen.includes(id));
  const wanted = [...chosen, ...objectMasks(session)];
  return wanted.length > 0 ? wanted : [...session.everything];
}

/** A step's place, for its mark on the picture. */
export function pointsOf(draft: Draft): readonly (Place & { readonly label: 0 | 1 })[] {
  return draft.steps.flatMap((step) =>
    step.kind === 'point' ? [{ x: step.x, y: step.y, label: step.label }] : [],
  );
}

/** The box that counts: the last one. */
export function boxStep(draft: Draft): Box | null {
  return draft.steps.reduce<Box | null>((box, step) => (step.kind === 'box' ? step.box : box), null);
}
