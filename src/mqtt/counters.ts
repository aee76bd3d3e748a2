import { ERROR_CODES, type ErrorCode } from '../errors.js';
import type { DropReason } from './outbox.js';

/** What happened on the link since the start: the `mqtt` part of `<base>/stats`. */
export interface Counters {
  /** Messages taken from the broker, by what they are. */
  prompts: number;
  requests: number;
  detections: number;
  /** Detections for another camera, or about an object that is gone. */
  detectionsIgnored: number;
  /** Errors about detections that were not told, since one of their kind had just been. */
  errorsLimited: number;
  /** Retained input, which is ignored. */
  retainedIgnored: number;
  /** Requests that were answered without being run again. */
  repeats: number;
  /** Masks messages made. */
  answers: number;
  /** Errors told to senders, by code; every code is there. */
  readonly errors: Record<ErrorCode, number>;
  /** Answers that never reached the broker, by reason. */
  readonly dropped: Record<Exclude<DropReason, 'stale'>, number>;
  /** Messages that nobody asked for and that were not sent: offline, or the connection was congested. */
  volatileDropped: number;
}

export function createCounters(): Counters {
  return {
    prompts: 0,
    requests: 0,
    detections: 0,
    detectionsIgnored: 0,
    errorsLimited: 0,
    retainedIgnored: 0,
    repeats: 0,
    answers: 0,
    errors: Object.fromEntries(ERROR_CODES.map((code) => [code, 0])) as Record<ErrorCode, number>,
    dropped: { overflow: 0, too_large: 0, refused: 0, undeliverable: 0 },
    volatileDropped: 0,
  };
}
