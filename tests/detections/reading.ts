import { type ReadOptions, readDetections } from '../../src/detections/read.js';
import type { Detections } from '../../src/detections/types.js';
import { SamwireError } from '../../src/errors.js';

/** A text as it is, anything else as JSON. */
export function read(value: unknown, format: ReadOptions['format'] = 'auto'): Detections {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return readDetections(text, { format, maxBytes: 1e7 });
}

export function refused(value: unknown, format: ReadOptions['format'] = 'auto'): SamwireError {
  try {
    read(value, format);
  } catch (thrown) {
    if (thrown instanceof SamwireError) return thrown;
    throw thrown;
  }
  throw new Error('it was taken');
}

export const boxes = (value: unknown) => read(value).detections.map(({ box }) => box);
