import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { modelsAdd, modelsList, modelsVerify } from '../../src/cli/models.js';
import { modelsInfo } from '../../src/cli/models-known.js';
import { SamwireError } from '../../src/errors.js';
import { copyOfBundled, emptyDirectory, onnxOnly } from '../models/directories.js';
import { samwire } from './samwire.js';

function command(paths: readonly string[], json = false) {
  const lines: string[] = [];
  return { lines, options: { paths, json, write: (line: string) => lines.push(line) } };
}

describe('models list', () => {
  it('shows a line for each model', async () => {
    const { lines, options } = command([]);
    expect(await modelsList(options)).toBe(0);
    expect(lines[0]).toMatch(/^NAME +FAMILY +LICENCE +STATUS +DIRECTORY$/);
    expect(lines.find((line) => line.startsWith('samwire-tiny'))).toMatch(/sam +Apache-2\.0 +ready/);
  });

  it('gives JSON for scripts', async () => {
    const { lines, options } = command([], true);
    await modelsList(options);
    expect(JSON.parse(lines[0] ?? '')).toContainEqual(
      expect.objectContaining({ name: 'samwire-tiny', status: 'ready' }),
    );
  });
});

describe('models list --all', () => {
  it('shows the known models that are not installed, and why one is refused is not far', async () => {
    const root = await emptyDirectory();
    await copyOfBundled(root, 'edgesam');
    const { lines, options } = command([root]);
    expect(await modelsList({ ...options, all: true })).toBe(0);
    expect(lines.find((line) => line.startsWith('mobilesam '))).toMatch(
      /MobileSAM +Apache-2\.0 +not-installed$/,
    );
    expect(lines.find((line) => line.startsWith('rap-sam '))).toMatch(/refused$/);
    // What is installed stands in the first table only.
    expect(lines.filter((line) => line.startsWith('edgesam '))).toHaveLength(1);
    expect(lines.at(-1)).toContain('samwire models info NAME');
  });

  it('is told of where it was not asked for, without drowning what is there', async () => {
    const { lines, options } = command([]);
    await modelsList(options);
    expect(lines.at(-1)).toMatch(/^\n\d+ more are known and not installed: samwire models list --all$/);
    expect(lines.some((line) => line.startsWith('mobilesam '))).toBe(false);
  });

  it('gives JSON for scripts, the plain list without them', async () => {
    const all = command([], true);
    await modelsList({ ...all.options, all: true });
    expect(JSON.parse(all.lines[0] ?? '')).toContainEqual(
      expect.objectContaining({ name: 'tinysam', status: 'not-installed', recipe: 'tinysam' }),
    );
    const plain = command([], true);
    await modelsList(plain.options);
    expect(plain.lines[0]).not.toContain('not-installed');
  });
});

describe('models info', () => {
  it('says where a model comes from and how it is made', async () => {
    const { lines, options } = command([]);
    expect(await modelsInfo('sam2-tiny', options)).toBe(0);
    const text = lines.join('\n');
    expect(text).toMatch(/licence +Apache-2\.0/);
    expect(text).toContain('sam2_hiera_tiny.pt');
    expect(text).toContain('samexporter.export_sam2 --checkpoint sam2_hiera_tiny.pt');
    expect(text).toContain('samwire models add DIR --family sam2-tiny');
  });

  it('says why a system is refused, and what of one is from the paper', async () => {
    const refused = command([]);
    await modelsInfo('rap-sam', refused.options);
    expect(refused.lines.join('\n')).toContain('Not for Samwire: One network for panoptic');
    const paper = command([]);
    await modelsInfo('lite-sam', paper.options);
    expect(paper.lines.join('\n')).toContain('no code is public: the contract is from the paper');
  });

  it('tells of a model of one’s own, and where a known one is installed', async () => {
    const root = await emptyDirectory();
    const dir = await copyOfBundled(root, 'mine');
    const own = command([root]);
    await modelsInfo('mine', own.options);
    expect(own.lines.join('\n')).toContain(`${dir} (ready)`);
    const known = command([], true);
    await modelsInfo('samwire-tiny', known.options);
    expect(JSON.parse(known.lines[0] ?? '')).toMatchObject({ status: 'installed', name: 'samwire-tiny' });
  });

  it('of a name that nobody knows is refused with the name that was probably meant', async () => {
    await expect(modelsInfo('mobilesm', command([]).options)).rejects.toThrow(/did you mean "mobilesam"\?/);
  });
});

describe('a family that --family names', () => {
  it.each([
    ['mobilesm', /did you mean "mobilesam"/],
    ['rap-sam', /rap-sam is known and refused: One network/],
  ])('and nobody can add, %s, is wrong usage', async (family, reason) => {
    const { code, stderr } = await samwire(['models', 'add', '/nowhere', '--family', family]);
    expect(stderr).toMatch(reason);
    expect(code).toBe(2);
  });
});

describe('models verify', () => {
  it('finds the bundled model sound and says what it is', async () => {
    const { lines, options } = command([]);
    expect(await modelsVerify({ ...options, name: 'samwire-tiny' })).toBe(0);
    const text = lines.join('\n');
    expect(text).toContain('ok     samwire-tiny');
    expect(text).toContain('image [1,3,512,512] float32 → embedding [128,64,64] → 4 candidates of 256×256');
    expect(text).toContain('any number of prompts a run');
  });

  it('ends with 1 when the trial run fails, and says why', async () => {
    const { lines, options } = command([]);
    const trial = () => Promise.reject(new SamwireError('model_failed', 'the decoder gave NaN'));
    expect(await modelsVerify({ ...options, name: 'samwire-tiny', trial })).toBe(1);
    expect(lines.join('\n')).toContain('FAILED samwire-tiny');
    expect(lines.join('\n')).toContain('the decoder gave NaN');
  });

  it('hands the trial run what the files are', async () => {
    const { lines, options } = command([]);
    const name = 'samwire-tiny';
    await modelsVerify({ ...options, name, trial: async (_, { kind }) => `ran a ${kind} model` });
    expect(lines.join('\n')).toContain('ran a two-graph model');
  });

  it('ends with 1 when a manifest lies about a tensor', async () => {
    const root = await emptyDirectory();
    await copyOfBundled(root, 'liar', (manifest) => {
      const image = { ...(manifest.image as object), size: [1024, 1024] };
      return { ...manifest, image };
    });
    const { lines, options } = command([root]);
    expect(await modelsVerify({ ...options, name: 'liar' })).toBe(1);
    expect(lines.join('\n')).toContain(
      'encoder.onnx: input image: expected [1,3,1024,1024] float32, found [1,3,512,512] float32',
    );
  });

  it('of all models skips those whose files are not there, and fails for one that is faulty', async () => {
    const root = await emptyDirectory();
    await unlink(join(await copyOfBundled(root, 'absent'), 'encoder.onnx'));
    const { lines, options } = command([root]);
    expect(await modelsVerify(options)).toBe(0);
    expect(lines.join('\n')).toMatch(/skip {3}absent: .*encoder\.onnx is not there/);
    await copyOfBundled(root, 'faulty', (manifest) => ({ ...manifest, version: 2 }));
    expect(await modelsVerify(command([root]).options)).toBe(1);
  });

  it('fails for a model that was asked for and whose files are not there', async () => {
    const root = await emptyDirectory();
    await unlink(join(await copyOfBundled(root, 'absent'), 'encoder.onnx'));
    expect(await modelsVerify({ ...command([root]).options, name: 'absent' })).toBe(1);
  });
});

describe('models add', () => {
  it('tells what it guessed', async () => {
    const dir = await onnxOnly(await emptyDirectory(), 'added');
    const { lines, options } = command([]);
    expect(await modelsAdd({ dir }, options)).toBe(0);
    expect(lines[0]).toBe(`Wrote ${join(dir, 'manifest.json')} for model added.`);
    expect(lines.some((line) => line.includes('is the encoder'))).toBe(true);
  });
});
