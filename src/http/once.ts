import { type SamwireError, toSamwireError } from '../errors.js';
import type { MasksMessage } from '../masks/types.js';
import { masksPayload } from '../mqtt/answers.js';
import { type Answer, Once } from '../mqtt/once.js';
import type { NodeView } from './node-view.js';
import { statusOf } from './status.js';

/** Answers kept for repeats, whatever `mqtt.answerKeepMs`; of prompts and of pictures each. */
const MAX_KEPT_ANSWERS = 1000;
const MAX_KEPT_BYTES = 32 * 1024 * 1024;
/** An HTTP client tries again by itself after these (429, 503, 504): they are no final answer. */
const RETRIED_FROM_STATUS = 503;

export interface HttpAnswer extends Answer {
  /** Of an answer of kind `error`. */
  readonly error?: SamwireError;
}

/** Repeats of a request get its answer, unless it was refused for the time being only. */
export function onceByRequestId({ answerKeepMs }: Pick<NodeView, 'answerKeepMs'>): Once<HttpAnswer> {
  return new Once<HttpAnswer>({
    keepMs: answerKeepMs,
    maxAnswers: MAX_KEPT_ANSWERS,
    maxBytes: MAX_KEPT_BYTES,
    isFinal: ({ error }) => error === undefined || isFinal(error),
  });
}

function isFinal({ code }: SamwireError): boolean {
  const status = statusOf(code);
  return status < RETRIED_FROM_STATUS && status !== statusOf('rate_limited');
}

/** What `make` finds or throws, as an answer; `told` hears of masks. */
export async function answerOf(
  make: () => Promise<MasksMessage>,
  told: (message: MasksMessage) => void,
): Promise<HttpAnswer> {
  try {
    const masks = await make();
    const { payload, message } = masksPayload(masks, performance.now());
    told(message);
    return { kind: 'masks', payload };
  } catch (thrown) {
    const error = toSamwireError(thrown);
    return { kind: 'error', payload: Buffer.from(JSON.stringify(error.toBody())), error };
  }
}
