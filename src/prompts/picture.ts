/** A picture and the prompts for it, as a job or an upload brings them. */
import { z } from 'zod';
import { SamwireError } from '../errors.js';
import { invalidMessage, rendered } from './json.js';
import { checkPromptMessage, type PromptLimits, type PromptMessage } from './message.js';

/** The picture is not decoded yet. */
export interface PictureMessage {
  /** The bytes of a JPEG or PNG file, as far as their first bytes tell. */
  readonly image: Uint8Array;
  readonly prompt: PromptMessage;
}

const JPEG = Buffer.from([0xff, 0xd8, 0xff]);
const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

const imageExpected = 'a JPEG or PNG file as base64';
export const imageSchema = z.string({ error: imageExpected }).min(1, { error: imageExpected });

export function isPicture(bytes: Buffer): boolean {
  return [JPEG, PNG].some((magic) => bytes.subarray(0, magic.length).equals(magic));
}

/** @throws SamwireError `invalid_image` */
export function base64Picture(image: string): Buffer {
  const bytes = Buffer.from(image, 'base64');
  if (isPicture(bytes)) return bytes;
  throw new SamwireError(
    'invalid_image',
    `Expected ${imageExpected} at image, got ${image.length} characters that are none.`,
    { details: [{ path: 'image', expected: imageExpected, got: rendered(image) }] },
  );
}

/**
 * Prompts that stand beside a picture: JSON text of an array of prompts, or of a prompt message.
 * `name` is their place in errors.
 * @throws SamwireError `invalid_message`, `invalid_json`
 */
export function parsePrompts(
  text: unknown,
  { name, maxBytes }: { readonly name: string; readonly maxBytes: number },
): Record<string, unknown> {
  const expected = `JSON of at most ${maxBytes} bytes: an array of prompts, or a prompt message`;
  if (typeof text !== 'string') throw invalidMessage([{ path: name, expected, got: rendered(text) }]);
  const value = parsed(text, name);
  const message = Array.isArray(value) ? { prompts: value } : value;
  if (typeof message !== 'object' || message === null)
    throw invalidMessage([{ path: name, expected, got: rendered(value) }]);
  return message as Record<string, unknown>;
}

function parsed(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new SamwireError(
      'invalid_json',
      `Expected JSON in the ${name}, got ${text.length} characters that are not.`,
    );
  }
}

/**
 * A prompt message for one picture.
 * @throws SamwireError what `checkPromptMessage` throws, and `unsupported_prompt` for what a single picture can't have.
 */
export function picturePrompt(value: Record<string, unknown>, limits: PromptLimits): PromptMessage {
  const prompt = checkPromptMessage(value, limits);
  if (prompt.frame !== 'latest')
    throw invalidMessage([{ path: 'frame', expected: 'no frame: it is one picture', got: 'a frame' }]);
  if (prompt.track)
    throw new SamwireError('unsupported_prompt', 'Expected "track": false: it is one picture.', {
      details: [{ path: 'track', expected: 'false', got: 'true' }],
    });
  return prompt;
}
