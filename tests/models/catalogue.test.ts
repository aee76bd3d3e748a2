import { mkdir, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UnavailableError } from '../../src/errors.js';
import { listModels, resolveModel } from '../../src/models/catalogue.js';
import { ManifestError } from '../../src/models/manifest.js';
import { BUNDLED, copyOfBundled, emptyDirectory } from './directories.js';

describe('the catalogue', () => {
  it('holds the bundled model, ready to run', async () => {
    expect(await listModels()).toContainEqual({
      name: 'samwire-tiny',
      dir: BUNDLED,
      family: 'sam',
      licence: 'Apache-2.0',
      status: 'ready',
    });
  });

  it('holds the models of the configured paths first, with what is wrong with each', async () => {
    const root = await emptyDirectory();
    await copyOfBundled(root, 'b-ready');
    const missing = await copyOfBundled(root, 'c-missing');
    await unlink(join(missing, 'decoder.onnx'));
    await copyOfBundled(root, 'a-faulty', (manifest) => ({ ...manifest, licens: 'MIT' }));
    await mkdir(join(root, 'no-model'));
    const entries = (await listModels([root])).slice(0, 3);
    expect(entries.map(({ name, status }) => [name, status])).toEqual([
      ['a-faulty', 'invalid-manifest'],
      ['b-ready', 'ready'],
      ['c-missing', 'files-missing'],
    ]);
    expect(entries[0]?.problem).toContain('did you mean "licence"?');
    expect(entries[2]?.problem).toContain('decoder.onnx is not there');
  });

  it('takes a path that is itself a model', async () => {
    const dir = await copyOfBundled(await emptyDirectory(), 'alone');
    expect((await listModels([dir]))[0]).toMatchObject({ name: 'alone', status: 'ready' });
  });

  it('takes a path that does not exist yet for an empty one', async () => {
    expect(await listModels(['/nonexistent/samwire'])).toEqual(await listModels());
  });
});

describe('a model', () => {
  it('is found by name', async () => {
    const model = await resolveModel('samwire-tiny');
    expect(model.dir).toBe(BUNDLED);
    expect(model.encoderPath).toBe(join(BUNDLED, 'encoder.onnx'));
  });

  it('of the user is taken before a bundled one of the same name', async () => {
    const root = await emptyDirectory();
    const dir = await copyOfBundled(root, 'mine', (manifest) => ({ ...manifest, name: 'samwire-tiny' }));
    expect((await resolveModel('samwire-tiny', [root])).dir).toBe(dir);
  });

  it('is found by directory', async () => {
    const dir = await copyOfBundled(await emptyDirectory(), 'here');
    expect((await resolveModel(dir)).manifest.name).toBe('here');
  });

  it('that nobody knows is refused with the name that was probably meant', async () => {
    await expect(resolveModel('samwire-tinny')).rejects.toThrow(UnavailableError);
    await expect(resolveModel('samwire-tinny')).rejects.toThrow(/did you mean "samwire-tiny"\?/);
    // Of the catalogue, too, and by how it begins.
    await expect(resolveModel('nanosam')).rejects.toThrow(/did you mean "nanosam-/);
    await expect(resolveModel('mobilesm')).rejects.toThrow(/did you mean "mobilesam"\?/);
    await expect(resolveModel('entirely-else')).rejects.not.toThrow(/did you mean/);
  });

  it('that is known and not installed is refused with where it is told how to get it', async () => {
    await expect(resolveModel('mobilesam')).rejects.toThrow(UnavailableError);
    await expect(resolveModel('mobilesam')).rejects.toThrow(/not installed .*samwire models info mobilesam/);
  });

  it('whose directory has no manifest is refused with what a model is', async () => {
    const dir = await emptyDirectory();
    await expect(resolveModel(`${dir}/`)).rejects.toThrow(/samwire models add/);
  });

  it('whose manifest is no JSON is refused with its path', async () => {
    const dir = await emptyDirectory();
    await writeFile(join(dir, 'manifest.json'), '{ "version": 1,');
    await expect(resolveModel(`${dir}/`)).rejects.toThrow(ManifestError);
    await expect(resolveModel(`${dir}/`)).rejects.toThrow(/manifest\.json is not JSON/);
  });
});
