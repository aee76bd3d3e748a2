import type { z } from 'zod';
import { nearest } from '../config/nearest.js';
import type { FaultDetail } from '../errors.js';

/** Of a manifest that has more, the first are told. */
const MAX_FAULTS = 50;
/** Values within each other that a fault shows. */
const MAX_SHOWN_DEPTH = 8;

/** The keys that the object at a path of the manifest may have. */
export type KnownKeys = (path: readonly string[]) => readonly string[];

/** Zod's issues about a manifest in our words, the first {@link MAX_FAULTS}: where, what was expected, what came. */
export function manifestFaults(
  issues: readonly z.core.$ZodIssue[],
  manifest: unknown,
  knownKeys: KnownKeys,
): FaultDetail[] {
  return issues
    .slice(0, MAX_FAULTS)
    .flatMap((issue) => faultsOf(issue, manifest, knownKeys))
    .slice(0, MAX_FAULTS);
}

function faultsOf(issue: z.core.$ZodIssue, manifest: unknown, knownKeys: KnownKeys): FaultDetail[] {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(path);
    return issue.keys.slice(0, MAX_FAULTS).map((key) => unknownKey(path, key, known));
  }
  return [{ path: dotted(path), expected: expectation(issue), got: shown(valueAt(manifest, issue.path)) }];
}

function unknownKey(path: readonly string[], key: string, known: readonly string[]): FaultDetail {
  const guess = nearest(key, known);
  const expected =
    guess === undefined ? `one of the keys ${known.join(', ')}` : `a known key (did you mean "${guess}"?)`;
  return { path: dotted([...path, key]), expected, got: 'an unknown key' };
}

function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_value':
      return issue.values.map((value) => JSON.stringify(value)).join(' or ');
    case 'too_small':
      return `${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}`;
    case 'too_big':
      return `${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}`;
    case 'invalid_type':
      return issue.message.startsWith('Invalid input')
        ? `${article(issue.expected)} ${issue.expected}`
        : issue.message;
    default:
      return issue.message;
  }
}

function article(noun: string): string {
  return /^[aeiou]/.test(noun) ? 'an' : 'a';
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let at = value;
  for (const key of path) {
    if (typeof at !== 'object' || at === null) return undefined;
    at = (at as Record<PropertyKey, unknown>)[key];
  }
  return at;
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  // JSON.parse takes any depth, JSON.stringify does not.
  if (typeof value === 'object' && value !== null && isDeep(value, MAX_SHOWN_DEPTH))
    return 'a value that nests deeply';
  const json = JSON.stringify(value);
  return json.length > 80 ? `${json.slice(0, 77)}…` : json;
}

function isDeep(value: unknown, left: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return left === 0 || Object.values(value).some((inner) => isDeep(inner, left - 1));
}

function dotted(path: readonly string[]): string {
  return path.length === 0 ? '(the whole manifest)' : path.join('.');
}
