import type { FrameHeader } from '../../../src/http/live/protocol.js';

/** A picture of a camera, as it came. */
export interface LiveFrame {
  readonly header: FrameHeader;
  readonly jpeg: Blob;
}

const LENGTH_BYTES = 4;

/**
 * A binary message of `/api/live`: a little-endian uint32 with the header's length, the header, the JPEG. Null where it
 * is none.
 */
export function parseFrame(message: ArrayBuffer): LiveFrame | null {
  if (message.byteLength < LENGTH_BYTES) return null;
  const headerBytes = new DataView(message).getUint32(0, true);
  const start = LENGTH_BYTES + headerBytes;
  if (start > message.byteLength) return null;
  try {
    const text = new TextDecoder().decode(new Uint8Array(message, LENGTH_BYTES, headerBytes));
    const header = JSON.parse(text) as FrameHeader;
    return { header, jpeg: new Blob([new Uint8Array(message, start)], { type: 'image/jpeg' }) };
  } catch {
    return null;
  }
}
