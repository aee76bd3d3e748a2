import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UnavailableError } from '../../src/errors.js';
import { addModel } from '../../src/models/add.js';
import { checkGraph } from '../../src/models/check-graph.js';
import { readModelDirectory, readTwoGraphDirectory } from '../../src/models/directory.js';
import { guessRecipe } from '../../src/models/guess.js';
import { ManifestError } from '../../src/models/manifest.js';
import { recipeNamed } from '../../src/models/recipes.js';
import { checkFiles } from '../../src/models/verify.js';
import { BUNDLED, emptyDirectory, onnxOnly } from './directories.js';
import { GRAPH_NAMES, GRAPHS, manifest } from './graphs.js';

describe('adding a model', () => {
  it('writes the manifest that its authors would have written', async () => {
    const dir = await onnxOnly(await emptyDirectory(), 'my-model');
    const { manifestPath, findings } = await addModel({ dir });
    expect(manifestPath).toBe(join(dir, 'manifest.json'));
    const model = await readTwoGraphDirectory(dir);
    const bundled = await readTwoGraphDirectory(BUNDLED);
    expect(model.manifest).toMatchObject({
      name: 'my-model',
      licence: 'unknown',
      encoder: { file: 'vision.onnx', sha256: bundled.manifest.encoder.sha256 },
      decoder: { file: 'a-mask-head.onnx', sha256: bundled.manifest.decoder.sha256 },
    });
    expect(model.manifest.image).toEqual(bundled.manifest.image);
    expect(model.manifest.prompt).toEqual(bundled.manifest.prompt);
    expect(model.manifest.mask).toEqual(bundled.manifest.mask);
    expect((await checkFiles(model)).every(({ problem }) => problem === undefined)).toBe(true);
    expect(findings.join('\n')).toContain('a-mask-head.onnx is the decoder');
    expect(findings.join('\n')).toContain('samwire-tiny: the embedding has 128 channels');
    expect(findings.join('\n')).toContain('licence is "unknown"');
  });

  it('writes over a manifest only when it is told to', async () => {
    const dir = await onnxOnly(await emptyDirectory(), 'twice');
    await addModel({ dir });
    await expect(addModel({ dir, name: 'other' })).rejects.toThrow(/--force/);
    await addModel({ dir, name: 'other', force: true });
    expect(JSON.parse(await readFile(join(dir, 'manifest.json'), 'utf8'))).toMatchObject({ name: 'other' });
  });

  it('does not write over a faulty manifest either', async () => {
    const dir = await onnxOnly(await emptyDirectory(), 'faulty');
    await writeFile(join(dir, 'manifest.json'), '{}');
    await expect(addModel({ dir })).rejects.toThrow(/--force/);
  });

  it('refuses a family that the files do not fit, and writes nothing', async () => {
    const dir = await onnxOnly(await emptyDirectory(), 'wrong');
    await expect(addModel({ dir, family: { recipe: recipeNamed('efficientsam') } })).rejects.toThrow(
      ManifestError,
    );
    await expect(readModelDirectory(dir)).rejects.toThrow(UnavailableError);
  });

  it('refuses a name that a manifest can not have', async () => {
    const dir = await onnxOnly(await emptyDirectory(), 'named');
    await expect(addModel({ dir, name: 'a b' })).rejects.toThrow(/name: expected a name of letters/);
  });
});

describe('guessing a family', () => {
  it.each(GRAPH_NAMES)('knows %s by its names and shapes, and its files fit the manifest', (name) => {
    const { encoder, decoder } = GRAPHS[name];
    expect(guessRecipe({ encoder, decoder })?.recipe.name).toBe(name);
    expect(() => checkGraph(manifest(name), encoder, decoder)).not.toThrow();
  });

  it('does not guess where nothing is known', () => {
    const unknown = { inputs: [], outputs: [] };
    expect(guessRecipe({ encoder: unknown, decoder: unknown })).toBeUndefined();
  });
});
