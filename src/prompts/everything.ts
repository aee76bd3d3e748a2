/** The parameters of `request/everything` (docs/mqtt.md): what a sender may write, and what the pipeline gets of it. */
import { z } from 'zod';
import { EVERYTHING_STRATEGIES } from '../config/schema.js';
import { SamwireError } from '../errors.js';
import type { MaskEncoding } from '../masks/types.js';
import { check, invalidMessage } from './json.js';
import {
  booleanSchema,
  boxSchema,
  encodingsSchema,
  frameOf,
  frameSchema,
  idSchema,
  maxAgeSchema,
  numberSchema,
  type PromptMessage,
} from './message.js';
import type { Box } from './types.js';

/** A detector tells 300 at most by default (YOLOv8). */
export const MAX_EVERYTHING_BOXES = 1024;
const MAX_GRID = 128;
const MAX_CROP_LAYERS = 3;
const MAX_DOWNSCALE = 16;
const MAX_REGION_PX = 1_000_000_000;
const MAX_MASKS = 100_000;

function wholeSchema(min: number, max: number): z.ZodNumber {
  const error = { error: `a whole number from ${min} to ${max}` };
  return z.int(error).min(min, error).max(max, error);
}

const share = () => numberSchema(0, 1, 'a number from 0 to 1');

/** The request as senders write it. */
export const everythingRequestSchema = z.object({
  transaction: idSchema.optional(),
  camera: idSchema,
  strategy: z.enum(EVERYTHING_STRATEGIES, { error: `one of ${EVERYTHING_STRATEGIES.join(', ')}` }).optional(),
  grid: wholeSchema(1, MAX_GRID).optional(),
  boxes: z.array(boxSchema, { error: 'an array of boxes' }).min(1, { error: 'at least one box' }).optional(),
  normalized: booleanSchema().optional(),
  minScore: share().optional(),
  minStability: share().optional(),
  nmsIou: share().optional(),
  minRegionArea: wholeSchema(0, MAX_REGION_PX).optional(),
  maxMasks: wholeSchema(1, MAX_MASKS).optional(),
  cropLayers: wholeSchema(0, MAX_CROP_LAYERS).optional(),
  cropOverlap: share().optional(),
  cropPointsDownscale: wholeSchema(1, MAX_DOWNSCALE).optional(),
  cropNmsIou: share().optional(),
  edges: booleanSchema().optional(),
  frame: frameSchema.optional(),
  maxAgeMs: maxAgeSchema.optional(),
  encodings: encodingsSchema.optional(),
});
type RawRequest = z.infer<typeof everythingRequestSchema>;

/** Options of the generator that a request may set; absent is the default. */
const OPTIONS = [
  'grid',
  'minScore',
  'minStability',
  'nmsIou',
  'minRegionArea',
  'maxMasks',
  'cropLayers',
  'cropOverlap',
  'cropPointsDownscale',
  'cropNmsIou',
] as const;

export interface EverythingMessage {
  readonly camera: string;
  /** Absent: the camera's own. */
  readonly strategy?: (typeof EVERYTHING_STRATEGIES)[number];
  /** What the request sets; the camera's own and the generator's defaults are for the rest. */
  readonly options: Readonly<Partial<Record<(typeof OPTIONS)[number], number>>>;
  /** Not yet held against the frame. */
  readonly boxes?: readonly Box[];
  /** The boxes are 0..1 of the frame's width and height. */
  readonly normalized: boolean;
  /** An edge map is wanted beside the masks. */
  readonly edges: boolean;
  readonly frame: PromptMessage['frame'];
  readonly maxAgeMs?: number;
  /** Absent: the node's own choice (`outputs.encodings`). */
  readonly encodings?: readonly MaskEncoding[];
}

/**
 * The parameters of a request to segment everything, checked.
 * @throws SamwireError `too_many_prompts`, or `invalid_message` with all faults at once.
 */
export function checkEverythingRequest(value: Record<string, unknown>): EverythingMessage {
  const count = Array.isArray(value.boxes) ? value.boxes.length : 0;
  if (count > MAX_EVERYTHING_BOXES)
    throw new SamwireError(
      'too_many_prompts',
      `Expected at most ${MAX_EVERYTHING_BOXES} boxes in a request, got ${count}. Send the surest ones only.`,
      { details: [{ path: 'boxes', expected: `at most ${MAX_EVERYTHING_BOXES}`, got: String(count) }] },
    );
  const raw = check(everythingRequestSchema, value);
  const strategy = raw.strategy ?? (raw.boxes === undefined ? undefined : 'boxes');
  if (raw.boxes !== undefined && strategy !== 'boxes')
    throw invalidMessage([
      { path: 'strategy', expected: '"boxes", since there are boxes', got: JSON.stringify(strategy) },
    ]);
  return {
    camera: raw.camera,
    ...(strategy === undefined ? {} : { strategy }),
    options: optionsOf(raw),
    ...(raw.boxes === undefined ? {} : { boxes: raw.boxes }),
    normalized: raw.normalized ?? false,
    edges: raw.edges ?? false,
    frame: frameOf(raw.frame),
    ...(raw.maxAgeMs === undefined ? {} : { maxAgeMs: raw.maxAgeMs }),
    ...(raw.encodings === undefined ? {} : { encodings: [...new Set(raw.encodings)] }),
  };
}

function optionsOf(raw: RawRequest): EverythingMessage['options'] {
  return Object.fromEntries(OPTIONS.filter((key) => raw[key] !== undefined).map((key) => [key, raw[key]]));
}
