import { z } from 'zod';
import { type FaultDetail, SamwireError } from '../errors.js';

/** Faults that one error names; a message with more of them is not explained better by a longer list. */
export const MAX_DETAILS = 16;
const MAX_GOT_CHARACTERS = 40;
/** Of a path, which may have a sender's own keys in it. */
const MAX_PATH_CHARACTERS = 200;

const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * One JSON object out of a message.
 * @throws SamwireError `too_large` (nothing is parsed then), `invalid_json`, or `invalid_message` for JSON that is
 * no object. The payload itself is never part of the error.
 */
export function parseJsonObject(payload: Uint8Array | string, maxBytes: number): Record<string, unknown> {
  const value = parseJson(messageText(payload, maxBytes));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidMessage([{ path: '', expected: 'a JSON object', got: rendered(value) }]);
  }
  return value as Record<string, unknown>;
}

/**
 * The text of a message.
 * @throws SamwireError `too_large`, or `invalid_json` where it is not UTF-8.
 */
export function messageText(payload: Uint8Array | string, maxBytes: number): string {
  const sizeBytes = typeof payload === 'string' ? Buffer.byteLength(payload) : payload.byteLength;
  if (sizeBytes > maxBytes) {
    throw new SamwireError(
      'too_large',
      `Expected a message of at most ${maxBytes} bytes, got ${sizeBytes} bytes. It was not read.`,
      { details: [{ path: '', expected: `at most ${maxBytes} bytes`, got: `${sizeBytes} bytes` }] },
    );
  }
  return typeof payload === 'string' ? payload : decode(payload);
}

function decode(payload: Uint8Array): string {
  try {
    return decoder.decode(payload);
  } catch (cause) {
    throw new SamwireError(
      'invalid_json',
      `Expected JSON in UTF-8, got ${payload.byteLength} bytes that are not UTF-8.`,
      { cause },
    );
  }
}

/**
 * Any JSON value.
 * @throws SamwireError `invalid_json`; the text itself is never part of it.
 */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    // V8's own message quotes the payload; only the position is taken from it, where it gives one.
    const position = /at position (\d+)/.exec(String(cause))?.[1];
    const where = position === undefined ? '' : `, wrong at character ${position}`;
    const sizeBytes = Buffer.byteLength(text);
    throw new SamwireError('invalid_json', `Expected JSON, got ${sizeBytes} bytes that are not${where}.`);
  }
}

/** An `invalid_message` that names every fault, in words in its message and one by one in its details. */
export function invalidMessage(faults: readonly FaultDetail[]): SamwireError {
  return withDetails(faults.slice(0, MAX_DETAILS), faults.length);
}

function withDetails(details: readonly FaultDetail[], count: number): SamwireError {
  const first = details[0];
  const more = count > 1 ? ` (and ${count - 1} more)` : '';
  const what =
    first === undefined
      ? 'The message is not valid.'
      : `Expected ${first.expected}${first.path === '' ? '' : ` at ${first.path}`}, got ${first.got}${more}.`;
  return new SamwireError('invalid_message', what, { details });
}

/**
 * A value from outside, checked. The schemas' own error texts say what was expected.
 * @throws SamwireError `invalid_message` with all faults at once, at most {@link MAX_DETAILS} of them.
 */
export function check<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw withDetails(faultsOf(result.error, value), result.error.issues.length);
}

/**
 * What a schema found wrong with `value`, each fault with its place: the first {@link MAX_DETAILS}; there is one at
 * least.
 */
export function faultsOf({ issues }: z.ZodError, value: unknown): FaultDetail[] {
  return issues.slice(0, MAX_DETAILS).map((issue) => ({
    path: shortened(z.core.toDotPath(issue.path)),
    expected: issue.message,
    got: rendered(valueAt(value, issue.path)),
  }));
}

function shortened(path: string): string {
  return path.length <= MAX_PATH_CHARACTERS ? path : `${path.slice(0, MAX_PATH_CHARACTERS)}…`;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let current = value;
  for (const key of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, key)) return undefined;
    current = (current as Record<PropertyKey, unknown>)[key];
  }
  return current;
}

/** What came, short and safe to log: never more than some characters of it, control characters escaped. */
export function rendered(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) {
    const numbers = value.length <= 4 && value.every((item) => typeof item === 'number');
    return numbers ? `[${value.join(', ')}]` : `an array of ${value.length}`;
  }
  if (typeof value === 'object' && value !== null) return 'an object';
  if (typeof value !== 'string') return String(value);
  if (value.length <= MAX_GOT_CHARACTERS) return JSON.stringify(value);
  return `${JSON.stringify(value.slice(0, MAX_GOT_CHARACTERS))}… (${value.length} characters)`;
}
