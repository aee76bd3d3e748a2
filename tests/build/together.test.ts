import { readdirSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { doublePackage, NO_DOUBLE } from '../native/double-package.js';
import { childrenOf, isWhole, type Place, place, recordOf, start, until } from './double.js';

if (NO_DOUBLE !== undefined) process.stderr.write(`Skipped: ${NO_DOUBLE}\n`);

const SLOW = { SAMWIRE_DOUBLE_BUILD_MS: '4000' };
let root = '';

const build = ({ config }: Place, ...args: string[]) =>
  start(root, ['models', 'build', 'tiny', '--config', config, '--json', ...args], SLOW);

const workFolders = ({ folder }: Place): string[] =>
  readdirSync(folder).filter((name) => name.startsWith('.building-'));

describe.skipIf(NO_DOUBLE !== undefined)('two processes that want engines of one model', () => {
  beforeAll(() => {
    root = doublePackage({ keep: true });
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  it('build once, also when they begin at once: the second waits, and takes what it finds', async () => {
    const where = await place();
    const both = [build(where), build(where)];
    await until(() => childrenOf(root).length > 0, 'a builder');
    expect(await Promise.all(both.map(({ ended }) => ended))).toEqual([0, 0]);
    const last = both.map(({ stdout }) => JSON.parse(stdout().trim().split('\n').at(-1) ?? ''));
    expect(last.map(({ built }) => built).sort()).toEqual([false, true]);
    expect(last.map(({ encoder }) => encoder.key)).toEqual(Array(2).fill(recordOf(where).encoder.key));
    expect(both.map(({ stdout }) => stdout()).join('')).toContain('waiting for another process');
    expect(isWhole(where)).toBe(true);
  });

  it('each build with other settings, one after the other', async () => {
    const where = await place();
    const first = build(where);
    await until(() => first.stdout().includes('encoder fp32'), 'a build');
    const second = build(where, '--max-prompts', '1');
    await until(() => second.stdout().includes('waiting for another process'), 'the second to wait');
    expect(workFolders(where)).toHaveLength(1);
    expect(await Promise.all([first.ended, second.ended])).toEqual([0, 0]);
    expect(recordOf(where).settings.maxPrompts).toBe(1);
  });

  it('wait no longer for one that was killed, and stop waiting on Ctrl-C', async () => {
    const where = await place();
    const first = build(where);
    await until(() => first.stdout().includes('encoder fp32'), 'a build');
    const [patient, stopped] = [build(where), build(where)];
    for (const one of [patient, stopped])
      await until(() => one.stdout().includes('waiting for another process'), 'it to wait');
    stopped.child.kill('SIGINT');
    expect(await stopped.ended).toBe(130);
    first.child.kill('SIGKILL');
    expect(await patient.ended).toBe(0);
    expect(patient.stdout()).toContain('"built":true');
    expect(isWhole(where)).toBe(true);
  });
});
