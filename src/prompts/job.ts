/** The *job* message of docs/mqtt.md: a picture and the prompts for it. */
import { z } from 'zod';
import { SamwireError } from '../errors.js';
import { check, parseJsonObject } from './json.js';
import { ID_PATTERN, idSchema, type PromptLimits, promptMessageSchema } from './message.js';
import {
  base64Picture,
  imageSchema,
  isPicture,
  type PictureMessage,
  parsePrompts,
  picturePrompt,
} from './picture.js';

/** A job, taken apart; the picture is not decoded yet. */
export interface JobMessage extends PictureMessage {
  readonly jobId: string;
}

/** What came: a payload, and the user properties of MQTT 5. */
export interface RawJob {
  readonly payload: Buffer;
  readonly userProperties: Readonly<Record<string, string | readonly string[]>>;
}

/** MQTT can't carry a longer user property. */
const MAX_PROPERTY_BYTES = 65_535;
const BRACE = '{'.charCodeAt(0);

const jobSchema = z.object({ jobId: idSchema, image: imageSchema });

/** A job that is JSON, as its sender writes it: a prompt message without `frame`, `track` and `ttlMs`, and the picture. */
export const jobMessageSchema = promptMessageSchema
  .omit({ frame: true, track: true, ttlMs: true })
  .extend(jobSchema.shape);

/** A job whose id is known, so that its errors can name it, though it may be invalid otherwise. */
export interface OpenedJob {
  /** Undefined where there is none that is an id. */
  readonly jobId: string | undefined;
  /**
   * @throws SamwireError `too_large`, `invalid_json`, `invalid_message`, `invalid_image`, `too_many_prompts`, or
   * `unsupported_prompt` for what a single picture can't have.
   */
  readonly parse: () => JobMessage;
}

/** Nothing larger than `limits.maxBytes` is read. */
export function openJob(raw: RawJob, limits: PromptLimits): OpenedJob {
  const { payload, userProperties } = raw;
  if (payload.length > limits.maxBytes)
    return failing(userProperties.jobId, tooLarge(payload.length, limits.maxBytes));
  if (isPicture(payload)) return { jobId: idOf(userProperties.jobId), parse: () => pictureJob(raw, limits) };
  if (firstCharacter(payload) !== BRACE) return failing(userProperties.jobId, noJob(payload));
  try {
    const value = { jobId: userProperties.jobId, ...parseJsonObject(payload, limits.maxBytes) };
    return { jobId: idOf(value.jobId), parse: () => jsonJob(value, limits) };
  } catch (thrown) {
    return failing(userProperties.jobId, thrown);
  }
}

function failing(jobId: unknown, thrown: unknown): OpenedJob {
  return {
    jobId: idOf(jobId),
    parse: () => {
      throw thrown;
    },
  };
}

function idOf(jobId: unknown): string | undefined {
  return typeof jobId === 'string' && ID_PATTERN.test(jobId) ? jobId : undefined;
}

function pictureJob({ payload, userProperties }: RawJob, limits: PromptLimits): JobMessage {
  const { jobId } = check(jobSchema.pick({ jobId: true }), { jobId: userProperties.jobId });
  const { prompts } = userProperties;
  const named = { name: 'user property prompts', maxBytes: MAX_PROPERTY_BYTES };
  return { jobId, image: payload, prompt: picturePrompt(parsePrompts(prompts, named), limits) };
}

function jsonJob(value: Record<string, unknown>, limits: PromptLimits): JobMessage {
  const { jobId, image } = check(jobSchema, value);
  return { jobId, image: base64Picture(image), prompt: picturePrompt(value, limits) };
}

/** JSON may begin with white space. */
function firstCharacter(payload: Buffer): number | undefined {
  return payload.find((byte) => byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d);
}

function noJob(payload: Buffer): SamwireError {
  return new SamwireError(
    'invalid_image',
    `Expected a JPEG file, a PNG file or a JSON object, got ${payload.length} bytes that begin like none of them.`,
  );
}

function tooLarge(gotBytes: number, maxBytes: number): SamwireError {
  return new SamwireError(
    'too_large',
    `Expected a job of at most ${maxBytes} bytes (jobs.maxPacketBytes), got ${gotBytes} bytes. It was not read.`,
    { details: [{ path: '', expected: `at most ${maxBytes} bytes`, got: `${gotBytes} bytes` }] },
  );
}
