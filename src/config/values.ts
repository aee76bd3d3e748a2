/** The kinds of values in the config, each with the words that its fault is told in. */
import { z } from 'zod';

export const DAY_MS = 86_400_000;

export const int = (min: number, max: number) => {
  const error = { error: `a whole number from ${min} to ${max}` };
  return z.int(error).min(min, error).max(max, error);
};
export const number = (min: number, max: number) => {
  const error = { error: `a number from ${min} to ${max}` };
  return z.number(error).min(min, error).max(max, error);
};
export const text = (maxLength: number) => {
  const error = { error: `a text of 1 to ${maxLength} characters` };
  return z.string(error).min(1, error).max(maxLength, error);
};
export const flag = () => z.boolean({ error: 'true or false' });
export const choice = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, { error: `one of ${values.join(', ')}` });
export const list = <T extends z.ZodType>(item: T, max: number, what: string) => {
  const error = { error: `a list of ${what}, each once, ${max} at most` };
  return z
    .array(item, error)
    .max(max, error)
    .refine((items) => new Set(items).size === items.length, error);
};
