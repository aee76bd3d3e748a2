import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { verifyModel } from '../../src/cli/models.js';
import { addModel, familyNamed } from '../../src/models/add.js';
import { resolveModel } from '../../src/models/catalogue.js';
import { withConversions, withSystemsTable } from '../../src/models/docs-pages.js';
import { fittingRecipes, likelyModels } from '../../src/models/guess.js';
import { parseManifest } from '../../src/models/manifest.js';
import { manifestOf, recipeNamed, recipes } from '../../src/models/recipes.js';
import { knownModel, knownModels, systems } from '../../src/models/systems.js';
import { PACKAGE_ROOT } from '../../src/native/addon.js';
import { writeSemanticModel } from '../graphs/model-dir.js';
import { type Family, semanticModel } from '../graphs/semantics.js';
import { emptyDirectory } from './directories.js';
import { GRAPH_NAMES, GRAPHS } from './graphs.js';

const FILE = { file: 'x.onnx', sha256: '0'.repeat(64), precision: 'mixed' } as const;

describe('the catalogue of systems', () => {
  it('has each model once, with commands that leave nothing open', () => {
    const names = knownModels().map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name, convert } of knownModels()) expect(convert.join('\n'), name).not.toMatch(/\{[a-z]+\}/);
  });

  it('says of each system where it comes from, or that it is this project’s own', () => {
    for (const { system, repository, commit, paper, codePublic } of systems()) {
      if (system === 'samwire-tiny') continue;
      expect(codePublic ? [repository, commit] : [paper], system).not.toContain(undefined);
    }
  });

  it('has commands for each model that runs and whose code is public, and none for one that is refused', () => {
    for (const { system, refused, codePublic, convert, commands } of systems()) {
      if (system === 'samwire-tiny') continue;
      expect(convert.length > 0, system).toBe(refused === undefined && codePublic);
      expect(commands !== undefined, system).toBe(convert.length > 0);
    }
  });

  it.each(knownModels().filter(({ recipe }) => recipe))('makes a valid manifest of $name', (model) => {
    const size = model.size ?? 1024;
    const manifest = manifestOf({
      recipe: recipeNamed(model.recipe ?? ''),
      name: model.name,
      size: [size, size],
      encoder: FILE,
      decoder: FILE,
      licence: model.licence.weights,
    });
    expect(parseManifest(manifest, model.name)).toMatchObject({
      name: model.name,
      licence: model.licence.weights,
    });
  });

  it('uses each of its recipes', () => {
    const used = new Set(systems().flatMap(({ recipe, otherRecipes }) => [recipe, ...otherRecipes]));
    expect([...recipes().keys()].filter((name) => !used.has(name))).toEqual([]);
  });
});

describe('a recipe', () => {
  it.each(GRAPH_NAMES)('%s is told from all others by its names and shapes', (name) => {
    const { encoder, decoder } = GRAPHS[name];
    expect(fittingRecipes({ encoder, decoder }).map(({ recipe }) => recipe.name)).toEqual([name]);
  });

  it('that tells networks by names and shapes has graphs in these tests', () => {
    const telling = [...recipes().values()].filter(({ signature }) => signature).map(({ name }) => name);
    expect(telling.sort()).toEqual([...GRAPH_NAMES].sort());
  });
});

/** The graphs of tests/graphs that have a recipe's names. */
const SEMANTIC: Readonly<Record<string, Family>> = {
  nanosam: 'nanosam',
  'nanosam-512': 'nanosam',
  'samwire-tiny': 'nanosam',
  sam: 'sam',
  edgesam: 'edgesam',
  'efficientvit-sam': 'efficientvit-sam',
  efficientsam: 'efficientsam',
  tinysam: 'tinysam',
  'sam2-samexporter': 'sam2',
};

describe('adding a model of the catalogue', () => {
  it.each(systems().filter(({ recipe }) => recipe))(
    'works for every one of $system, and it verifies',
    async (system) => {
      const family = SEMANTIC[system.recipe ?? ''];
      if (family === undefined) throw new Error(`no small graphs for recipe ${system.recipe}`);
      const dir = join(await emptyDirectory(), 'model');
      writeSemanticModel(dir, semanticModel(family));
      for (const { name } of system.models) {
        const named = familyNamed(name);
        if (!named) throw new Error(name);
        const { manifest } = await addModel({ dir, family: named, force: true });
        expect(manifest.licence).toBe(system.licence.weights);
        expect(manifest.source).toBe(system.repository);
        expect((await verifyModel(await resolveModel(`${dir}/`), undefined)).problems).toEqual([]);
      }
    },
  );

  it('is refused for a system that Samwire does not run', () => {
    expect(familyNamed('rap-sam')).toBeUndefined();
    expect(knownModel('rap-sam')?.refused).toContain('no ONNX export');
  });
});

describe('which model an encoder is', () => {
  const likely = (recipe: string, size: number | undefined, millions: number) =>
    likelyModels(recipeNamed(recipe), size, millions * 1e6).map(({ name }) => name);

  it('is told by its size and its parameters, within what an exporter folds away', () => {
    expect(likely('sam', 1024, 91)).toEqual(['sam-vit-b']);
    expect(likely('sam', 1024, 637)).toEqual(['sam-vit-h']);
    expect(likely('efficientvit-sam', 512, 30.9)).toEqual(['efficientvit-sam-l0']);
    expect(likely('efficientvit-sam', 1024, 30.9)).toEqual([]);
    expect(likely('efficientsam', undefined, 22.4)).toEqual(['efficientsam-s']);
  });

  it('is left open where several are of one size, and where none is', () => {
    expect(likely('sam', 1024, 23.5)).toEqual(['repvit-sam', 'slimsam-50']);
    expect(likely('sam', 1024, 1)).toEqual([]);
  });
});

describe('the pages', () => {
  it.each([
    ['docs/models.md', withSystemsTable],
    ['docs/catalogue.md', withConversions],
  ])('%s is as `npm run generate` makes it from the catalogue', (page, make) => {
    const text = readFileSync(join(PACKAGE_ROOT, page), 'utf8');
    expect(make(text)).toBe(text);
  });
});
