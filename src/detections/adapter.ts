import type { z } from 'zod';
import type { Box } from '../prompts/types.js';
import { isObject } from './fields.js';
import type { Format, PayloadFacts } from './types.js';

/** A detection as its format's reader leaves it. */
export interface RawDetection {
  readonly id?: string | undefined;
  readonly label?: string | undefined;
  readonly confidence?: number | undefined;
  readonly box: Box;
}

/** Reads one detector's format. */
export interface Adapter {
  readonly format: Format;
  /** What it is recognised by, in words, for the error that names what was expected. */
  readonly shape: string;
  readonly recognises: (value: unknown) => boolean;
  /** Undefined where the value has no such list; an empty one has no shape to be recognised by. */
  readonly items: (value: unknown) => readonly unknown[] | undefined;
  /** The key that the items stand under, for errors; `detections` where that is not one. */
  readonly list?: string;
  /** One of the items; its errors name what was expected. */
  readonly item: z.ZodType<RawDetection>;
  /** What the payload says besides; a fault in it refuses the message. */
  readonly facts: z.ZodType<PayloadFacts>;
}

/** Items that are looked at for a shape: the first ones may be broken. */
const LOOKED_AT = 32;

/** The array that the value is, or that stands under one of the keys. */
export function listIn(value: unknown, keys: readonly string[]): readonly unknown[] | undefined {
  if (Array.isArray(value)) return value;
  if (!isObject(value)) return undefined;
  for (const key of keys) if (Array.isArray(value[key])) return value[key];
  return undefined;
}

/** Whether one of the first items is such an object. */
export function someItem(
  items: readonly unknown[] | undefined,
  is: (item: Record<string, unknown>) => boolean,
): boolean {
  return items?.slice(0, LOOKED_AT).some((item) => isObject(item) && is(item)) ?? false;
}
