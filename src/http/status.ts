import type { ErrorCode } from '../errors.js';

/** Faults of a request's form have a status of their own besides: 405, 408, 415, 431 (errors.ts). */
const CODES: readonly (readonly [status: number, codes: readonly ErrorCode[]])[] = [
  [400, ['invalid_json', 'invalid_message', 'invalid_image', 'unsupported_detections']],
  [401, ['unauthorized']],
  [403, ['forbidden']],
  [404, ['unknown_camera', 'unknown_request', 'unknown_track']],
  [410, ['frame_evicted']],
  [413, ['too_large', 'too_many_prompts']],
  [422, ['unsupported_prompt', 'invalid_config']],
  [429, ['rate_limited']],
  [500, ['internal', 'model_failed', 'device_failed']],
  [503, ['no_frame', 'overloaded']],
  [504, ['expired']],
];
const STATUS = new Map(CODES.flatMap(([status, codes]) => codes.map((code) => [code, status] as const)));

/** The HTTP status of an error by its code. */
export function statusOf(code: ErrorCode): number {
  return STATUS.get(code) ?? 500;
}
