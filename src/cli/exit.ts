import { ConfigError, SamwireError, UnavailableError } from '../errors.js';

/** Exit codes of every command (docs/errors.md). */
export const EXIT = { done: 0, failed: 1, usage: 2, unavailable: 69, device: 70, config: 78 } as const;

/** The exit code that an error ends a command with. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof ConfigError) return EXIT.config;
  if (error instanceof UnavailableError) return EXIT.unavailable;
  if (error instanceof SamwireError && error.code === 'device_failed') return EXIT.device;
  return EXIT.failed;
}

/** An error as a person should see it on a terminal: what is wrong, every fault with its path, no stack. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const faults =
    error instanceof ConfigError ? error.faults : error instanceof SamwireError ? error.details : [];
  const lines = faults
    .filter((fault) => !error.message.includes(fault.path) || !error.message.includes(fault.expected))
    .map((fault) => `  ${fault.path}: expected ${fault.expected}, got ${fault.got}`);
  return [error.message, ...lines].join('\n');
}
