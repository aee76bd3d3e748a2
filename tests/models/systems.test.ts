import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { verifyModel } from '../../src/cli/models.js';
import { addModel, familyNamed } from '../../src/models/add.js';
import { resolveModel } from '../../src/models/catalogue.js';
import { withConversions, withSystemsTable } from '../../src/models/docs-pages.js';
import { fittingRecipes, likelyModels } from '../../src/models/guess.js';
import { manifestOf, recipeNamed, recipes } from '../../src/models/recipes.js';
import { knownModel, knownModels, systems } from '../../src/models/systems.js';
import { PACKAGE_ROOT } from '../../src/native/addon.js';
import { emptyDirectory } from './directories.js';
import { GRAPH_NAMES, GRAPHS } from './graphs.js';
import { detectorFile, SAMPLE_NAMES, writeSample } from './sample-models.js';

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
    const size = [model.size ?? 1024, model.size ?? 1024] as const;
    const recipe = recipeNamed(model.recipe ?? '');
    const manifest = manifestOf({
      recipe,
      name: model.name,
      size,
      encoder: FILE,
      ...(recipe.signature?.graphs === 1
        ? {}
        : { decoder: FILE, detector: { file: 'd.onnx', sha256: FILE.sha256, size } }),
      licence: model.licence.weights,
    });
    expect(manifest).toMatchObject({ name: model.name, licence: model.licence.weights, image: { size } });
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

  it('has small networks in these tests', () => {
    expect([...SAMPLE_NAMES].sort()).toEqual([...recipes().keys()].sort());
  });

  it('that tells networks by names and shapes has graphs in these tests', () => {
    const telling = [...recipes().values()].filter(({ signature }) => signature?.graphs === 2);
    expect(telling.map(({ name }) => name).sort()).toEqual([...GRAPH_NAMES].sort());
  });
});

describe('adding a model of the catalogue', () => {
  it.each(systems().filter(({ recipe }) => recipe))(
    'works for every one of $system, and it verifies',
    async (system) => {
      const dir = join(await emptyDirectory(), 'model');
      writeSample(dir, system.recipe ?? '');
      for (const { name } of system.models) {
        const family = familyNamed(name);
        if (!family) throw new Error(`${name} is not known`);
        const { manifest } = await addModel({ dir, family, force: true });
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

  it.each(['sam', 'edgesam', 'efficientvit-sam', 'efficientsam', 'sam2', 'fastsam', 'squeezesam'])(
    'needs no name for the kind %s, which its files show',
    async (recipe) => {
      const dir = join(await emptyDirectory(), 'guessed');
      writeSample(dir, recipe);
      const { manifest, findings } = await addModel({ dir });
      expect(findings.join('\n')).toContain(`those of ${recipe}: `);
      expect(manifest.licence).toBe('unknown');
      expect((await verifyModel(await resolveModel(`${dir}/`), undefined)).problems).toEqual([]);
    },
  );

  it('takes a detector beside any model of two networks, and boxes of the encoder', async () => {
    const dir = join(await emptyDirectory(), 'more');
    writeSample(dir, 'edgesam');
    writeFileSync(join(dir, 'boxes.onnx'), detectorFile());
    const { manifest } = await addModel({ dir });
    expect(manifest).toMatchObject({
      detector: { file: 'boxes.onnx', minScore: 0.4, nmsIou: 0.9, image: { size: [128, 128], pad: 114 } },
    });
    const proposing = join(dir, 'proposing');
    writeSample(proposing, 'lite-sam');
    expect((await addModel({ dir: proposing })).manifest).toMatchObject({ proposals: { maxBoxes: 320 } });
  });

  it('says what is amiss where the named kind wants another number of networks', async () => {
    const dir = join(await emptyDirectory(), 'wrong');
    writeSample(dir, 'sam');
    const family = familyNamed('fastsam-s');
    if (!family) throw new Error('fastsam-s is not known');
    await expect(addModel({ dir, family })).rejects.toThrow(
      /Expected one network for fastsam, found encoder\.onnx and decoder\.onnx/,
    );
  });

  it('doubts a model whose size or parameters are others', async () => {
    const dir = join(await emptyDirectory(), 'doubtful');
    writeSample(dir, 'sam');
    const family = familyNamed('mobilesam');
    if (!family) throw new Error('mobilesam is not known');
    const { findings } = await addModel({ dir, family });
    expect(findings.join('\n')).toContain(
      'encoder.onnx sees 128 pixels where mobilesam sees 1024: is it that model?',
    );
  });
});

describe('which model an encoder is', () => {
  const likely = (recipe: string, size: number | undefined, millions: number, convolutions: number) =>
    likelyModels(recipeNamed(recipe), { size, parameters: millions * 1e6, convolutions }).map(
      ({ name }) => name,
    );

  // Parameters and convolutions as exports of the authors' networks have them.
  it.each([
    ['sam', 1024, 91, 3, ['sam-vit-b']],
    ['sam', 1024, 637, 3, ['sam-vit-h']],
    ['sam', 1024, 23.125, 268, ['repvit-sam']],
    ['sam', 1024, 5.659, 3, ['slimsam-77']],
    ['edgesam', 1024, 5.494, 130, ['edgesam', 'edgesam-3x']],
    ['nanosam', 1024, 15.826, 25, ['nanosam-resnet18']],
    ['efficientvit-sam', 512, 30.9, 100, ['efficientvit-sam-l0']],
    ['efficientsam', undefined, 6.164, 3, ['efficientsam-ti']],
  ] as const)(
    'is told by its size: %s of %s pixels, %s M parameters, %s convolutions',
    (recipe, size, millions, convs, names) => {
      expect(likely(recipe, size, millions, convs)).toEqual(names);
    },
  );

  it('is left open where several are of one size, and where none is', () => {
    expect(likely('sam', 1024, 5.732, 29)).toEqual(['mobilesam', 'mobilesamv2', 'tinysam']);
    expect(likely('efficientvit-sam', 1024, 30.9, 100)).toEqual([]);
    expect(likely('sam', 1024, 1, 3)).toEqual([]);
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
