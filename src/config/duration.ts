import { z } from 'zod';

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000 } as const;
type Unit = keyof typeof UNIT_MS;

const DURATION = /^([+-]?\d+(?:\.\d+)?) ?(ms|s|min|m|h|d)?$/;
const DURATION_WITH_UNIT = /^(?:([+-]?\d+(?:\.\d+)?) ?(ms|s|min|m|h|d)|0)$/;

export interface DurationOptions {
  /** The key's unit: what a number without a unit is in, and what the parsed value is in. */
  readonly unit: 'ms' | 's';
  /** Bounds, inclusive, in the key's unit. */
  readonly min: number;
  readonly max: number;
}

/**
 * A duration as users write it: a number in the key's unit, or text with a unit ("500ms", "2s", "5m", "1h", "1d").
 * Parses to a whole number in the key's unit.
 */
export function duration({ unit, min, max }: DurationOptions) {
  const expected = `a duration from ${min} to ${max} ${unit}: a whole number of ${unit}, or text with a unit such as "500ms", "2s", "5m", "1h"`;
  const error = { error: expected };
  return z
    .union([z.int(error).min(min, error).max(max, error), z.string(error).regex(DURATION, error)], error)
    .transform((value, context) => {
      const amount = typeof value === 'number' ? value : parse(value, unit);
      if (Number.isInteger(amount) && amount >= min && amount <= max) return amount;
      context.issues.push({ code: 'custom', message: expected, input: value });
      return z.NEVER;
    });
}

/** As {@link duration} for a key whose name has no unit: text with a unit, or 0. Parses to whole milliseconds. */
export function durationWithUnit({ minMs, maxMs }: { readonly minMs: number; readonly maxMs: number }) {
  const expected = `0 (never), or a duration from ${minMs}ms to ${maxMs / 3_600_000}h with its unit, such as "500ms", "2s", "5m", "1h"`;
  const error = { error: expected };
  return z
    .union([z.literal(0, error), z.string(error).regex(DURATION_WITH_UNIT, error)], error)
    .transform((value, context) => {
      const amount = value === 0 ? 0 : parse(value, 'ms');
      if (amount === 0 || (Number.isInteger(amount) && amount >= minMs && amount <= maxMs)) return amount;
      context.issues.push({ code: 'custom', message: expected, input: value });
      return z.NEVER;
    });
}

function parse(text: string, unit: Unit): number {
  const [, amount = '', suffix] = DURATION.exec(text) ?? [];
  const perUnit = UNIT_MS[(suffix as Unit | undefined) ?? unit] / UNIT_MS[unit];
  // 1.1 h is not a whole number of ms in binary; what is left after a millionth is the writer's own fraction.
  return Math.round(Number(amount) * perUnit * 1e6) / 1e6;
}
