import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { engineFolder } from '../../src/build/inspect.js';
import { RECORD_FILE } from '../../src/build/record.js';
import { parseConfig } from '../../src/config/load.js';
import { checkEngines, checkTensorrt } from '../../src/health/check-tensorrt.js';
import { resolveModel } from '../../src/models/catalogue.js';
import type { TensorrtStatus } from '../../src/native/build-types.js';
import { writeOneGraph, yoloImage } from '../graphs/kind-dir.js';
import { FASTSAM, yoloGraph } from '../graphs/yolo.js';
import { emptyDirectory } from '../models/directories.js';
import { type MadeMachine, type MadeMachineOptions, madeMachine, ORIN_TENSORRT } from './machine.js';

const made: MadeMachine[] = [];
afterEach(() => {
  for (const machine of made.splice(0)) machine.remove();
});

function machineOf(options: MadeMachineOptions) {
  const machine = madeMachine({ elements: [], ...options });
  made.push(machine);
  return machine.host;
}

const ORIN = { 'etc/nv_tegra_release': '# R36 (release), REVISION: 4.3, GCID: 1\n', 'dev/nvhost-gpu': '' };

function look(options: MadeMachineOptions, backend: 'auto' | 'tensorrt' | 'onnx' = 'auto') {
  const host = machineOf(options);
  return checkTensorrt(host.addon(), host, backend);
}

describe('TensorRT', () => {
  it('that can run is told with its version and its device', () => {
    expect(look({ files: ORIN, tensorrt: ORIN_TENSORRT })).toEqual({
      name: 'TensorRT',
      status: 'ok',
      found: 'version 10.3.0 on Orin (compute capability 8.7), CUDA 12.6, driver for 12.6',
    });
  });

  it('that a Jetson lacks is a warning with the packages of its JetPack', () => {
    const check = look({ files: ORIN });
    expect(check).toMatchObject({ status: 'warn', found: expect.stringContaining('compiled without') });
    expect(check.remedy).toContain('nvidia-jetpack');
  });

  it('that a machine without a GPU lacks is nothing amiss, unless the config demands it', () => {
    expect(look({ arch: 'x64' })).toMatchObject({ status: 'skipped' });
    expect(look({ arch: 'x64' })).not.toHaveProperty('remedy');
    expect(look({ arch: 'x64' }, 'tensorrt')).toMatchObject({
      status: 'fail',
      of: 'configured',
      remedy: expect.stringContaining('model.backend'),
    });
  });

  it('that the config does not want is left alone', () => {
    expect(look({ files: ORIN }, 'onnx').status).toBe('skipped');
  });

  it.each<[NonNullable<TensorrtStatus['problem']>['piece'], RegExp]>([
    ['library', /libnvinfer10 libnvonnxparsers10/],
    ['major', /scripts\/setup\.sh/],
    ['device', /video/],
  ])('whose %s is missing has its own remedy', (piece, remedy) => {
    const tensorrt = {
      ...ORIN_TENSORRT,
      library: null,
      device: null,
      problem: { piece, text: 'It is gone.' },
    };
    expect(look({ files: ORIN, tensorrt }).remedy).toMatch(remedy);
  });

  it('is not looked at without the addon', () => {
    expect(checkTensorrt(undefined, machineOf({}), 'auto').status).toBe('skipped');
  });
});

describe('the engines of the configured model', () => {
  async function engines(model = '', tensorrt: TensorrtStatus = ORIN_TENSORRT, record?: string) {
    const cache = await emptyDirectory();
    if (record !== undefined) {
      const folder = engineFolder(cache, await resolveModel('samwire-tiny', []));
      await mkdir(folder);
      await writeFile(join(folder, RECORD_FILE), record);
    }
    const text = `version: 1\nmqtt: { url: mqtt://127.0.0.1 }\nmodel: { cache: ${cache}${model} }`;
    return checkEngines(parseConfig(text, '/x.yaml').config, machineOf({ tensorrt }).addon());
  }

  it('that are not there yet are a warning with the command that builds them', async () => {
    expect(await engines()).toMatchObject({
      status: 'warn',
      found: expect.stringContaining('none of samwire-tiny'),
      remedy: expect.stringContaining('samwire models build samwire-tiny'),
    });
  });

  it('whose record is torn are stale', async () => {
    expect(await engines('', ORIN_TENSORRT, '{"format":1,')).toMatchObject({
      status: 'warn',
      found: expect.stringMatching(/stale: their record is torn/),
    });
  });

  it('are not needed without TensorRT, or where the config asks for the onnx backend', async () => {
    const without = { ...ORIN_TENSORRT, device: null, problem: { piece: 'device', text: 'x' } } as const;
    expect((await engines('', without)).status).toBe('skipped');
    expect((await engines(', backend: onnx')).status).toBe('skipped');
  });

  it('of one network are not needed, unless the config asks for them', async () => {
    const root = await emptyDirectory();
    writeOneGraph(join(root, 'fast'), yoloGraph(FASTSAM), {
      name: 'fast',
      family: 'fastsam',
      image: yoloImage(FASTSAM.size),
    });
    const model = `, name: fast, paths: [${root}]`;
    expect(await engines(model)).toMatchObject({
      status: 'skipped',
      found: expect.stringContaining('which the TensorRT backend does not run'),
    });
    expect(await engines(`${model}, backend: tensorrt`)).toMatchObject({
      status: 'fail',
      of: 'configured',
      remedy: 'Set model.backend to auto or onnx.',
    });
  });

  it('of a model that does not exist are the business of its own line', async () => {
    expect((await engines(', name: samwire-tinny')).status).toBe('skipped');
  });
});
