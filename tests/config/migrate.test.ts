import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CONFIG_VERSION } from '../../src/config/format-version.js';
import { loadConfig, migrateConfig, parseConfig } from '../../src/config/load.js';
import { FORMATS, type Formats } from '../../src/config/migrate.js';
import { ConfigError } from '../../src/errors.js';

/** Two releases that never were: the config of today is what they lead to. */
const FROM_MINUS_1: Formats = {
  newest: 1,
  migrations: [
    {
      from: -1,
      what: 'mqtt.broker is called mqtt.url',
      edit: (config) => config.rename(['mqtt', 'broker'], 'url'),
    },
    {
      from: 0,
      what: 'cameras.*.rotate is gone',
      edit: (config) => {
        for (const name of config.keys(['cameras'])) config.remove(['cameras', name, 'rotate']);
      },
    },
  ],
};

const OLDEST = `# The robot in hall 3.
version: -1
mqtt:
  broker: mqtt://10.0.0.1   # the hall's
  #username: robot-7
cameras:
  front:
    source: test://pattern
    rotate: 90
`;
const NEWEST = `# The robot in hall 3.
version: 1
mqtt:
  url: mqtt://10.0.0.1   # the hall's
  #username: robot-7
cameras:
  front:
    source: test://pattern
    #rotate: 90
`;

let dir: string;
let file: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'samwire-migrate-'));
  file = join(dir, 'samwire.yaml');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function refused(act: () => unknown): ConfigError {
  try {
    act();
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('it was taken');
}

describe('a config of an older version', () => {
  it('is read step by step, and what was read so is told', () => {
    const { config, warnings } = parseConfig(OLDEST, file, {}, FROM_MINUS_1);
    expect(config.mqtt.url).toBe('mqtt://10.0.0.1');
    expect(warnings).toEqual([
      {
        path: 'version',
        message: expect.stringMatching(
          /version -1 .* read as 1 \(mqtt\.broker is called mqtt\.url; cameras\.\*\.rotate is gone\).*check-config --migrate/,
        ),
      },
    ]);
  });

  it('begins at its own step', () => {
    const between = OLDEST.replace('version: -1', 'version: 0').replace('broker:', 'url:');
    expect(parseConfig(between, file, {}, FROM_MINUS_1).warnings[0]?.message).not.toContain('broker');
  });

  it('has its faults told as any other', () => {
    const { faults } = refused(() => parseConfig(`${OLDEST}    fsp: 3\n`, file, {}, FROM_MINUS_1));
    expect(faults).toEqual([
      expect.objectContaining({ path: 'cameras.front.fsp', line: 10, suggestion: 'fps' }),
    ]);
  });

  it('is written anew with its comments, mode and owner; a copy stays beside it', () => {
    writeFileSync(file, OLDEST, { mode: 0o640 });
    chmodSync(file, 0o640);
    if (process.getuid?.() === 0) chownSync(file, 65_534, 65_534);
    const before = statSync(file);
    const migrated = migrateConfig(file, {}, FROM_MINUS_1);
    expect(migrated).toMatchObject({
      path: file,
      from: -1,
      to: 1,
      changes: [expect.anything(), expect.anything()],
    });
    const backup = migrated.backup ?? '';
    expect(backup).toMatch(/samwire\.yaml\.v-1-\d{4}-\d\d-\d\dT\d{6}Z$/);
    expect(readFileSync(file, 'utf8')).toBe(NEWEST);
    expect(readFileSync(backup, 'utf8')).toBe(OLDEST);
    for (const path of [file, backup]) {
      const { mode, uid, gid } = statSync(path);
      expect({ mode, uid, gid }).toEqual({ mode: before.mode, uid: before.uid, gid: before.gid });
    }
    expect(readdirSync(dir)).toHaveLength(2);
    expect(migrateConfig(file, {}, FROM_MINUS_1)).toMatchObject({ changes: [], backup: null });
    expect(readdirSync(dir)).toHaveLength(2);
  });

  it('never takes the place of an older copy', () => {
    const backups = [1, 2, 3].map((n) => {
      writeFileSync(file, `${OLDEST}# ${n}\n`);
      return migrateConfig(file, {}, FROM_MINUS_1).backup ?? '';
    });
    expect(backups.map((path) => readFileSync(path, 'utf8').slice(-2, -1))).toEqual(['1', '2', '3']);
  });

  it('that is a link is replaced where it lies', () => {
    const target = join(dir, 'real.yaml');
    writeFileSync(target, OLDEST);
    symlinkSync(target, file);
    migrateConfig(file, {}, FROM_MINUS_1);
    expect(lstatSync(file).isSymbolicLink()).toBe(true);
    expect(readFileSync(target, 'utf8')).toBe(NEWEST);
  });

  it('that is invalid when it is lifted, or comes out of a pipe, is not touched', () => {
    writeFileSync(file, OLDEST.replace('test://', 'nothing://'));
    expect(refused(() => migrateConfig(file, {}, FROM_MINUS_1)).faults[0]?.path).toBe('cameras.front.source');
    expect(readdirSync(dir)).toEqual(['samwire.yaml']);
    const error = refused(() => migrateConfig('/dev/null', {}, FROM_MINUS_1));
    expect(error.message).toContain('version');
  });

  it.skipIf(process.getuid?.() !== 0)('that nobody may write stays as it is, and the reason is told', () => {
    writeFileSync(file, OLDEST);
    const made = spawnSync('mount', ['--bind', dir, dir]);
    if (made.status !== 0) throw new Error(`Expected a mount: ${made.stderr}`);
    try {
      spawnSync('mount', ['-o', 'remount,ro,bind', dir]);
      expect(refused(() => migrateConfig(file, {}, FROM_MINUS_1)).message).toMatch(
        /could not be migrated \(EROFS/,
      );
      expect(loadConfigOf(FROM_MINUS_1)).toBe('mqtt://10.0.0.1');
    } finally {
      spawnSync('umount', [dir]);
    }
    expect(readFileSync(file, 'utf8')).toBe(OLDEST);
  });
});

function loadConfigOf(formats: Formats): string {
  return parseConfig(readFileSync(file, 'utf8'), file, {}, formats).config.mqtt.url;
}

describe('a config of a version that is not known', () => {
  it('that is newer is refused with what to do, and with nothing about its keys', () => {
    writeFileSync(file, 'version: 2\nnew: { key: 1 }\n');
    const { message, faults } = refused(() => loadConfig(file, {}));
    expect(message).toMatch(
      /samwire\.yaml is of version 2 of the config's format; Samwire \d+\.\d+\.\d+ knows 1\. It was written for a newer Samwire: install that/,
    );
    expect(faults).toEqual([{ path: 'version', expected: '1', got: '2', line: 1, column: 10 }]);
  });

  it('names the newest copy from before a migration', () => {
    const copies = [
      'samwire.yaml.v1-2026-11-01T000000Z',
      'samwire.yaml.v1-2026-11-28T000000Z',
      'samwire.yaml.vi',
    ];
    for (const name of copies) writeFileSync(join(dir, name), '');
    writeFileSync(file, 'version: 2\n');
    expect(refused(() => loadConfig(file, {})).message).toContain(
      `put back the copy from before the migration, ${join(dir, copies[1] ?? '')}`,
    );
  });

  it('that is older than what can be lifted is refused', () => {
    expect(refused(() => parseConfig('version: 0\n', file)).message).toMatch(
      /version 0 .* knows 1\. Write it anew/,
    );
    expect(refused(() => parseConfig('version: -2\n', file, {}, FROM_MINUS_1)).message).toContain(
      'knows -1 to 1',
    );
  });

  it.each([
    ['mqtt: { url: "mqtt://a" }', 'nothing'],
    ['version: "1"', '"1"'],
    ['version: 1.5', '1.5'],
    ['version: null', 'nothing'],
    ['version: .inf', 'Infinity'],
  ])('%s is a fault among the others', (text, got) => {
    const fault = refused(() => parseConfig(text, file)).faults.find(({ path }) => path === 'version');
    expect(fault).toMatchObject({ expected: '1, the version of this format: the line "version: 1"', got });
  });

  it('is left alone by the example and by its migration', () => {
    const example = readFileSync('config/samwire.yaml', 'utf8');
    expect(parseConfig(example, 'config/samwire.yaml').warnings).toEqual([]);
    writeFileSync(file, example);
    expect(migrateConfig(file, {})).toMatchObject({ from: 1, to: 1, backup: null });
    expect(readFileSync(file, 'utf8')).toBe(example);
  });
});

it('has a step for every version that is not the newest one, in order', () => {
  const { newest, migrations } = FORMATS;
  expect(newest).toBe(CONFIG_VERSION);
  expect(migrations.map(({ from }) => from)).toEqual(
    migrations.map((_, i) => newest - migrations.length + i),
  );
});
