import type { z } from 'zod';
import { ConfigError, type ConfigFault } from '../errors.js';
import { maskTyped } from '../secrets.js';
import { configKeys, knownKeys } from './json-schema.js';
import { nearest } from './nearest.js';

/** Where a value, or with `key` its key, stands in the file; counted from 1. */
export type Locate = (
  place: readonly PropertyKey[],
  what: 'key' | 'value',
) => { readonly line: number; readonly column: number } | undefined;

/** Keys that hold a secret's file: what stands there instead may be the secret itself. */
const SECRET_FILE_KEYS: ReadonlySet<PropertyKey> = new Set(['passwordFile', 'tokenFile', 'key']);
const MAX_SHOWN = 80;
/** A file of thousands of faults is no config; each of those that are told costs about a millisecond. */
const MAX_FAULTS = 50;

/** The faults that are told, and how many there are besides. */
export interface Faults {
  readonly told: readonly ConfigFault[];
  readonly untold: number;
}

/** zod's issues of a config as faults, the first {@link MAX_FAULTS} of them, in the file's order. */
export function faultsOf(issues: readonly z.core.$ZodIssue[], data: unknown, locate: Locate): Faults {
  const makers = issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => () => unknownKey(issue.path, key, locate))
      : [() => fault(issue, data, locate)],
  );
  const told = makers.slice(0, MAX_FAULTS).map((make) => make());
  told.sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
  return { told, untold: makers.length - told.length };
}

/** What was expected where the schema itself has no words for it: a value of another type. */
export function expectation(issue: z.core.$ZodRawIssue): string {
  if (issue.code === 'invalid_type') {
    return issue.expected === 'object' || issue.expected === 'record' ? 'a mapping' : `a ${issue.expected}`;
  }
  return 'a valid value';
}

function unknownKey(place: readonly PropertyKey[], key: string, locate: Locate): ConfigFault {
  const known = knownKeys(place);
  const suggestion = nearest(key, known) ?? elsewhere(key);
  return {
    path: pathText([...place, key]),
    expected: suggestion
      ? `a known key; did you mean "${suggestion}"?`
      : `one of the known keys ${known.join(', ')}`,
    got: `the unknown key ${shown(key)}`,
    ...locate([...place, key], 'key'),
    ...(suggestion ? { suggestion } : {}),
  };
}

/** The whole path of the nearest key in any other mapping. */
function elsewhere(key: string): string | undefined {
  const paths = configKeys().map(({ path }) => path);
  const name = nearest(key, paths.map(lastName));
  return paths.find((path) => lastName(path) === name);
}

function lastName(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}

function fault(issue: z.core.$ZodIssue, data: unknown, locate: Locate): ConfigFault {
  const name = issue.path.at(-1);
  if (issue.code === 'invalid_key') {
    return {
      path: pathText(issue.path),
      expected: issue.issues[0]?.message ?? issue.message,
      got: shown(String(name)),
      ...locate(issue.path, 'key'),
    };
  }
  const value = valueAt(data, issue.path);
  return {
    path: pathText(issue.path),
    expected: issue.message,
    got: typeof value === 'string' && SECRET_FILE_KEYS.has(name ?? '') ? 'something else' : describe(value),
    ...locate(issue.path, 'value'),
  };
}

function valueAt(data: unknown, place: readonly PropertyKey[]): unknown {
  let value = data;
  for (const step of place) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[step];
  }
  return value;
}

function describe(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (typeof value === 'string') return shown(value);
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object') return 'a mapping';
  return String(value);
}

/** A text quoted, shortened and with its passwords masked, also where a URI lacks its scheme. */
function shown(value: string): string {
  const masked = maskTyped(value);
  return JSON.stringify(masked.length > MAX_SHOWN ? `${masked.slice(0, MAX_SHOWN)}…` : masked);
}

/** "cameras.front.fps"; a name with other characters stands as ["front.left"]. */
export function pathText(place: readonly PropertyKey[]): string {
  return place.reduce<string>((path, step) => {
    const name = String(step);
    if (typeof step !== 'number' && !/^[\w-]{1,80}$/.test(name)) return `${path}[${shown(name)}]`;
    return path === '' ? name : `${path}.${name}`;
  }, '');
}

/** One fault as lines for people. */
export function faultText(fault: ConfigFault): string {
  const where = fault.line === undefined ? '' : ` (line ${fault.line}, column ${fault.column})`;
  return `${fault.path || 'the file'}${where}: expected ${fault.expected}${fault.got ? `, got ${fault.got}` : ''}`;
}

/** The faults of a file as one error, whose message lists them. */
export function configError(file: string, { told, untold }: Faults): ConfigError {
  const count = told.length + untold;
  const list = told.map((fault) => `\n  ${faultText(fault)}`).join('');
  const more = untold === 0 ? '' : `\n  and ${untold} more`;
  return new ConfigError(`${file} has ${count === 1 ? '1 fault' : `${count} faults`}:${list}${more}`, told);
}

/** All of some faults, as far as they are told. */
export function allOf(faults: readonly ConfigFault[]): Faults {
  const told = faults.slice(0, MAX_FAULTS);
  return { told, untold: faults.length - told.length };
}
