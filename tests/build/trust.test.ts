import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Identity, ownIdentity, requireOwnCache } from '../../src/build/trust.js';

const isRoot = process.geteuid?.() === 0;
if (!isRoot) console.warn('Skipped: files of other users can be made by root alone');

let root: string;
let cache: string;
let folder: string;
let plan: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'samwire-trust-'));
  chmodSync(root, 0o755);
  cache = join(root, 'cache');
  folder = join(cache, 'model-1234');
  plan = join(folder, 'encoder.plan');
  mkdirSync(folder, { recursive: true });
  writeFileSync(plan, 'x');
  writeFileSync(join(folder, 'engines.json'), '{}');
  for (const path of [cache, folder]) chmodSync(path, 0o755);
  for (const path of [plan, join(folder, 'engines.json')]) chmodSync(path, 0o644);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const check = (who?: Identity) => requireOwnCache({ cache, folder, plans: [plan] }, who);

describe('the cache of engines', () => {
  it('is used where it is this user’s, or is not there yet', async () => {
    await expect(check()).resolves.toBeUndefined();
    rmSync(cache, { recursive: true });
    await expect(check()).resolves.toBeUndefined();
  });

  it.each([
    ['the cache', () => cache],
    ['the folder above it', () => root],
    ['a model’s folder', () => folder],
    ['a plan', () => plan],
    ['the record', () => join(folder, 'engines.json')],
  ])('is refused where every user may write %s, with what to do', async (_, path) => {
    chmodSync(path(), 0o777);
    await expect(check()).rejects.toThrow(`${path()} may be written by every user of this machine`);
    await expect(check()).rejects.toThrow(`sudo chmod o-w ${path()}`);
  });

  it('may lie in a folder of everybody where nobody renames what is not his', async () => {
    chmodSync(root, 0o1777);
    await expect(check()).resolves.toBeUndefined();
  });

  describe.skipIf(!isRoot)('with other users', () => {
    const service: Identity = { uid: 4711, gids: [4711, 44] };

    it('is refused where it is another user’s, or one of its files', async () => {
      chownSync(cache, 4712, 4712);
      await expect(check(service)).rejects.toThrow('belongs to user 4712');
      chownSync(cache, 4711, 4711);
      chownSync(plan, 4712, 4712);
      await expect(check(service)).rejects.toThrow(`${plan} belongs to user 4712`);
      chownSync(plan, 0, 0);
      await expect(check(service)).resolves.toBeUndefined();
    });

    it('is refused where a group may write it that this user is not in', async () => {
      chownSync(folder, 4711, 4713);
      chmodSync(folder, 0o775);
      await expect(check(service)).rejects.toThrow('written by group 4713');
    });

    it('is used where members of its group build into it, as the package sets it up', async () => {
      chownSync(cache, 4711, 4711);
      chmodSync(cache, 0o2770);
      chownSync(folder, 4712, 4711);
      chmodSync(folder, 0o2775);
      chownSync(plan, 4712, 4711);
      await expect(check(service)).resolves.toBeUndefined();
      const member: Identity = { uid: 4712, gids: [4712, 4711] };
      await expect(check(member)).resolves.toBeUndefined();
      chownSync(plan, 4711, 4711);
      await expect(check(member)).resolves.toBeUndefined();
      chownSync(plan, 4712, 4712);
      await expect(check(service)).rejects.toThrow(`${plan} belongs to user 4712`);
    });
  });

  it('knows who this process is', () => {
    expect(ownIdentity().uid).toBe(process.geteuid?.());
    expect(ownIdentity().gids).toContain(process.getegid?.());
  });
});
