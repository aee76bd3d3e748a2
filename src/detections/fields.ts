/** What detectors write in more than one way: numbers as text, ids as numbers, scores that mean "none". */
import { z } from 'zod';
import type { FrameSize } from '../prompts/resolve.js';
import type { Box } from '../prompts/types.js';

/** No frame is that large; beyond it float32 loses single pixels. */
const MAX_COORDINATE = 1e7;
const MAX_SIDE = 65_536;
const MAX_LABEL_CHARACTERS = 256;
/** Scores that rounding has put a little outside of 0..1. */
const SCORE_SLACK = 0.01;
/** The last millisecond that a JavaScript Date can express. */
const MAX_TIMESTAMP_MS = 8.64e15;

const asNumber = (value: unknown): unknown =>
  typeof value === 'string' && value.trim() !== '' ? Number(value) : value;

const numberOf = (min: number, max: number, expected: string) =>
  z.preprocess(
    asNumber,
    z.number({ error: expected }).min(min, { error: expected }).max(max, { error: expected }),
  );

/**
 * A number, also as text; NaN for anything else. `Number` would make texts of arrays, and arrays within arrays by the
 * ten thousand end its stack.
 */
export function numberIn(value: unknown): number {
  return typeof value === 'number' || typeof value === 'string' ? Number(value) : Number.NaN;
}

/** A finite coordinate, as a number or as text. */
export const coordinate = numberOf(
  -MAX_COORDINATE,
  MAX_COORDINATE,
  `a number from -${MAX_COORDINATE} to ${MAX_COORDINATE}`,
);

/** An array of four coordinates. */
export const fourNumbers = z.tuple([coordinate, coordinate, coordinate, coordinate], {
  error: 'four numbers',
});

/** Absent, null and empty are one. */
export const optional = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => (value === null || value === '' ? undefined : value), schema.optional());

/** 0..1; DeepStream writes a negative one where it has none. */
export const score = optional(
  numberOf(Number.NEGATIVE_INFINITY, 1 + SCORE_SLACK, 'a score from 0 to 1').transform((value) =>
    value < -SCORE_SLACK ? undefined : Math.min(1, Math.max(0, value)),
  ),
);

/** A class by its name, or by its number where it has none. */
export const label = optional(
  z
    .union([z.string(), z.number(), z.boolean()], { error: "a class's name or number" })
    .transform((value) => shortened(String(value))),
);

/** `-1`, and what does not fit a double, stand for "not tracked". */
export const id = optional(
  z.union([z.string(), z.number()], { error: 'an id as text or number' }).transform((value) => {
    if (typeof value === 'number')
      return Number.isSafeInteger(value) && value >= 0 ? String(value) : undefined;
    return UNTRACKED.has(value) ? undefined : value;
  }),
);

/** DeepStream's UNTRACKED_OBJECT_ID, 2^64 - 1, which is no double. */
const UNTRACKED: ReadonlySet<string> = new Set(['18446744073709551615', '-1']);

/** A name that says where a payload comes from. */
export const source = optional(
  z.union([z.string(), z.number()], { error: 'a name' }).transform((value) => String(value)),
);

const side = numberOf(1, MAX_SIDE, `pixels from 1 to ${MAX_SIDE}`);
/** `{width, height}`. */
export const sizeObject: z.ZodType<FrameSize> = z.object(
  { width: side, height: side },
  { error: '{"width", "height"} in pixels' },
);
/** `[width, height]`. */
export const sizeTuple = z
  .tuple([side, side], { error: '[width, height] in pixels' })
  .transform(([width, height]): FrameSize => ({ width, height }));

const TIME = 'a time after 1970';
/** Seconds since the Unix epoch, as milliseconds. */
export const epochSeconds = numberOf(0, MAX_TIMESTAMP_MS / 1000, 'seconds since the Unix epoch').transform(
  (seconds) => seconds * 1000,
);
/** ISO 8601, as milliseconds since the Unix epoch. */
export const isoTime = z
  .string({ error: 'a time by ISO 8601' })
  .transform((text) => Date.parse(text))
  .pipe(z.number({ error: 'a time by ISO 8601' }).min(0, { error: TIME }));

/** A box by its centre and size. */
export function centred(x: number, y: number, width: number, height: number): Box {
  return [x - width / 2, y - height / 2, x + width / 2, y + height / 2];
}

/** The keys that are there, so that an absent one stays absent. */
export function present<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shortened(text: string): string {
  if (text.length <= MAX_LABEL_CHARACTERS) return text;
  const cut = text.slice(0, MAX_LABEL_CHARACTERS);
  // Not through a surrogate pair.
  return /[\uD800-\uDBFF]$/.test(cut) ? cut.slice(0, -1) : cut;
}
