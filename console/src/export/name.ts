import type { FrameHeader } from '../../../src/http/live/protocol.js';

/** `front-123`: of the files that are about one frame. */
export function fileStem({ camera, seq }: Pick<FrameHeader, 'camera' | 'seq'>): string {
  return `${filePart(camera)}-${seq}`;
}

/** A name as a part of a file's name on every system. */
export function filePart(name: string): string {
  return name.replace(/[^A-Za-z0-9._-]+/g, '_').slice(0, 64) || 'mask';
}
