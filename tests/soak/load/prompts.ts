/** A robot that prompts: every kind of prompt in turn, on both cameras, each answered once and in time. */

import { isClientError, type PromptInput } from '../../../src/client/client.js';
import type { MasksMessage } from '../../../src/masks/types.js';
import { type Paced, pace } from '../pace.js';
import { CAMERAS, type Site } from '../site.js';

/** Longer than a broker restart, a camera that opens and a loaded machine take together. */
const ANSWER_TIMEOUT_MS = 120_000;
const RETRY_MS = 3000;
/** Final answers that say no, and may: the machine is loaded, and frames are not held for ever. */
const ALLOWED = new Set(['overloaded', 'expired', 'no_frame', 'frame_evicted', 'rate_limited']);
/** Refinements of an answer whose logits or frame are gone by then. */
const ALLOWED_OF_REFINE = new Set([...ALLOWED, 'invalid_message']);

type Kind = (turn: number) => PromptInput;

const box = (turn: number): [number, number, number, number] => {
  const left = 300 + (turn % 40) * 20;
  return [left, 250, left + 500, 700];
};

const KINDS: readonly Kind[] = [
  (turn) => ({ box: box(turn), label: 'cup' }),
  (turn) => ({
    prompts: [
      {
        id: 'hand',
        points: [
          { x: 400 + (turn % 100) * 10, y: 500, label: 1 },
          { x: 20, y: 20, label: 0 },
        ],
      },
      { id: 'cup', box: box(turn) },
    ],
    encodings: ['rle', 'polygons'],
  }),
  (turn) => ({ box: box(turn), multimask: true, encodings: ['lowres'] }),
  () => ({ points: [{ x: 0.5, y: 0.5 }], normalized: true, encodings: ['png'] }),
  (turn) => ({
    prompts: Array.from({ length: 8 }, (_, i) => ({ id: `p${i}`, box: box(turn + 5 * i) })),
    encodings: [],
  }),
];

export interface PromptLoad {
  readonly perSecond: number;
  readonly onLatency: (frameToMasksMs: number) => void;
}

export function promptLoad(site: Site, { perSecond, onLatency }: PromptLoad): Paced {
  const { tally } = site;
  const ask = async (
    camera: string,
    message: PromptInput,
    allowed = ALLOWED,
  ): Promise<MasksMessage | null> => {
    tally.add('prompts asked');
    try {
      const options = { timeoutMs: ANSWER_TIMEOUT_MS, retryMs: RETRY_MS };
      const masks = await site.client.prompt(camera, { maxAgeMs: 10_000, ...message }, options);
      tally.add('prompts answered with masks');
      onLatency(masks.timing.captureToPublishMs);
      return masks;
    } catch (error) {
      const code = isClientError(error) ? error.code : 'not told';
      tally.add(`prompts answered with ${code}`);
      if (!allowed.has(code)) tally.fail(`A prompt for ${camera}: ${code}: ${error}`);
      return null;
    }
  };
  return pace({
    everyMs: 1000 / perSecond,
    atOnce: 24,
    onError: (error) => tally.fail(`${error}`),
    work: async (turn) => {
      const camera = CAMERAS[turn % 2] ?? 'front';
      const kind = KINDS[Math.floor(turn / 2) % KINDS.length];
      const masks = await ask(camera, kind?.(turn) ?? {});
      // Every tenth answer is looked at again on its own frame, as a person does who clicks a second time.
      if (masks && turn % 10 === 0) await ask(camera, refined(masks), ALLOWED_OF_REFINE);
    },
  });
}

function refined({ frame, masks }: MasksMessage): PromptInput {
  const id = masks[0]?.id ?? 'none';
  return {
    frame: { seq: frame.seq },
    prompts: [{ id: 'again', points: [{ x: frame.width / 2, y: frame.height / 2, label: 1 }], refine: id }],
  };
}
