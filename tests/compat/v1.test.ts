/** Files of version 1 of all formats, kept for ever; never change them (tests/compat/v1/README.md). */
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { pino } from 'pino';
import { afterAll, describe, expect, it } from 'vitest';
import { readRecord } from '../../src/build/record.js';
import { parseConfig } from '../../src/config/load.js';
import { readDetections } from '../../src/detections/read.js';
import { parseManifest } from '../../src/models/manifest.js';
import { BegunJobs } from '../../src/mqtt/jobs/begun-jobs.js';
import { requestSchemas } from '../../src/mqtt/requests.js';
import { PACKAGE_ROOT } from '../../src/native/addon.js';
import { errorMessageSchema, masksMessageSchema } from '../../src/outputs/masks-schema.js';
import { checkEverythingRequest } from '../../src/prompts/everything.js';
import { openJob } from '../../src/prompts/job.js';
import { DEFAULT_PROMPT_LIMITS, parsePromptMessage } from '../../src/prompts/message.js';
import { checkTracksRequest } from '../../src/prompts/tracks.js';

const V1 = join(PACKAGE_ROOT, 'tests/compat/v1');

type Json = Record<string, unknown>;

function text(path: string): string {
  return readFileSync(join(V1, path), 'utf8');
}

function cases<Case>(path: string): Case[] {
  const read = JSON.parse(text(path)) as Case[];
  if (read.length < 5) throw new Error(`Expected the cases of ${path}, got ${read.length}`);
  return read;
}

/** As it would be written as JSON: what is undefined is left out, a Map is an object. */
function plain(value: unknown): Json {
  return JSON.parse(
    JSON.stringify(value, (_, part: unknown) => (part instanceof Map ? Object.fromEntries(part) : part)),
  ) as Json;
}

const scratch = mkdtempSync(join(tmpdir(), 'samwire-compat-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

it('nobody has changed the files of version 1, added one or taken one away', () => {
  const files = readdirSync(V1, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== 'SHA256SUMS')
    .map((entry) => relative(V1, join(entry.parentPath, entry.name)))
    .sort();
  const sums = files.map((path) => `${createHash('sha256').update(text(path)).digest('hex')}  ${path}`);
  expect(`${sums.join('\n')}\n`).toBe(text('SHA256SUMS'));
});

describe('a config of version 1', () => {
  it.each(['example', 'smallest', 'whole', 'anchors'])('%s means what it meant', (name) => {
    const { config, warnings } = parseConfig(text(`config/${name}.yaml`), `/etc/samwire/${name}.yaml`);
    expect(plain(config)).toMatchObject(JSON.parse(text(`config/${name}.expected.json`)));
    expect(warnings.map(({ path }) => path)).not.toContain('version');
  });
});

describe('a message of version 1', () => {
  it.each(cases<{ name: string; message: Json; expected: Json }>('prompts.json'))(
    'is a prompt: $name',
    ({ message, expected }) => {
      const read = parsePromptMessage(JSON.stringify(message), DEFAULT_PROMPT_LIMITS);
      expect(plain(read)).toMatchObject(expected);
    },
  );

  it.each(cases<{ verb: keyof typeof requestSchemas; message: Json; expected: Json }>('requests.json'))(
    'is a request: $verb $message',
    ({ verb, message, expected }) => {
      expect(plain(requestSchemas[verb].parse(message))).toMatchObject(message);
      if (verb === 'everything') expect(plain(checkEverythingRequest(message))).toMatchObject(expected);
      if (verb === 'tracks') expect(plain(checkTracksRequest(message))).toMatchObject(expected);
    },
  );

  interface Job {
    readonly name: string;
    readonly payload: { readonly json?: Json; readonly base64?: string };
    readonly userProperties?: Readonly<Record<string, string>>;
    readonly expected: Json;
  }
  it.each(cases<Job>('jobs.json'))('is a job: $name', ({ payload, userProperties = {}, expected }) => {
    const bytes = payload.json
      ? Buffer.from(JSON.stringify(payload.json))
      : Buffer.from(payload.base64 ?? '', 'base64');
    const { jobId, parse } = openJob({ payload: bytes, userProperties }, DEFAULT_PROMPT_LIMITS);
    const { image, ...job } = parse();
    const imageBase64 = Buffer.from(image).toString('base64');
    expect({ ...plain(job), jobId, imageBase64 }).toMatchObject(expected);
  });

  it.each(cases<{ format: 'samwire'; payload: unknown; expected: Json }>('detections.json'))(
    'is of a detector: $format',
    ({ format, payload, expected }) => {
      for (const chosen of ['auto', format] as const)
        expect(
          plain(readDetections(JSON.stringify(payload), { format: chosen, maxBytes: 1e6 })),
        ).toMatchObject(expected);
    },
  );
});

it.each(cases<{ name: string; manifest: Json; expected: Json }>('manifests.json'))(
  'a manifest of version 1 means what it meant: $name',
  ({ name, manifest, expected }) => {
    expect(plain(parseManifest(manifest, name))).toMatchObject(expected);
  },
);

it.each(cases<{ kind: string; from: string; message: Json }>('answers.json'))(
  'an answer of version 1 is one still: $kind of $from',
  ({ kind, message }) => {
    if (kind === 'error') errorMessageSchema.parse(message);
    else masksMessageSchema.parse(kind === 'everything' ? message.data : message);
  },
);

describe('what an older Samwire left on the disk', () => {
  it('is the record of its engines: they serve on, or are built anew, and nothing falls over it', async () => {
    cpSync(join(V1, 'disk/engines.json'), join(scratch, 'engines.json'));
    const record = await readRecord(scratch);
    if (record === 'absent') throw new Error('Expected the record to be seen');
    // Raise CACHE_FORMAT and this is 'unusable', which has the engines built anew (tests/build/engines-by-version.test.ts).
    if (record !== 'unusable') expect(plain(record)).toEqual(JSON.parse(text('disk/engines.json')));
  });

  it('is how often jobs were begun: one that brought the process down is not begun for ever', () => {
    const path = join(scratch, 'jobs-at-work-robot-7.json');
    cpSync(join(V1, 'disk/jobs-at-work-robot-7.json'), path);
    const begun = new BegunJobs(path, pino({ level: 'silent' }));
    expect(begun.begin('9b2f')).toBe(2);
    expect(begun.begin('another')).toBe(0);
  });
});
