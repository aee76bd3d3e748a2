/** A picture and its prompts out of a `multipart/form-data` body: in memory only, and no larger than is allowed. */
import type { MultipartFile, MultipartValue } from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';
import { SamwireError } from '../errors.js';
import { invalidMessage, rendered } from '../prompts/json.js';
import { isPicture, parsePrompts } from '../prompts/picture.js';
import type { NodeView } from './node-view.js';

const IMAGE_EXPECTED = 'a JPEG or PNG file';
/** `image` and `prompts`, and what a client's library adds. */
const MAX_PARTS = 8;

export interface Upload {
  readonly image: Buffer;
  readonly prompts: Record<string, unknown>;
}

type Limits = Pick<NodeView, 'limits' | 'maxUploadBytes'>;

/**
 * @throws SamwireError `too_large`, `invalid_image`, `invalid_json`, `invalid_message`; Fastify's own errors for a body that
 *   ends early.
 */
export async function readUpload(request: FastifyRequest, limits: Limits): Promise<Upload> {
  try {
    return await read(request, limits);
  } catch (thrown) {
    // The parser's own errors are plain ones, without a status.
    const parsers = thrown instanceof Error && thrown.name === 'Error' && !('statusCode' in thrown);
    if (!parsers) throw thrown;
    const expected = 'a whole multipart/form-data body with the parts image and prompts';
    throw invalidMessage([{ path: '', expected, got: rendered(thrown.message) }]);
  }
}

async function read(request: FastifyRequest, { limits, maxUploadBytes }: Limits): Promise<Upload> {
  let image: Buffer | undefined;
  let prompts: unknown;
  const many = { files: MAX_PARTS, fields: MAX_PARTS, parts: MAX_PARTS };
  const parts = request.parts({ limits: { fileSize: maxUploadBytes, fieldSize: limits.maxBytes, ...many } });
  for await (const part of parts) {
    const { fieldname } = part;
    if (fieldname === 'image') image = await pictureIn(part, maxUploadBytes);
    else if (fieldname === 'prompts') prompts = await promptsIn(part, limits.maxBytes);
    else if (part.type === 'file') part.file.resume();
  }
  if (image === undefined)
    throw invalidMessage([{ path: 'image', expected: IMAGE_EXPECTED, got: 'no such part' }]);
  return { image, prompts: parsePrompts(prompts, { name: 'prompts', maxBytes: limits.maxBytes }) };
}

async function pictureIn(part: MultipartFile | MultipartValue, maxBytes: number): Promise<Buffer> {
  if (part.type === 'field')
    throw invalidMessage([
      { path: 'image', expected: `${IMAGE_EXPECTED} (curl: -F image=@picture.jpg)`, got: 'a text' },
    ]);
  const bytes = await bytesOf(part, maxBytes);
  if (isPicture(bytes)) return bytes;
  throw new SamwireError(
    'invalid_image',
    `Expected ${IMAGE_EXPECTED} at image, got ${bytes.length} bytes that begin like neither.`,
    { details: [{ path: 'image', expected: IMAGE_EXPECTED, got: `${bytes.length} bytes` }] },
  );
}

/** JSON text, whether it comes as a field or as a file. */
async function promptsIn(part: MultipartFile | MultipartValue, maxBytes: number): Promise<unknown> {
  if (part.type === 'file') return (await bytesOf(part, maxBytes)).toString();
  if (part.valueTruncated) throw tooLarge('prompts', maxBytes);
  // The plug-in reads a field whose content-type is JSON.
  return typeof part.value === 'string' ? part.value : JSON.stringify(part.value);
}

/** Ends the upload where it is too large, instead of reading the rest of it. */
async function bytesOf({ file, fieldname }: MultipartFile, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  file.once('limit', () => file.destroy(tooLarge(fieldname, maxBytes)));
  for await (const chunk of file as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > maxBytes) throw tooLarge(fieldname, maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, sizeBytes);
}

export function tooLarge(path: string, maxBytes: number): SamwireError {
  const expected = `at most ${maxBytes} bytes`;
  return new SamwireError('too_large', `Expected ${expected} at ${path}, got more. The rest was not read.`, {
    details: [{ path, expected, got: 'more' }],
  });
}
