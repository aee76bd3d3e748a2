import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { modelsAdd, modelsList, modelsVerify } from '../../src/cli/models.js';
import { SamwireError } from '../../src/errors.js';
import { copyOfBundled, emptyDirectory, onnxOnly } from '../models/directories.js';

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
