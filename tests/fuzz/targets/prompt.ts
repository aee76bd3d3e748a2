import { checkEverythingRequest } from '../../../src/prompts/everything.js';
import { parseJsonObject } from '../../../src/prompts/json.js';
import { ID_PATTERN, type PromptMessage, parsePromptMessage } from '../../../src/prompts/message.js';
import { type FrameSize, resolvePrompts } from '../../../src/prompts/resolve.js';
import { checkTracksRequest } from '../../../src/prompts/tracks.js';
import type { FramePrompt } from '../../../src/prompts/types.js';
import { mustHold, readOrRefuse } from '../refusal.js';
import type { FuzzTarget } from '../target.js';

/** As the config's default, `mqtt.maxPacketBytes`. */
export const MAX_BYTES = 262_144;
const LIMITS = { maxBytes: MAX_BYTES, maxPrompts: 64, maxPoints: 64 };
const FRAMES: readonly FrameSize[] = [
  { width: 1, height: 1 },
  { width: 640, height: 480 },
  { width: 7680, height: 4320 },
];
const SOURCES = ['/src/prompts/'];

/** The *prompt* message, on frames of several sizes. */
export const prompt: FuzzTarget = {
  name: 'prompt',
  form: 'json',
  maxBytes: MAX_BYTES,
  sources: SOURCES,
  run: (input) => {
    const message = readOrRefuse(() => parsePromptMessage(input, LIMITS));
    if (message === undefined) return;
    checkMessage(message);
    for (const frame of FRAMES) {
      const { prompts, failed } = resolvePrompts(message, frame);
      mustHold(prompts.length + failed.length === message.prompts.length, 'each prompt is served or fails');
      mustHold(
        failed.every(({ error }) => error.code === 'invalid_message'),
        'a prompt fails as invalid_message',
      );
      for (const resolved of prompts) checkResolved(resolved, frame);
    }
  },
};

function checkMessage(message: PromptMessage): void {
  const ids = message.prompts.map(({ id }) => id);
  mustHold(ids.length >= 1 && ids.length <= LIMITS.maxPrompts, 'there are 1 to 64 prompts');
  mustHold(new Set(ids).size === ids.length, 'ids of prompts are unique');
  mustHold(
    ids.every((id) => ID_PATTERN.test(id)),
    'ids are of the one form',
  );
  const { frame } = message;
  mustHold(frame === 'latest' || Object.values(frame).every(Number.isFinite), 'a frame is named by numbers');
}

export function checkResolved(
  { box, points, mask, refine }: FramePrompt,
  { width, height }: FrameSize,
): void {
  if (box !== undefined) {
    const [x1, y1, x2, y2] = box;
    mustHold(x1 >= 0 && y1 >= 0 && x2 <= width && y2 <= height, 'a box lies within the frame');
    mustHold(x1 < x2 && y1 < y2, 'a box is not empty');
  }
  mustHold(
    points.every(
      ({ x, y, label }) => x >= 0 && y >= 0 && x <= width && y <= height && (label === 0 || label === 1),
    ),
    'points lie within the frame',
  );
  mustHold(box !== undefined || points.length > 0 || mask !== undefined, 'a prompt asks for something');
  mustHold(mask === undefined || refine === undefined, 'a prompt starts from one mask');
}

/** `request/everything` and `request/tracks`: the same bytes to both. */
export const requests: FuzzTarget = {
  name: 'requests',
  form: 'json',
  maxBytes: MAX_BYTES,
  sources: SOURCES,
  run: (input) => {
    const value = readOrRefuse(() => parseJsonObject(input, MAX_BYTES));
    if (value === undefined) return;
    const everything = readOrRefuse(() => checkEverythingRequest(value));
    if (everything !== undefined) {
      mustHold(Object.values(everything.options).every(Number.isFinite), 'options are finite');
      mustHold((everything.boxes ?? []).flat().every(Number.isFinite), 'boxes are finite');
    }
    const tracks = readOrRefuse(() => checkTracksRequest(value));
    if (tracks?.change.kind === 'rename')
      mustHold(
        [...tracks.change.ids].flat().every((id) => ID_PATTERN.test(id)),
        'ids are of the one form',
      );
  },
};
