/** The *prompt* message of docs/mqtt.md: what a sender may write, and what the pipeline gets of it. */
import { z } from 'zod';
import { type FaultDetail, SamwireError } from '../errors.js';
import { type CocoRle, MASK_ENCODINGS, type MaskEncoding } from '../masks/types.js';
import { check, invalidMessage, parseJsonObject } from './json.js';
import type { Box, PromptPoint } from './types.js';

/** Ids of requests, prompts, cameras, nodes and transactions. */
export const ID_PATTERN = /^[A-Za-z0-9._:-]{1,64}$/;
const ID_EXPECTED = 'an id of 1 to 64 characters out of A-Z a-z 0-9 . _ : -';
/** Also what `refine` names: one of several candidates is `cup#1`. */
const ANSWER_ID_PATTERN = /^[A-Za-z0-9._:-]{1,64}(#[0-9]{1,2})?$/;

/** No frame is that large; beyond it float32 loses single pixels. */
const MAX_COORDINATE = 1e7;
const MAX_LABEL_CHARACTERS = 256;
/** Of one prompt. What the model takes may be less (`unsupported_prompt`). */
const MAX_POINTS = 64;
const MAX_AGE_MS = 3_600_000;
const MAX_TTL_MS = 86_400_000;
/** The last millisecond that a JavaScript Date can express. */
const MAX_TIMESTAMP = 8.64e15;
const DEFAULT_TOLERANCE_MS = 50;

/** A request's, camera's, node's or transaction's id. */
export const idSchema = z.string({ error: ID_EXPECTED }).regex(ID_PATTERN, { error: ID_EXPECTED });

/** A number from `min` to `max`; `expected` says so in words. */
export function numberSchema(min: number, max: number, expected: string): z.ZodNumber {
  return z.number({ error: expected }).min(min, { error: expected }).max(max, { error: expected });
}

export function booleanSchema(): z.ZodBoolean {
  return z.boolean({ error: 'true or false' });
}

const coordinate = numberSchema(
  -MAX_COORDINATE,
  MAX_COORDINATE,
  `a number from -${MAX_COORDINATE} to ${MAX_COORDINATE}`,
);
/** A box as senders write it: not yet held against a frame. */
export const boxSchema = z.tuple([coordinate, coordinate, coordinate, coordinate], {
  error: 'a box [x1, y1, x2, y2]',
});
const dimension = z.int({ error: 'a whole number of pixels' }).min(1, { error: 'at least 1' });

const pointSchema = z.object(
  {
    x: coordinate,
    y: coordinate,
    label: z.union([z.literal(0), z.literal(1)], { error: '1 (foreground) or 0 (background)' }).optional(),
  },
  { error: 'a point {"x": number, "y": number, "label": 0 or 1}' },
);

const maskSchema = z.object(
  {
    size: z.tuple([dimension, dimension], { error: '[height, width]' }),
    counts: z
      .string({ error: 'the counts of a COCO compressed RLE' })
      .min(1, { error: 'the counts of a COCO compressed RLE' }),
  },
  { error: 'a mask {"size": [height, width], "counts": string}' },
);

const promptFields = {
  id: idSchema.optional(),
  label: z
    .string({ error: 'a string' })
    .max(MAX_LABEL_CHARACTERS, { error: `at most ${MAX_LABEL_CHARACTERS} characters` })
    .optional(),
  box: boxSchema.optional(),
  // Counted before its points are looked at: a message has room for faults by the hundred thousand.
  points: z
    .array(pointSchema, { error: 'an array of points' })
    .max(MAX_POINTS, { error: `at most ${MAX_POINTS} points` })
    .optional(),
  mask: maskSchema.optional(),
  refine: z
    .string({ error: 'the id of an earlier answer' })
    .regex(ANSWER_ID_PATTERN, { error: 'the id of an earlier answer' })
    .optional(),
};

const seqExpected = 'the whole number of a frame';
const timestampExpected = 'milliseconds since the Unix epoch';
/** Which frame is meant ({@link frameOf}). */
export const frameSchema = z.union(
  [
    z.literal('latest'),
    z.object({ seq: z.int({ error: seqExpected }).min(0, { error: seqExpected }) }),
    z.object({
      timestamp: numberSchema(0, MAX_TIMESTAMP, timestampExpected),
      toleranceMs: numberSchema(0, MAX_AGE_MS, `milliseconds from 0 to ${MAX_AGE_MS}`).optional(),
    }),
  ],
  { error: '"latest", {"seq": number} or {"timestamp": ms, "toleranceMs": ms}' },
);

export const maxAgeSchema = numberSchema(0, MAX_AGE_MS, `milliseconds from 0 to ${MAX_AGE_MS}`);

export const encodingsSchema = z
  .array(z.enum(MASK_ENCODINGS, { error: `one of ${MASK_ENCODINGS.join(', ')}` }), {
    error: `an array of ${MASK_ENCODINGS.join(', ')}`,
  })
  .max(MASK_ENCODINGS.length, { error: 'each encoding once' });

export const promptSchema = z.object(promptFields, { error: 'a prompt object' });
type RawPrompt = z.infer<typeof promptSchema>;

/** The message as senders write it; `z.toJSONSchema` turns it into the schema of the docs. */
export const promptMessageSchema = z.object({
  ...promptFields,
  requestId: idSchema.optional(),
  frame: frameSchema.optional(),
  prompts: z
    .array(promptSchema, { error: 'an array of prompts' })
    .min(1, { error: 'at least one prompt' })
    .optional(),
  normalized: booleanSchema().optional(),
  multimask: booleanSchema().optional(),
  track: booleanSchema().optional(),
  ttlMs: numberSchema(1, MAX_TTL_MS, `milliseconds from 1 to ${MAX_TTL_MS}`).optional(),
  maxAgeMs: maxAgeSchema.optional(),
  encodings: encodingsSchema.optional(),
});
type RawMessage = z.infer<typeof promptMessageSchema>;

/** A prompt before its frame is known: its coordinates may be normalized, or outside every frame. */
export interface MessagePrompt {
  readonly id: string;
  readonly label?: string;
  readonly points: readonly PromptPoint[];
  readonly box?: Box;
  readonly mask?: CocoRle;
  readonly refine?: string;
}

export interface PromptMessage {
  readonly requestId?: string;
  readonly frame:
    | 'latest'
    | { readonly seq: number }
    | { readonly timestamp: number; readonly toleranceMs: number };
  /** At least one; ids are unique. */
  readonly prompts: readonly MessagePrompt[];
  /** Coordinates are 0..1 of the frame's width and height. */
  readonly normalized: boolean;
  readonly multimask: boolean;
  /** The objects are followed over the frames that come. */
  readonly track: boolean;
  /** With `track`: for this long at most. */
  readonly ttlMs?: number;
  readonly maxAgeMs?: number;
  /** Absent: the node's own choice (`outputs.encodings`). */
  readonly encodings?: readonly MaskEncoding[];
}

export interface PromptLimits {
  /** Bytes of a message; a larger one is refused unread. */
  readonly maxBytes: number;
  readonly maxPrompts: number;
  /** Points of one prompt, {@link MAX_POINTS} at most. */
  readonly maxPoints: number;
}

/** 1 MiB holds 64 prompts with a mask of 16 kB each. */
export const DEFAULT_PROMPT_LIMITS: PromptLimits = {
  maxBytes: 1024 * 1024,
  maxPrompts: 64,
  maxPoints: MAX_POINTS,
};

/**
 * A prompt message, checked.
 * @throws SamwireError `too_large`, `invalid_json`, `too_many_prompts`, or `invalid_message` with all faults at once.
 */
export function parsePromptMessage(payload: Uint8Array | string, limits: PromptLimits): PromptMessage {
  return checkPromptMessage(parseJsonObject(payload, limits.maxBytes), limits);
}

/** The second half of {@link parsePromptMessage}, for who has read the JSON already. */
export function checkPromptMessage(value: Record<string, unknown>, limits: PromptLimits): PromptMessage {
  const count = Array.isArray(value.prompts) ? value.prompts.length : 1;
  if (count > limits.maxPrompts) {
    throw new SamwireError(
      'too_many_prompts',
      `Expected at most ${limits.maxPrompts} prompts in a message, got ${count}. Send them in several messages.`,
      { details: [{ path: 'prompts', expected: `at most ${limits.maxPrompts}`, got: String(count) }] },
    );
  }
  const raw = check(promptMessageSchema, value);
  const faults: FaultDetail[] = [];
  const prompts = collectPrompts(raw, limits, faults);
  if (raw.ttlMs !== undefined && raw.track !== true)
    faults.push({
      path: 'track',
      expected: 'true, because ttlMs is set',
      got: String(raw.track ?? 'nothing'),
    });
  if (faults.length > 0) throw invalidMessage(faults);
  return {
    ...(raw.requestId === undefined ? {} : { requestId: raw.requestId }),
    frame: frameOf(raw.frame),
    prompts,
    normalized: raw.normalized ?? false,
    multimask: raw.multimask ?? false,
    track: raw.track ?? false,
    ...(raw.ttlMs === undefined ? {} : { ttlMs: raw.ttlMs }),
    ...(raw.maxAgeMs === undefined ? {} : { maxAgeMs: raw.maxAgeMs }),
    ...(raw.encodings === undefined ? {} : { encodings: [...new Set(raw.encodings)] }),
  };
}

/**
 * The `requestId` of a message that may be invalid otherwise, so that its error can name it. An id that breaks the
 * rule for ids (1 to 64 characters out of `A-Z a-z 0-9 . _ : -`, as all ids) is not repeated: undefined.
 */
export function requestIdOf(value: Record<string, unknown>): string | undefined {
  const { requestId } = value;
  return typeof requestId === 'string' && ID_PATTERN.test(requestId) ? requestId : undefined;
}

/** The frame that a message names; the newest where it names none. */
export function frameOf(raw: RawMessage['frame']): PromptMessage['frame'] {
  if (raw === undefined || raw === 'latest') return 'latest';
  if ('seq' in raw) return { seq: raw.seq };
  return { timestamp: raw.timestamp, toleranceMs: raw.toleranceMs ?? DEFAULT_TOLERANCE_MS };
}

/** The list of prompts, or the one at the top level; adds to `faults` what a schema can't say. */
function collectPrompts(raw: RawMessage, limits: PromptLimits, faults: FaultDetail[]): MessagePrompt[] {
  if (raw.prompts === undefined) return [toPrompt(raw, { index: 0, path: '' }, limits, faults)];
  const shapes = (['box', 'points', 'mask', 'refine'] as const).filter((key) => raw[key] !== undefined);
  for (const key of shapes) {
    const expected = 'either "prompts" or one prompt at the top level';
    faults.push({ path: key, expected, got: 'both' });
  }
  const seen = new Set<string>();
  return raw.prompts.map((prompt, index) => {
    const parsed = toPrompt(prompt, { index, path: `prompts[${index}]` }, limits, faults);
    if (seen.has(parsed.id)) {
      const expected = 'an id that no other prompt of the message has';
      faults.push({ path: `prompts[${index}].id`, expected, got: JSON.stringify(parsed.id) });
    }
    seen.add(parsed.id);
    return parsed;
  });
}

function toPrompt(
  raw: RawPrompt,
  at: { readonly index: number; readonly path: string },
  limits: PromptLimits,
  faults: FaultDetail[],
): MessagePrompt {
  const points = raw.points ?? [];
  const key = (name: string): string => (at.path === '' ? name : `${at.path}.${name}`);
  if (points.length > limits.maxPoints) {
    const expected = `at most ${limits.maxPoints} points`;
    faults.push({ path: key('points'), expected, got: String(points.length) });
  }
  if (points.length === 0 && raw.box === undefined && raw.mask === undefined) {
    faults.push({ path: at.path, expected: 'a prompt with a box, points or a mask', got: 'none of them' });
  }
  if (raw.mask !== undefined && raw.refine !== undefined) {
    faults.push({ path: key('refine'), expected: 'either "mask" or "refine"', got: 'both' });
  }
  return {
    id: raw.id ?? String(at.index),
    ...(raw.label === undefined ? {} : { label: raw.label }),
    points: points.map(({ x, y, label }) => ({ x, y, label: label ?? 1 })),
    ...(raw.box === undefined ? {} : { box: raw.box }),
    ...(raw.mask === undefined ? {} : { mask: raw.mask }),
    ...(raw.refine === undefined ? {} : { refine: raw.refine }),
  };
}
