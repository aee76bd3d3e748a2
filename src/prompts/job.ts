/** The *job* message of docs/mqtt.md: a picture and the prompts for it. */
import { z } from 'zod';
import { SamwireError } from '../errors.js';
import { check, invalidMessage, parseJsonObject, rendered } from './json.js';
import {
  checkPromptMessage,
  ID_PATTERN,
  idSchema,
  type PromptLimits,
  type PromptMessage,
} from './message.js';

/** A job, taken apart; the picture is not decoded yet. */
export interface JobMessage {
  readonly jobId: string;
  /** The bytes of a JPEG or PNG file, as far as their first bytes tell. */
  readonly image: Uint8Array;
  readonly prompt: PromptMessage;
}

/** What came: a payload, and the user properties of MQTT 5. */
export interface RawJob {
  readonly payload: Buffer;
  readonly userProperties: Readonly<Record<string, string | readonly string[]>>;
}

/** MQTT can't carry a longer user property. */
const MAX_PROPERTY_BYTES = 65_535;
const JPEG = Buffer.from([0xff, 0xd8, 0xff]);
const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const BRACE = '{'.charCodeAt(0);

const imageExpected = 'a JPEG or PNG file as base64';
const jobSchema = z.object({
  jobId: idSchema,
  image: z.string({ error: imageExpected }).min(1, { error: imageExpected }),
});

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
  const expected = `JSON of at most ${MAX_PROPERTY_BYTES} bytes: an array of prompts, or a prompt message`;
  if (typeof prompts !== 'string')
    throw invalidMessage([{ path: 'user property prompts', expected, got: rendered(prompts) }]);
  const value: unknown = parseProperty(prompts);
  const message = Array.isArray(value) ? { prompts: value } : value;
  if (typeof message !== 'object' || message === null)
    throw invalidMessage([{ path: 'user property prompts', expected, got: rendered(value) }]);
  return { jobId, image: payload, prompt: promptOf(message as Record<string, unknown>, limits) };
}

function parseProperty(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new SamwireError(
      'invalid_json',
      `Expected JSON in the user property prompts, got ${text.length} characters that are not.`,
    );
  }
}

function jsonJob(value: Record<string, unknown>, limits: PromptLimits): JobMessage {
  const { jobId, image } = check(jobSchema, value);
  const bytes = Buffer.from(image, 'base64');
  if (!isPicture(bytes))
    throw new SamwireError(
      'invalid_image',
      `Expected ${imageExpected} at image, got ${image.length} characters that are none.`,
      { details: [{ path: 'image', expected: imageExpected, got: rendered(image) }] },
    );
  return { jobId, image: bytes, prompt: promptOf(value, limits) };
}

function promptOf(value: Record<string, unknown>, limits: PromptLimits): PromptMessage {
  const prompt = checkPromptMessage(value, limits);
  if (prompt.frame !== 'latest')
    throw invalidMessage([{ path: 'frame', expected: 'no frame: a job is one picture', got: 'a frame' }]);
  if (prompt.track)
    throw new SamwireError('unsupported_prompt', 'Expected "track": false: a job is one picture.', {
      details: [{ path: 'track', expected: 'false', got: 'true' }],
    });
  return prompt;
}

function isPicture(bytes: Buffer): boolean {
  return [JPEG, PNG].some((magic) => bytes.subarray(0, magic.length).equals(magic));
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
