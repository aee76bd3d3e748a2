import { maskSecrets } from './secrets.js';

/**
 * The closed list of error codes that Samwire sends (docs/errors.md says what each means and how to mend it).
 */
export const ERROR_CODES = [
  'invalid_json',
  'invalid_message',
  'invalid_image',
  'invalid_config',
  'too_large',
  'too_many_prompts',
  'unknown_camera',
  'unknown_request',
  'unknown_track',
  'unauthorized',
  'forbidden',
  'no_frame',
  'frame_evicted',
  'unsupported_detections',
  'unsupported_prompt',
  'rate_limited',
  'overloaded',
  'expired',
  'model_failed',
  'device_failed',
  'internal',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** One fault inside a message, config or manifest: where it is, what was expected there, and what came. */
export interface FaultDetail {
  readonly path: string;
  readonly expected: string;
  readonly got: string;
}

/** What is sent on an errors topic, and what a prompt that fails alone carries among the masks. */
export interface ErrorBody {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details?: readonly FaultDetail[];
}

export interface SamwireErrorOptions {
  readonly details?: readonly FaultDetail[];
  readonly cause?: unknown;
}

/** An error that a sender is told of: its `code` is one of {@link ERROR_CODES}; nobody matches on its message. */
export class SamwireError extends Error {
  readonly code: ErrorCode;
  readonly details: readonly FaultDetail[];

  constructor(code: ErrorCode, message: string, options: SamwireErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'SamwireError';
    this.code = code;
    this.details = options.details ?? [];
  }

  toBody(): ErrorBody {
    return {
      code: this.code,
      message: this.message,
      ...(this.details.length > 0 ? { details: this.details } : {}),
    };
  }
}

/** A fault of a config file, with its place (both from 1) where the file has one, and the nearest known key. */
export interface ConfigFault extends FaultDetail {
  readonly line?: number;
  readonly column?: number;
  readonly suggestion?: string;
}

/** A configuration fault: every fault of the file at once. The process ends with exit code 78. */
export class ConfigError extends Error {
  readonly faults: readonly ConfigFault[];

  constructor(
    message: string,
    faults: readonly ConfigFault[] = [],
    options: { readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ConfigError';
    this.faults = faults;
  }
}

/** A thing that a one-shot command needs is not there (broker, model file, image). Exit code 69. */
export class UnavailableError extends Error {
  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'UnavailableError';
  }
}

/** What is not there now may be there later, though nobody mends anything: a service tries again. */
export class TransientError extends UnavailableError {
  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options);
    this.name = 'TransientError';
  }
}

/** Any thrown value as an error that a sender can be told of. What is not ours becomes `internal`. */
export function toSamwireError(thrown: unknown): SamwireError {
  if (thrown instanceof SamwireError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new SamwireError(
    'internal',
    `Internal error: ${maskSecrets(message)}. This is a bug in Samwire; please report it.`,
    {
      cause: thrown,
    },
  );
}
