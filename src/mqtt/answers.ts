/** Answers as bytes: masks messages with their timing finished, errors, each within the packet size. */
import { SamwireError } from '../errors.js';
import { finishTiming } from '../masks/timing.js';
import type { MasksMessage } from '../masks/types.js';
import type { Answer } from './once.js';
import type { SegmentService } from './service.js';
import type { ErrorMessage } from './topics.js';

/** The digits of the timing can grow by this much between measuring a message and sending it. */
const TIMING_SLACK_BYTES = 64;

/**
 * The message's JSON. The timing is written last, after the long part has been made, so that `publishMs` counts it.
 * `sinceMs`: when the masks were there, on the clock of `performance.now()`.
 */
export function masksPayload(message: MasksMessage, sinceMs: number): FittedMasks {
  const { timing: unfinished, ...rest } = message;
  const head = JSON.stringify(rest);
  const timing = finishTiming(unfinished, performance.now() - sinceMs);
  const payload = Buffer.from(`${head.slice(0, -1)},"timing":${JSON.stringify(timing)}}`);
  return { payload, message: { ...message, timing } };
}

/** A masks message as it is sent. */
export interface FittedMasks {
  readonly payload: Buffer;
  /** What the payload says. */
  readonly message: MasksMessage;
}

export interface FitOptions {
  readonly maxPayloadBytes: number;
  readonly sinceMs: number;
  readonly service: Pick<SegmentService, 'degrade'>;
}

/**
 * The payload, made smaller where the broker's packet size demands it.
 * @throws SamwireError `too_large` when no form of it fits.
 */
export async function fittedMasks(
  message: MasksMessage,
  { maxPayloadBytes, sinceMs, service }: FitOptions,
): Promise<FittedMasks> {
  const whole = masksPayload(message, sinceMs);
  const { length } = whole.payload;
  if (length <= maxPayloadBytes) return whole;
  const smaller = masksPayload(await degraded(message, length, { maxPayloadBytes, service }), sinceMs);
  if (smaller.payload.length > maxPayloadBytes) throw tooLarge(smaller.payload.length, maxPayloadBytes);
  return smaller;
}

/**
 * The same as a message, to be part of a larger one: what is around it is already taken off `maxPayloadBytes`.
 * @throws SamwireError `too_large` when no form of it fits.
 */
export async function fittedMessage(
  message: MasksMessage,
  { maxPayloadBytes, sinceMs, service }: FitOptions,
): Promise<MasksMessage> {
  const bytes = Buffer.byteLength(JSON.stringify(message)) + TIMING_SLACK_BYTES;
  const fitted =
    bytes <= maxPayloadBytes ? message : await degraded(message, bytes, { maxPayloadBytes, service });
  return { ...fitted, timing: finishTiming(fitted.timing, performance.now() - sinceMs) };
}

async function degraded(
  message: MasksMessage,
  bytes: number,
  { maxPayloadBytes, service }: Omit<FitOptions, 'sinceMs'>,
): Promise<MasksMessage> {
  if (service.degrade === undefined) throw tooLarge(bytes, maxPayloadBytes);
  return (await service.degrade(message, maxPayloadBytes - TIMING_SLACK_BYTES)).message;
}

export function tooLarge(gotBytes: number, maxBytes: number): SamwireError {
  return new SamwireError(
    'too_large',
    `Expected an answer of at most ${maxBytes} bytes, got ${gotBytes} bytes. ` +
      'Ask for fewer prompts or smaller encodings, or raise mqtt.maxPacketBytes and the limit of the broker.',
  );
}

export function errorAnswer(
  error: SamwireError,
  from: {
    readonly requestId?: string | undefined;
    readonly camera?: string | undefined;
    readonly jobId?: string | undefined;
  },
): Answer {
  const requestId = from.requestId === undefined ? {} : { requestId: from.requestId };
  const message: ErrorMessage = {
    ...requestId,
    ...(from.camera === undefined ? {} : { camera: from.camera }),
    ...(from.jobId === undefined ? {} : { jobId: from.jobId }),
    ...error.toBody(),
  };
  return { kind: 'error', payload: Buffer.from(JSON.stringify(message)), ...requestId };
}
