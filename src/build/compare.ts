import type { Trial } from './record.js';

/** A mask of an answer. */
export interface AnswerMask {
  /** Which of the decoder's candidates. */
  readonly index: number;
  /** Predicted IoU. */
  readonly score: number;
  readonly area: number;
  /** COCO compressed counts. */
  readonly counts: string;
}

/** What a model answers to one prompt of the self-test: the mask that it chooses, and its other candidates. */
export interface Answer {
  readonly id: string;
  readonly width: number;
  readonly height: number;
  readonly chosen: AnswerMask;
  readonly candidates: readonly AnswerMask[];
  /** Candidate 0 where the model chooses it for its stability (`mask.single` `stable`), and could choose otherwise. */
  readonly first?: AnswerMask;
}

/** Below this IoU with the onnx backend's mask on any prompt, engines are refused. */
export const MIN_IOU = 0.99;
/** A predicted IoU that is off by more is a wrong one. */
export const MAX_SCORE_DELTA = 0.05;
/**
 * Candidates whose predicted IoU is this near to the chosen one's are as good a choice: the last bits of the scores
 * decide between them, in the reference as well.
 */
const TIE = 0.01;
/**
 * So many prompts may have another candidate than the reference for its stability: where a mask is about as stable as SAM 2's
 * rule asks for, the last bits of its logits decide. Their masks are compared with the reference's of the same candidate.
 */
const MAX_SWINGS = 2;
/** A mask that is smaller or larger than these shares of its picture is next to nothing, or next to all. */
const TELLING = { min: 0.0005, max: 0.9 } as const;

export type Decode = (counts: string, width: number, height: number) => Uint8Array;

/** Whether a comparison with this mask says anything. */
export function isTelling({ chosen, width, height }: Answer): boolean {
  const share = chosen.area / (width * height);
  return share >= TELLING.min && share <= TELLING.max;
}

/**
 * Holds answers against the reference's, prompt by prompt. Where the scores of two candidates are a tie, either of
 * them will do; a choice by stability may be another one twice. A prompt without an answer has an IoU of 0; two empty masks are equal.
 */
export function compareAnswers(
  reference: readonly Answer[],
  answers: readonly Answer[],
  decode: Decode,
): Trial['prompts'] {
  let swings = 0;
  return reference.map((expected) => {
    const answer = answers.find(({ id }) => id === expected.id);
    if (answer === undefined) return { id: expected.id, iou: 0, scoreDelta: 1 };
    const swung = swungTo(expected, answer);
    if (swung && swings++ < MAX_SWINGS) return compared({ ...expected, chosen: swung }, answer, decode);
    return compared(expected, answer, decode);
  });
}

/** The reference's mask of the candidate that the answer has instead, where that may be for its stability. */
function swungTo({ chosen, candidates, first }: Answer, answer: Answer): AnswerMask | undefined {
  const { index } = answer.chosen;
  if (first === undefined || index === chosen.index || (index !== 0 && chosen.index !== 0)) return undefined;
  return index === 0 ? first : candidates.find((mask) => mask.index === index);
}

function compared(expected: Answer, answer: Answer, decode: Decode): Trial['prompts'][number] {
  const pairs = [
    ...tied(expected).map((mask) => [mask, answer.chosen] as const),
    ...tied(answer).map((mask) => [expected.chosen, mask] as const),
  ];
  const pixels = ({ counts }: AnswerMask) => decode(counts, expected.width, expected.height);
  const iou = Math.max(...pairs.map(([a, b]) => iouOf(pixels(a), pixels(b))));
  const scoreDelta = Math.abs(answer.chosen.score - expected.chosen.score);
  return { id: expected.id, iou: rounded(iou), scoreDelta: rounded(scoreDelta) };
}

export function passes(prompts: Trial['prompts']): boolean {
  return (
    prompts.length > 0 &&
    prompts.every(({ iou, scoreDelta }) => iou >= MIN_IOU && scoreDelta <= MAX_SCORE_DELTA)
  );
}

function tied({ chosen, candidates }: Answer): AnswerMask[] {
  return [chosen, ...candidates.filter(({ score }) => Math.abs(score - chosen.score) <= TIE)];
}

function iouOf(a: Uint8Array, b: Uint8Array): number {
  let [both, either] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    const [inA, inB] = [a[i] !== 0, b[i] !== 0];
    if (inA && inB) both++;
    if (inA || inB) either++;
  }
  return either === 0 ? 1 : both / either;
}

/** Rounded down, so that 0.98999 is not shown, and kept, as 0.99. */
function rounded(value: number): number {
  return Math.floor(value * 1e5) / 1e5;
}
