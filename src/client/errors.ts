import type { ErrorCode, FaultDetail } from '../errors.js';
import type { ErrorMessage } from '../mqtt/topics.js';

/** A node's own codes (docs/errors.md), and what can happen on this side. */
export type ClientErrorCode = ErrorCode | 'timeout' | 'aborted' | 'closed';

/** Why there are no masks: a node's final answer is an error, or there was none. */
export class ClientError extends Error {
  readonly code: ClientErrorCode;
  readonly details: readonly FaultDetail[];
  /** The error message as it came, where a node sent one. */
  readonly answer?: ErrorMessage;

  constructor(code: ClientErrorCode, message: string, answer?: ErrorMessage) {
    super(message);
    this.name = 'ClientError';
    this.code = code;
    this.details = answer?.details ?? [];
    if (answer !== undefined) this.answer = answer;
  }
}
