import { appendFile, readFile, truncate, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { UnavailableError } from '../errors.js';

/** What a run measures, by name; one that goes on must measure the same. */
export type RunIdentity = Readonly<Record<string, string>>;

const MARK = 'samwire-eval';
const VERSION = 1;

const headerSchema = z.looseObject({ [MARK]: z.literal(VERSION) });

/** Where a run keeps what it has measured: JSON lines, first what it measures, then one a picture. */
export interface ProgressFile<Item extends { readonly image: number | string }> {
  /** By the picture: what an earlier run has measured. */
  readonly done: ReadonlyMap<Item['image'], Item>;
  append(record: Item): Promise<void>;
}

export interface ProgressFileOptions<Item> {
  readonly identity: RunIdentity;
  /** What a line holds. */
  readonly schema: z.ZodType<Item>;
}

/**
 * Opens a run's progress file, or begins it. A last line that was cut off with its run is dropped.
 * @throws UnavailableError where the file can't be read or written, is no progress file, or is that of another run.
 */
export async function openProgressFile<Item extends { readonly image: number | string }>(
  path: string,
  { identity, schema }: ProgressFileOptions<Item>,
): Promise<ProgressFile<Item>> {
  const text = await readIfThere(path);
  const done = new Map<Item['image'], Item>();
  if (text === undefined || text === '')
    await write(path, () => writeFile(path, line({ [MARK]: VERSION, ...identity })));
  else {
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    const [header, ...records] = whole.split('\n').slice(0, -1);
    checkIdentity(path, header ?? '', identity);
    for (const [i, record] of records.entries()) {
      const parsed = parseRecord(path, schema, record, i + 2);
      done.set(parsed.image, parsed);
    }
    if (whole.length < text.length) await write(path, () => truncate(path, Buffer.byteLength(whole)));
  }
  return { done, append: (record) => write(path, () => appendFile(path, line(record))) };
}

function line(value: object): string {
  return `${JSON.stringify(value)}\n`;
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw new UnavailableError(`The progress file ${path} can't be read (${reasonOf(cause)}).`, { cause });
  }
}

async function write(path: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    throw new UnavailableError(`The progress file ${path} can't be written (${reasonOf(cause)}).`, { cause });
  }
}

function checkIdentity(path: string, header: string, identity: RunIdentity): void {
  const parsed = headerSchema.safeParse(parseJson(header));
  if (!parsed.success)
    throw new UnavailableError(
      `${path} is no progress file of samwire eval; its first line says so in one. Name another file, or delete it.`,
    );
  for (const [key, expected] of Object.entries(identity)) {
    if (parsed.data[key] === expected) continue;
    throw new UnavailableError(
      `${path} is the progress of another run: expected ${key} ${expected}, got ${String(parsed.data[key])}. Delete it to start anew, or name another file.`,
    );
  }
}

function parseRecord<Item>(path: string, schema: z.ZodType<Item>, text: string, lineNumber: number): Item {
  const parsed = schema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new UnavailableError(
    `${path}, line ${lineNumber}: expected what was measured of a picture, got something else (${issue?.message ?? ''}). Delete the line to measure its picture again.`,
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
}
