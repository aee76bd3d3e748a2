import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keyOf, sha256Of } from '../../src/build/identity.js';
import { PACKAGE_ROOT } from '../../src/native/addon.js';
import { doublePackage, NO_DOUBLE } from '../native/double-package.js';
import {
  changeManifest,
  childrenOf,
  copyOf,
  finish,
  isWhole,
  type Place,
  place,
  placeIn,
  plansOf,
  recordOf,
  segmentBy,
  start,
  until,
} from './double.js';

if (NO_DOUBLE !== undefined) process.stderr.write(`Skipped: ${NO_DOUBLE}\n`);

let root = '';
/** Engines that were built once, for the tests that begin with some. */
let built: Place;

beforeAll(async () => {
  if (NO_DOUBLE !== undefined) return;
  root = doublePackage({ keep: true });
  built = placeIn(mkdtempSync(join(tmpdir(), 'samwire-engines-')));
  expect(await build(built)).toMatchObject({ code: 0 });
});
afterAll(() => {
  for (const dir of [root, built?.dir]) if (dir) rmSync(dir, { recursive: true, force: true });
});

const build = (where: Place, args: readonly string[] = [], env: Record<string, string> = {}) =>
  finish(root, ['models', 'build', 'tiny', '--config', where.config, ...args], env);

const segment = (where: Place, backend: string, env: Record<string, string> = {}) =>
  segmentBy(root, where, where.model, backend, env);

/** When each plan was written, by name: unchanged where nothing was built. */
const written = (where: Place) =>
  Object.fromEntries(plansOf(where).map((name) => [name, statSync(join(where.folder, name)).mtimeMs]));

const rowsOf = (stdout: string): string[] =>
  stdout.split('\n').filter((line) => /^(?:fp16|mixed|fp32|int8) /.test(line));

describe.skipIf(NO_DOUBLE !== undefined)('engines on the double of TensorRT', () => {
  it('are built with progress, proven, kept, and not built again', async () => {
    const where = await place({ encoder: 'fp16', decoder: 'mixed' });
    const first = await build(where, ['--json']);
    expect(first.stderr).toBe('');
    expect(first.code).toBe(0);
    const lines = first.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const fractions = lines.slice(0, -1).map(({ progress }) => Number(progress));
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
    const steps = lines.map(({ step }) => String(step)).join('\n');
    for (const step of ['onnx reference', 'encoder fp16', 'decoder mixed', 'self-test'])
      expect(steps).toContain(step);
    expect(lines.at(-1)).toMatchObject({ built: true, passed: true, model: 'tiny' });
    expect(isWhole(where)).toBe(true);
    const record = recordOf(where);
    expect(record.encoder.key).toBe(keyOf(record.encoder.identity));
    expect(record.encoder.identity).toMatchObject({
      tensorrt: '10.3.0',
      gpu: 'Samwire double',
      precision: 'fp16',
    });
    expect(record.trials.at(-1)?.prompts.length).toBeGreaterThanOrEqual(12);

    const before = written(where);
    const again = await build(where);
    expect(again.stdout).toContain('Built before, and current');
    expect(rowsOf(again.stdout)).toHaveLength(1);
    expect(written(where)).toEqual(before);
  });

  it('serve samwire segment without another build, with the masks of the onnx backend', async () => {
    const where = await place();
    const first = await segment(where, 'auto');
    expect(first.stderr).toContain('Building TensorRT engines');
    expect(first.masks().backend).toBe('tensorrt');
    const before = written(where);
    const second = await segment(where, 'tensorrt');
    expect(second.code).toBe(0);
    expect(second.stderr).not.toContain('Building');
    expect(written(where)).toEqual(before);
    const engines = second.masks().masks;
    const onnx = (await segment(where, 'onnx')).masks();
    expect(onnx.backend).toBe('onnx');
    expect(engines).toEqual(onnx.masks);
  });

  it.each<[string, (where: Place) => void, Record<string, string>]>([
    [
      'another ONNX file',
      ({ model }) => {
        // What a re-export of the same network changes: the producer's name (field 2 of ModelProto).
        const path = join(model, 'encoder.onnx');
        const bytes = Buffer.concat([readFileSync(path), Buffer.from([0x12, 2, 0x68, 0x69])]);
        writeFileSync(path, bytes);
        changeManifest(model, ({ encoder }) => Object.assign(encoder as object, { sha256: sha256Of(bytes) }));
      },
      {},
    ],
    [
      'a plan that is cut off',
      (where) => truncateSync(join(where.folder, plansOf(where)[0] ?? ''), 1000),
      {},
    ],
    ['another GPU', () => undefined, { SAMWIRE_DOUBLE_DEVICE_NAME: 'Another GPU' }],
  ])('are built anew, once, for %s', async (_, change, env) => {
    const where = await copyOf(built);
    const old = written(where);
    change(where);
    const rebuilt = await segment(where, 'tensorrt', env);
    expect(rebuilt.stderr).toContain('Building TensorRT engines');
    expect(rebuilt.code).toBe(0);
    expect(isWhole(where)).toBe(true);
    const fresh = written(where);
    expect(Object.values(fresh).some((time) => Object.values(old).includes(time))).toBe(false);
    const served = await segment(where, 'tensorrt', env);
    expect(served.stderr).not.toContain('Building');
    expect(served.masks().backend).toBe('tensorrt');
    expect(written(where)).toEqual(fresh);
  });

  it('that are in order and can not be loaded are built anew once; then auto serves by onnx', async () => {
    const where = await copyOf(built);
    const before = written(where);
    const broken = { SAMWIRE_DOUBLE_FAIL: 'createExecutionContext:1' };
    const auto = await segment(where, 'auto', broken);
    expect(auto.code).toBe(0);
    expect(auto.masks().backend).toBe('onnx');
    expect(auto.stderr.match(/can not be loaded; building them anew/g)).toHaveLength(1);
    expect(auto.stderr.match(/NO TENSORRT ENGINES/g)).toHaveLength(1);
    const demanded = await segment(where, 'tensorrt', broken);
    expect(demanded.code).toBe(69);
    expect(written(where)).toEqual(before);
  });

  it('are told by samwire doctor: built, missing, stale', async () => {
    const doctor = async ({ config }: Place, env: Record<string, string> = {}): Promise<string> =>
      (await finish(root, ['doctor', '--config', config], env)).stdout;
    const found = await doctor(built);
    expect(found).toMatch(/ok +TensorRT +version 10\.3\.0 on Samwire double/);
    expect(found).toMatch(
      /ok +engines +tiny in .*: encoder fp32, decoder fp32, worst IoU (?:1\.0000|0\.9999)/,
    );
    expect(await doctor(await place())).toMatch(/warn +engines +none of tiny .*\n.*models build tiny/);
    const other = await doctor(built, { SAMWIRE_DOUBLE_DEVICE_NAME: 'Another GPU' });
    expect(other).toMatch(/warn +engines +those of tiny .* stale: .* another gpu/);
  });

  it('keep the settings that they were built with, and are built anew for others', async () => {
    const where = await place();
    await build(where, ['--max-prompts', '2', '--workspace-mb', '64']);
    expect(recordOf(where).settings).toMatchObject({ maxPrompts: 2, workspaceBytes: 64 * 2 ** 20 });
    const before = written(where);
    expect((await segment(where, 'tensorrt')).code).toBe(0);
    expect(written(where)).toEqual(before);
    const other = await build(where, ['--max-prompts', '3']);
    expect(other.stdout).toContain('up to 4 prompts a run');
    expect(recordOf(where).decoder.identity.shapes[0]?.max[0]).toBe(4);
  });

  it('of the bundled model pass in the precisions that it wishes for', { timeout: 240_000 }, async () => {
    const where = await place();
    const args = ['models', 'build', 'samwire-tiny', '--config', where.config];
    const done = await finish(root, args);
    expect(done.code).toBe(0);
    expect(rowsOf(done.stdout).join('\n')).toMatch(/^fp16 +mixed .* passed$/);
  });

  it('of a decoder that was exported for one prompt take many, mended', async () => {
    const where = await place({ family: 'nanosam' });
    expect((await build(where)).code).toBe(0);
    expect(recordOf(where).contract.decoder.batch).toBe('free');
  });
});

describe.skipIf(NO_DOUBLE !== undefined)(
  'the ladder of precisions, on a TensorRT that computes FP16 wrongly',
  () => {
    it('goes down until masks are right, and the table shows it', async () => {
      const where = await place({ encoder: 'fp16', decoder: 'fp16' });
      const done = await build(where, [], { SAMWIRE_DOUBLE_WRONG: 'fp16' });
      expect(done.code).toBe(0);
      const table = rowsOf(done.stdout);
      expect(table[0]).toMatch(/^fp16 +fp16 +0\.\d{4} .* failed: worst is /);
      expect(table.at(-1)).toMatch(/ passed$/);
      const { encoder, decoder, trials } = recordOf(where);
      expect(trials.map(({ passed }) => passed)).toEqual([...trials.slice(1).map(() => false), true]);
      // What serves is what passed.
      expect(trials.at(-1)).toMatchObject({
        encoder: encoder.identity.precision,
        decoder: decoder.identity.precision,
      });
      expect(trials).toHaveLength(table.length);
      expect(isWhole(where)).toBe(true);
    });

    it('ends when all are wrong; that is kept, auto serves by onnx, and force tries again', async () => {
      const where = await place({ encoder: 'fp32', decoder: 'mixed' });
      const wrong = { SAMWIRE_DOUBLE_WRONG: 'all' };
      const refused = await build(where, [], wrong);
      expect(refused.code).toBe(1);
      expect(rowsOf(refused.stdout)).toHaveLength(2);
      expect(readdirSync(where.folder)).toEqual(['engines.json']);
      expect(recordOf(where).passed).toBe(false);

      const auto = await segment(where, 'auto', wrong);
      expect(auto.code).toBe(0);
      expect(auto.masks().backend).toBe('onnx');
      expect(auto.stderr).toContain('NO TENSORRT ENGINES');
      expect(auto.stderr).not.toContain('Building');
      const demanded = await segment(where, 'tensorrt', wrong);
      expect(demanded.code).toBe(69);
      expect(demanded.stderr).toMatch(/worst IoU 0\.\d+ \(/);

      expect((await build(where)).code).toBe(1);
      const forced = await build(where, ['--force']);
      expect(forced.code).toBe(0);
      expect(isWhole(where)).toBe(true);
    });

    it('has one rung where a precision is forced', async () => {
      const where = await place({ encoder: 'fp32', decoder: 'fp32' });
      const done = await build(where, ['--precision', 'fp16'], { SAMWIRE_DOUBLE_WRONG: 'fp16' });
      expect(done.code).toBe(1);
      expect(rowsOf(done.stdout)).toHaveLength(1);
    });

    it('takes nothing from the engines that serve when a forced precision fails', async () => {
      const where = await copyOf(built);
      const before = written(where);
      const wrong = { SAMWIRE_DOUBLE_WRONG: 'fp16' };
      expect((await build(where, ['--precision', 'fp16'], wrong)).code).toBe(1);
      expect(written(where)).toEqual(before);
      const served = await segment(where, 'tensorrt', wrong);
      expect(served.code).toBe(0);
      expect(served.stderr).not.toContain('Building');
    });

    it('is gone down by the service where a forced precision failed and nothing else was tried', async () => {
      const where = await place({ encoder: 'fp32', decoder: 'fp32' });
      const wrong = { SAMWIRE_DOUBLE_WRONG: 'fp16' };
      expect((await build(where, ['--precision', 'fp16'], wrong)).code).toBe(1);
      expect(recordOf(where).passed).toBe(false);
      const served = await segment(where, 'auto', wrong);
      expect(served.stderr).toContain('Building TensorRT engines');
      expect(served.masks().backend).toBe('tensorrt');
      expect(recordOf(where)).toMatchObject({ passed: true, settings: { precision: null } });
    });

    it('names the reason where an engine can not be built, and keeps no refusal for it', async () => {
      const where = await place();
      const done = await build(where, [], { SAMWIRE_DOUBLE_FAIL: 'buildSerializedNetwork:1' });
      expect(done.code).toBe(1);
      expect(done.stdout).toMatch(/fp32 +fp32 .* failed: encoder fp32: .*injected/);
      expect(readdirSync(where.folder)).toEqual([]);
      expect((await build(where)).code).toBe(0);
    });

    it('refuses int8 for files that are not quantised', async () => {
      const where = await place();
      const done = await build(where, ['--precision', 'int8']);
      expect(done.code).toBe(78);
      expect(done.stderr).toContain('has no QuantizeLinear');
      expect(readdirSync(where.folder)).toEqual([]);
    });

    it('is not begun where the reference has next to no masks', async () => {
      const where = await place();
      changeManifest(where.model, ({ mask }) => Object.assign(mask as object, { threshold: 1000 }));
      const done = await build(where);
      expect(done.code).toBe(1);
      expect(done.stderr).toMatch(/would prove nothing: of 17 masks .* only 0/);
      expect(readdirSync(where.folder)).toEqual([]);
    });
  },
);

describe.skipIf(NO_DOUBLE !== undefined)('a build that is stopped', () => {
  const slow = { SAMWIRE_DOUBLE_BUILD_MS: '60000' };

  async function building(where: Place) {
    const args = ['models', 'build', 'tiny', '--config', where.config, '--json'];
    const program = start(root, args, slow);
    await until(() => program.stdout().includes('encoder fp32'), `a build; got ${program.stderr()}`);
    await until(() => childrenOf(root).length > 0, 'its process');
    return program;
  }

  it.each(['SIGINT', 'SIGTERM'] as const)('by %s ends with 130 and leaves nothing', async (signal) => {
    const where = await place();
    const program = await building(where);
    program.child.kill(signal);
    expect(await program.ended).toBe(130);
    expect(readdirSync(where.folder)).toEqual([]);
    expect(childrenOf(root)).toEqual([]);
  });

  it('in samwire segment, too, leaves nothing', async () => {
    const where = await place();
    const picture = join(PACKAGE_ROOT, 'assets/self-test/portrait.jpg');
    const prompts = join(where.dir, 'p.json');
    writeFileSync(prompts, '{"box":[1,2,200,200]}');
    const args = ['segment', picture, '--prompts', prompts, '--model', where.model];
    const program = start(root, [...args, '--out', join(where.dir, 'out')], {
      SAMWIRE_CONFIG: where.config,
      ...slow,
    });
    await until(() => childrenOf(root).length > 0, 'a builder');
    program.child.kill('SIGINT');
    expect(await program.ended).toBe(130);
    expect(childrenOf(root)).toEqual([]);
    expect(existsSync(where.folder) ? readdirSync(where.folder) : []).toEqual([]);
  });

  it('leaves the engines that were there as they are', async () => {
    const where = await copyOf(built);
    const before = written(where);
    const args = ['models', 'build', 'tiny', '--config', where.config, '--force', '--json'];
    const program = start(root, args, slow);
    await until(() => program.stdout().includes('encoder fp32'), 'a build');
    program.child.kill('SIGINT');
    expect(await program.ended).toBe(130);
    expect(written(where)).toEqual(before);
    expect((await build(where)).stdout).toContain('Built before, and current');
  });

  it('by SIGKILL takes its builder with it, and the next build clears what it left', async () => {
    const where = await place();
    const program = await building(where);
    program.child.kill('SIGKILL');
    await program.ended;
    await until(() => childrenOf(root).length === 0, 'the builder to end');
    expect(readdirSync(where.folder)).toHaveLength(1);
    expect((await build(where)).code).toBe(0);
    expect(isWhole(where)).toBe(true);
  });

  it('by a record that can not be written is told with the cache, and is no crash', async () => {
    const where = await place();
    mkdirSync(join(where.folder, 'engines.json'), { recursive: true });
    const done = await build(where);
    expect(done.code).toBe(69);
    expect(done.stderr).toMatch(/can't be kept in .*cache \(E[A-Z]+\)/);
    expect(done.stderr).not.toMatch(/\n\s+at /);
  });

  it('by a cache that can not be written is none: it says what to run', async () => {
    const where = await place();
    mkdirSync(join(where.dir, 'cache'));
    writeFileSync(where.folder, 'a file in the way');
    const done = await build(where);
    expect(done.code).toBe(69);
    expect(done.stderr).toMatch(/can't be kept in .*cache/);
  });
});
