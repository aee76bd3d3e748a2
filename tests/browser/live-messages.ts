import type { FrameHeader } from '../../src/http/live/protocol.js';

/** A binary message of `/api/live`, read by its description in `src/http/live/protocol.ts`. */
export function parseFrame(message: Buffer): { readonly header: FrameHeader; readonly jpeg: Buffer } {
  const end = 4 + message.readUInt32LE(0);
  return { header: JSON.parse(message.toString('utf8', 4, end)) as FrameHeader, jpeg: message.subarray(end) };
}
