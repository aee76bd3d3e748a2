import { describe, expect, it } from 'vitest';
import { draftMessage, followMessage, isAskable } from '../../console/src/stage/prompt.js';
import {
  addStep,
  allMasks,
  answered,
  beginSession,
  canUndo,
  choose,
  discard,
  downloadable,
  foundEverything,
  isChoosing,
  keep,
  maskOf,
  objectMasks,
  relabel,
  type Session,
  type Step,
  toggleChosen,
  undo,
} from '../../console/src/stage/session.js';
import type { MaskItem } from '../../src/masks/types.js';
import { checkPromptMessage, DEFAULT_PROMPT_LIMITS } from '../../src/prompts/message.js';

const FRAME = { camera: 'front', seq: 12, timestamp: 1000, width: 640, height: 480 };

const point = (x: number, y: number, label: 0 | 1 = 1): Step => ({ kind: 'point', x, y, label });
const box = (...corners: [number, number, number, number]): Step => ({ kind: 'box', box: corners });

function mask(id: string, score = 0.9): MaskItem {
  return {
    id,
    score,
    stability: 0.9,
    area: 4,
    box: [1, 2, 3, 4],
    centroid: [1, 2],
    rle: { size: [480, 640], counts: `of ${id}` },
  };
}

const begun = (...steps: Step[]): Session => steps.reduce(addStep, beginSession(FRAME, []));
const withMask = (session: Session): Session => answered(session, [mask(session.draft.id)]);

describe('an object under work', () => {
  it('is asked for with all its points and its last box, on the held frame', () => {
    const session = relabel(begun(point(1, 2), box(0, 0, 9, 9), point(3, 4, 0), box(5, 5, 20, 20)), ' cup ');
    expect(draftMessage(session, true)).toEqual({
      frame: { seq: 12 },
      prompts: [
        {
          id: 'object-1',
          label: 'cup',
          points: [
            { x: 1, y: 2, label: 1 },
            { x: 3, y: 4, label: 0 },
          ],
          box: [5, 5, 20, 20],
        },
      ],
      multimask: true,
      track: false,
      maxAgeMs: 15_000,
      encodings: ['rle'],
    });
  });

  it('makes a message that the node takes', () => {
    const session = begun(point(1, 2), box(0, 0, 9, 9));
    const message = JSON.parse(JSON.stringify(draftMessage(session, false)));
    expect(checkPromptMessage(message, DEFAULT_PROMPT_LIMITS).prompts).toHaveLength(1);
  });

  it('can be asked for once something says where it is', () => {
    expect(isAskable(begun().draft)).toBe(false);
    expect(isAskable(begun(point(1, 1, 0)).draft)).toBe(false);
    expect(isAskable(begun(point(1, 1, 0), point(5, 5)).draft)).toBe(true);
    expect(isAskable(begun(point(1, 1, 0), box(1, 1, 3, 3)).draft)).toBe(true);
  });

  it('takes the candidate of the best score, until a person chooses another', () => {
    const candidates = [mask('object-1#0', 0.5), mask('object-1#1', 0.95), mask('object-1#2', 0.7)];
    const session = answered(begun(point(1, 1)), candidates);
    expect(maskOf(session)).toMatchObject({ id: 'object-1', score: 0.95 });
    expect(maskOf(choose(session, 2))).toMatchObject({ id: 'object-1', score: 0.7 });
    expect(choose(session, 3)).toBe(session);
  });
});

describe('undo', () => {
  it('takes back one step after another, and the mask with the last', () => {
    let session = withMask(begun(point(1, 1), box(0, 0, 5, 5), box(1, 1, 8, 8)));
    session = undo(session);
    expect(draftMessage(session, false).prompts[0]?.box).toEqual([0, 0, 5, 5]);
    session = undo(session);
    expect(session.answer).not.toBeNull();
    session = undo(session);
    expect(session.draft.steps).toEqual([]);
    expect(session.answer).toBeNull();
    expect(canUndo(session)).toBe(false);
    expect(undo(session)).toBe(session);
  });

  it('takes up the object that was kept last', () => {
    const kept = keep(relabel(withMask(begun(point(1, 1))), 'cup'), []);
    expect(canUndo(kept)).toBe(true);
    const session = undo(kept);
    expect(session.draft).toMatchObject({ id: 'object-1', label: 'cup', steps: [point(1, 1)] });
    expect(session.kept).toEqual([]);
    expect(objectMasks(session).map(({ id }) => id)).toEqual(['object-1']);
  });
});

describe('kept objects', () => {
  it('leave room for the next one, whose id nobody has', () => {
    let session = keep(withMask(begun(point(1, 1))), ['object-2']);
    expect(session.draft).toEqual({ id: 'object-3', label: '', steps: [] });
    session = keep(withMask(addStep(session, point(4, 4))), ['object-2']);
    expect(session.kept.map(({ draft }) => draft.id)).toEqual(['object-1', 'object-3']);
    expect(discard(session, 'object-1').kept.map(({ draft }) => draft.id)).toEqual(['object-3']);
    expect(beginSession(FRAME, ['object-1']).draft.id).toBe('object-2');
  });

  it('need a mask', () => {
    const session = begun(point(1, 1));
    expect(keep(session, [])).toBe(session);
  });
});

describe('follow', () => {
  it('asks for all objects of the picture as tracks, each under its id and label', () => {
    let session = keep(relabel(withMask(begun(point(1, 1))), 'cup'), []);
    session = withMask(addStep(session, box(1, 1, 7, 7)));
    expect(followMessage(session)).toMatchObject({
      frame: { seq: 12 },
      track: true,
      multimask: false,
      prompts: [
        { id: 'object-1', label: 'cup', points: [{ x: 1, y: 1, label: 1 }] },
        { id: 'object-2', box: [1, 1, 7, 7] },
      ],
    });
    expect(checkPromptMessage({ ...followMessage(session) }, DEFAULT_PROMPT_LIMITS).track).toBe(true);
  });

  it('goes on from the candidate that was chosen, by its box', () => {
    const session = answered(begun(point(1, 1)), [
      mask('object-1#0'),
      mask('object-1#1'),
      { ...mask('object-1#2'), box: [3, 4, 9, 9] },
    ]);
    expect(followMessage(choose(session, 2))?.prompts[0]).toMatchObject({
      id: 'object-1',
      box: [3, 4, 9, 9],
    });
    expect(followMessage(withMask(begun(point(1, 1))))?.prompts[0]).not.toHaveProperty('box');
  });

  it('has nothing to ask for before there is a mask', () => {
    expect(followMessage(begun(point(1, 1)))).toBeNull();
    expect(followMessage(beginSession(FRAME, []))).toBeNull();
  });
});

describe('everything that was found', () => {
  const found = foundEverything(beginSession(FRAME, []), [mask('0'), mask('1'), mask('2')]);

  it('is chosen from by clicks, until an object is begun', () => {
    expect(isChoosing(found)).toBe(true);
    expect(isChoosing(addStep(found, box(1, 1, 4, 4)))).toBe(false);
    expect(isChoosing(beginSession(FRAME, []))).toBe(false);
    const chosen = toggleChosen(toggleChosen(toggleChosen(found, '0'), '2'), '0');
    expect(chosen.chosen).toEqual(['2']);
  });

  it('is downloaded as a whole, or what was chosen of it with the objects', () => {
    expect(downloadable(found).map(({ id }) => id)).toEqual(['0', '1', '2']);
    const session = withMask(addStep(toggleChosen(found, '1'), point(1, 1)));
    expect(downloadable(session).map(({ id }) => id)).toEqual(['1', 'object-1']);
    expect(allMasks(session).map(({ id }) => id)).toEqual(['0', '1', '2', 'object-1']);
  });

  it('can be followed by the boxes of what was chosen', () => {
    expect(followMessage(found)).toBeNull();
    expect(followMessage(toggleChosen(found, '1'))?.prompts).toEqual([{ id: 'found-1', box: [1, 2, 3, 4] }]);
  });
});
