import { ConfigError, type FaultDetail, SamwireError, UnavailableError } from '../errors.js';

/** Exit codes of every command (docs/errors.md). */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  unavailable: 69,
  device: 70,
  config: 78,
  interrupted: 130,
} as const;

/** The exit code that an error ends a command with. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof ConfigError) return EXIT.config;
  if (error instanceof UnavailableError) return EXIT.unavailable;
  if (error instanceof SamwireError && error.code === 'device_failed') return EXIT.device;
  return EXIT.failed;
}

/** A `got` this long is a sentence of its own, which no message holds by chance. */
const SENTENCE_CHARACTERS = 40;

function told({ path, expected, got }: FaultDetail, message: string): boolean {
  if (got.length >= SENTENCE_CHARACTERS && message.includes(got)) return true;
  return message.includes(path) && message.includes(expected);
}

/** An error as a person should see it on a terminal: what is wrong, every fault with its path, no stack. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const faults =
    error instanceof ConfigError ? error.faults : error instanceof SamwireError ? error.details : [];
  const lines = faults
    .filter((fault) => !told(fault, error.message))
    .map((fault) => `  ${fault.path}: expected ${fault.expected}, got ${fault.got}`);
  return [error.message, ...lines].join('\n');
}
