import { readFile, truncate, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readModelDirectory } from '../../src/models/directory.js';
import { ManifestError } from '../../src/models/manifest.js';
import { readGraph } from '../../src/models/read-graph.js';
import { checkFiles, inspectFile, sha256File, verifyFiles } from '../../src/models/verify.js';
import { BUNDLED, copyOfBundled, emptyDirectory, LFS_POINTER } from './directories.js';

describe('the files of a model', () => {
  it('of the bundled model are the ones that its manifest names', async () => {
    const checks = await checkFiles(await readModelDirectory(BUNDLED));
    expect(checks.map(({ role, problem }) => [role, problem])).toEqual([
      ['encoder', undefined],
      ['decoder', undefined],
    ]);
  });

  it('are refused when one is cut off, with both hashes', async () => {
    const dir = await copyOfBundled(await emptyDirectory(), 'cut');
    await truncate(join(dir, 'encoder.onnx'), 1_000_000);
    const model = await readModelDirectory(dir);
    const error = await verifyFiles(model).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ManifestError);
    expect(String(error)).toContain(`expected SHA-256 ${model.manifest.encoder.sha256}, found`);
    expect(String(error)).toContain('(1000000 bytes)');
  });

  it('are refused when they are Git LFS pointers, with what to do', async () => {
    const path = join(await emptyDirectory(), 'encoder.onnx');
    await writeFile(path, LFS_POINTER);
    expect((await inspectFile(path)).problem).toContain('Git LFS pointer');
    expect((await inspectFile(path)).problem).toContain('git lfs pull');
  });

  it('are refused when they are a page instead of a network', async () => {
    const path = join(await emptyDirectory(), 'encoder.onnx');
    await writeFile(path, `\n<!DOCTYPE html><html>${'x'.repeat(200)}</html>`);
    expect((await inspectFile(path)).problem).toContain('the download failed');
  });

  it('are refused when they are empty, missing or a folder', async () => {
    const dir = await emptyDirectory();
    await writeFile(join(dir, 'empty.onnx'), '');
    expect((await inspectFile(join(dir, 'empty.onnx'))).problem).toContain('has 0 bytes');
    expect((await inspectFile(join(dir, 'none.onnx'))).problem).toContain('is not there');
    expect((await inspectFile(dir)).problem).toContain('is not a file');
  });

  it('are all named when both are wrong', async () => {
    const dir = await copyOfBundled(await emptyDirectory(), 'both');
    await unlink(join(dir, 'encoder.onnx'));
    await writeFile(join(dir, 'decoder.onnx'), LFS_POINTER);
    const error = await verifyFiles(await readModelDirectory(dir)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ faults: [{ path: 'encoder.file' }, { path: 'decoder.file' }] });
  });
});

describe('reading a graph', () => {
  it('gives the names, types and shapes that the file declares', async () => {
    const graph = await readGraph(join(BUNDLED, 'decoder.onnx'));
    expect(graph.inputs.find(({ name }) => name === 'point_coords')).toEqual({
      name: 'point_coords',
      type: 'float32',
      shape: ['B', 'N', 2],
    });
    expect(graph.outputs.map(({ name }) => name)).toEqual(['iou_predictions', 'low_res_masks']);
  });

  it('of a file that is cut off ends in a clear error, also where its hash is right', async () => {
    const path = join(await emptyDirectory(), 'encoder.onnx');
    const whole = await readFile(join(BUNDLED, 'encoder.onnx'));
    await writeFile(path, whole.subarray(0, 100_000));
    await expect(readGraph(path)).rejects.toThrow(ManifestError);
    await expect(readGraph(path)).rejects.toThrow(/encoder\.onnx can't be loaded as an ONNX network/);
  });
});

describe('a hash', () => {
  it('is that of the whole file', async () => {
    const path = join(await emptyDirectory(), 'abc');
    await writeFile(path, 'abc');
    expect(await sha256File(path)).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });
});
