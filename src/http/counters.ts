import { ERROR_CODES, type ErrorCode } from '../errors.js';

/** What came over HTTP since the start: the `http` part of `<base>/stats`. */
export interface HttpCounters {
  /** To any path. */
  requests: number;
  /** Prompts and pictures that were answered without being run again. */
  repeats: number;
  /** Masks messages made. */
  answers: number;
  /** Errors told, by code; every code is there. */
  readonly errors: Record<ErrorCode, number>;
  readonly console: {
    /** Pages that are connected now. */
    pages: number;
    /** Pictures sent to pages. */
    frames: number;
    /** Masks messages left out, because newer ones came before a page was free. */
    masksDropped: number;
  };
}

export function createHttpCounters(): HttpCounters {
  return {
    requests: 0,
    repeats: 0,
    answers: 0,
    errors: Object.fromEntries(ERROR_CODES.map((code) => [code, 0])) as Record<ErrorCode, number>,
    console: { pages: 0, frames: 0, masksDropped: 0 },
  };
}
