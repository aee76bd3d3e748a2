import { mkdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { keyOf, type Part, sha256Of } from '../../src/build/identity.js';
import {
  engineFolder,
  ingredients,
  inspectEngines,
  manifestSha256,
  wantedGraph,
} from '../../src/build/inspect.js';
import type { TensorrtMachine } from '../../src/build/machine.js';
import { prepareGraphs } from '../../src/build/prepare.js';
import {
  type EngineRecord,
  type EnginesRecord,
  planPath,
  RECORD_FILE,
  writeRecord,
} from '../../src/build/record.js';
import { ConfigError } from '../../src/errors.js';
import { readTwoGraphDirectory, type TwoGraphDirectory } from '../../src/models/directory.js';
import { graphSummary } from '../../src/onnx/summary.js';
import { GraphBuilder } from '../graphs/builder.js';
import { writeSemanticModel } from '../graphs/model-dir.js';
import { semanticModel } from '../graphs/semantics.js';
import { ORIN_TENSORRT } from '../health/machine.js';
import { spoiledDecoder } from '../mend/traps.js';
import { emptyDirectory } from '../models/directories.js';
import { engineOf, RECORD } from './records.js';

const DEVICE = ORIN_TENSORRT.device as TensorrtMachine['device'];
const MACHINE: TensorrtMachine = { version: '10.3.0', major: 10, device: DEVICE };

interface Kept {
  readonly model: TwoGraphDirectory;
  readonly folder: string;
  readonly record: EnginesRecord;
}

/** A model with engines in the cache, as a build for this machine leaves them; the plans are text. */
async function kept(change: Partial<EnginesRecord> = {}): Promise<Kept> {
  const dir = await emptyDirectory();
  writeSemanticModel(join(dir, 'model'), semanticModel('sam'), {}, 'tiny');
  const model = await readTwoGraphDirectory(join(dir, 'model'));
  const folder = join(dir, 'cache/tiny');
  await mkdir(folder, { recursive: true });
  const { settings } = RECORD;
  const precision = { encoder: 'fp16', decoder: 'mixed' } as const;
  const graphs = (['encoder', 'decoder'] as const).map((part) =>
    wantedGraph(part, precision[part], settings, MACHINE),
  );
  const prepared = await prepareGraphs({ task: 'prepare', modelDir: model.dir, graphs, folder: null });
  const engine = async (part: Part): Promise<EngineRecord> => {
    const graph = prepared.find((one) => one.part === part);
    if (!graph) throw new Error(`no ${part}`);
    const { identity } = engineOf(part, {
      precision: precision[part],
      ...ingredients(graph, MACHINE),
    });
    const plan = `the plan of the ${part}`;
    const record = { ...engineOf(part), identity, key: keyOf(identity) };
    await writeFile(planPath(folder, record), plan);
    return { ...record, sizeBytes: plan.length, sha256: sha256Of(plan) };
  };
  const record = {
    ...RECORD,
    manifestSha256: manifestSha256(model),
    encoder: await engine('encoder'),
    decoder: await engine('decoder'),
    ...change,
  };
  await writeRecord(folder, folder, record);
  return { model, folder, record };
}

const look = ({ model, folder }: Kept, machine: Partial<TensorrtMachine> = {}) =>
  inspectEngines({ model, folder, machine: { ...MACHINE, ...machine } });

async function changedManifest({ model }: Kept, change: (manifest: Record<string, unknown>) => object) {
  const path = join(model.dir, 'manifest.json');
  const manifest = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
  await writeFile(path, JSON.stringify(change(manifest)));
  return readTwoGraphDirectory(model.dir);
}

describe("a model's folder in the cache", () => {
  const inDirectory = async (dir: string) => {
    await mkdir(dir, { recursive: true });
    const { model } = await kept();
    return engineFolder('/cache', { ...model, dir });
  };

  it('is of its directory, so that two models of one name take nothing from each other', async () => {
    const dir = await emptyDirectory();
    const mine = await inDirectory(join(dir, 'mine/tiny'));
    expect(mine).toMatch(/^\/cache\/tiny-[0-9a-f]{8}$/);
    expect(await inDirectory(join(dir, 'mine/tiny'))).toBe(mine);
    expect(await inDirectory(join(dir, 'theirs/tiny'))).not.toBe(mine);
  });

  it('is the same through a link', async () => {
    const dir = await emptyDirectory();
    const mine = await inDirectory(join(dir, 'mine'));
    await symlink(join(dir, 'mine'), join(dir, 'link'));
    expect(await inDirectory(join(dir, 'link'))).toBe(mine);
  });
});

describe('engines in the cache', () => {
  it('are current where model, machine and plans are those that they were built from', async () => {
    const place = await kept();
    expect(await look(place)).toEqual({ state: 'current', record: place.record });
  });

  it('are missing where there is no record', async () => {
    const place = await kept();
    await rm(join(place.folder, RECORD_FILE));
    expect(await look(place)).toEqual({ state: 'missing' });
  });

  it('stay refused where nothing has changed since none passed', async () => {
    const place = await kept({ passed: false });
    await rm(planPath(place.folder, place.record.encoder));
    expect((await look(place)).state).toBe('refused');
    expect((await look(place, { version: '10.4.0' })).state).toBe('stale');
  });

  it.each<[string, Partial<TensorrtMachine>, RegExp]>([
    ['another TensorRT', { version: '10.3.1' }, /another tensorrt$/],
    ['another GPU', { device: { ...DEVICE, name: 'Thor' } }, /another gpu$/],
    [
      'another compute capability',
      { device: { ...DEVICE, computeCapability: '8.9' } },
      /another computeCapability$/,
    ],
    ['another major, which is handed another graph', { version: '8.6.2', major: 8 }, /graphSha256.*tensorrt/],
  ])('are stale on %s', async (_, machine, why) => {
    expect(await look(await kept(), machine)).toMatchObject({
      state: 'stale',
      why: expect.stringMatching(why),
    });
  });

  it.each<[string, (place: Kept) => Promise<void>, RegExp]>([
    ['that is gone', ({ folder, record }) => rm(planPath(folder, record.encoder)), /encoder's plan is not/],
    [
      'that is cut off',
      ({ folder, record }) => truncate(planPath(folder, record.decoder), 5),
      /decoder's plan has 5 bytes/,
    ],
    [
      'that was written over',
      ({ folder, record }) => writeFile(planPath(folder, record.decoder), 'the plan of the dEcoder'),
      /decoder's plan is not what was written/,
    ],
  ])('are stale for a plan %s', async (_, damage, why) => {
    const place = await kept();
    await damage(place);
    expect(await look(place)).toMatchObject({ state: 'stale', why: expect.stringMatching(why) });
  });

  it('are stale for a record that is torn or of another format', async () => {
    const place = await kept();
    await truncate(join(place.folder, RECORD_FILE), 500);
    expect(await look(place)).toMatchObject({ state: 'stale', why: expect.stringContaining('torn') });
    await writeFile(join(place.folder, RECORD_FILE), JSON.stringify({ ...place.record, format: 2 }));
    expect((await look(place)).state).toBe('stale');
  });

  it('are stale for another ONNX file, and for a manifest that prepares otherwise', async () => {
    const place = await kept();
    const wished = await changedManifest(place, ({ decoder, ...manifest }) => ({
      ...manifest,
      decoder: { ...(decoder as object), precision: 'fp16' },
    }));
    expect(await look({ ...place, model: wished })).toMatchObject({ why: 'the manifest was changed' });
    const other = await kept();
    // ModelProto's field 2, the producer's name: what a second export of the same network changes.
    const bytes = Buffer.concat([await readFile(other.model.encoderPath), Buffer.from([0x12, 1, 0x78])]);
    await writeFile(other.model.encoderPath, bytes);
    const model = await changedManifest(other, ({ encoder, ...manifest }) => ({
      ...manifest,
      encoder: { ...(encoder as object), sha256: sha256Of(bytes) },
    }));
    expect((await look({ ...other, model })).state).toBe('stale');
  });

  it('are not stale for another licence', async () => {
    const place = await kept();
    const model = await changedManifest(place, (manifest) => ({ ...manifest, licence: 'MIT' }));
    expect((await look({ ...place, model })).state).toBe('current');
  });

  it.each([
    ['precision', { precision: 'fp32' }],
    ['maxPrompts', { maxPrompts: 8 }],
    ['dlaCore', { dlaCore: 0 }],
    ['workspaceBytes', { workspaceBytes: 2 ** 28 }],
  ] as const)('are stale for whoever asks for another %s, not for who does not ask', async (name, asked) => {
    const { model, folder } = await kept();
    const settings = { ...RECORD.settings, ...asked };
    expect(await inspectEngines({ model, folder, machine: MACHINE, settings })).toMatchObject({
      state: 'stale',
      why: `they were built with another ${name}`,
    });
  });

  it('of a model whose file is not the manifest’s are a fault of the model', async () => {
    const place = await kept();
    await writeFile(place.model.decoderPath, await readFile(place.model.encoderPath));
    await expect(look(place)).rejects.toThrow(ConfigError);
  });
});

describe('the graph that TensorRT is handed', () => {
  it('is typed from TensorRT 10 on, but for DLA, which takes FP16 by a flag until 11', () => {
    const of = (part: Part, major: number, dlaCore: number) =>
      wantedGraph(part, 'fp16', { ...RECORD.settings, dlaCore }, { ...MACHINE, major }).typed;
    expect([of('encoder', 8, -1), of('encoder', 10, -1), of('encoder', 11, -1)]).toEqual([false, true, true]);
    expect([of('encoder', 10, 0), of('decoder', 10, 0), of('encoder', 11, 0)]).toEqual([false, true, true]);
  });

  it('names the FP32 nodes for TensorRT 8, and holds FP16 itself for 10', async () => {
    const { model } = await kept();
    const prepare = (major: number) =>
      prepareGraphs({
        task: 'prepare',
        modelDir: model.dir,
        graphs: [wantedGraph('decoder', 'mixed', RECORD.settings, { ...MACHINE, major })],
        folder: null,
      });
    const [untyped] = await prepare(8);
    const [typed] = await prepare(10);
    expect(untyped?.buildPrecision).toBe('fp16');
    expect(untyped?.fp32Nodes.length).toBeGreaterThan(0);
    expect(typed).toMatchObject({ buildPrecision: 'typed', fp32Nodes: [] });
    expect(typed?.graphSha256).not.toBe(untyped?.graphSha256);
  });
});

/** A model's directory in which one of the networks is another. */
async function modelWith(part: Part, network: Uint8Array): Promise<string> {
  const dir = await emptyDirectory();
  writeSemanticModel(dir, semanticModel('sam'), {}, 'tiny');
  await writeFile(join(dir, `${part}.onnx`), network);
  const manifest = JSON.parse(await readFile(join(dir, 'manifest.json'), 'utf8')) as Record<string, object>;
  Object.assign(manifest[part] ?? {}, { sha256: sha256Of(network) });
  await writeFile(join(dir, 'manifest.json'), JSON.stringify(manifest));
  return dir;
}

describe('the graphs of a build', () => {
  it.each([
    ['TensorRT 8, which does not know it', false, undefined],
    ['TensorRT 10', true, 1],
  ])('have LayerNormalization in FP32 as is right for %s', async (_, typed, count) => {
    const g = new GraphBuilder({ name: 'norm', opset: 17 });
    const x = g.input('image', [1, 3, 8, 8]);
    g.output(g.node('LayerNormalization', [x, g.weights([8], 1)], { axis: -1 }), 'embedding', [1, 3, 8, 8]);
    const dir = await modelWith('encoder', g.toBytes());
    const graphs = [{ part: 'encoder', precision: 'fp32', typed }] as const;
    const folder = await emptyDirectory();
    const [made] = await prepareGraphs({ task: 'prepare', modelDir: dir, graphs, folder });
    expect(made).toMatchObject({ buildPrecision: 'fp32', fp32Nodes: [] });
    expect(graphSummary(await readFile(made?.path ?? '')).ops.LayerNormalization).toBe(count);
  });

  it('are not made of a decoder that answers differently when it is mended', async () => {
    const dir = await modelWith('decoder', spoiledDecoder());
    const graphs = [{ part: 'decoder', precision: 'fp32', typed: true }] as const;
    const making = prepareGraphs({ task: 'prepare', modelDir: dir, graphs, folder: await emptyDirectory() });
    await expect(making).rejects.toMatchObject({ code: 'model_failed' });
    await expect(making).rejects.toThrow(/decoder\.onnx, mended .* is not what it was: Its answers differ/);
  });
});
