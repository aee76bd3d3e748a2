import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Part, sha256Of } from '../../src/build/identity.js';
import { prepareGraphs } from '../../src/build/prepare.js';
import { planPath } from '../../src/build/record.js';
import { loadAddon, PACKAGE_ROOT } from '../../src/native/addon.js';
import { emptyDirectory } from '../models/directories.js';
import { doublePackage, noDouble } from '../native/double-package.js';
import { cachedIn, finish, isWhole, type Place, place, plansOf, recordOf, segmentBy } from './double.js';

const missing = noDouble(8, 11);
if (missing !== undefined) process.stderr.write(`Skipped: ${missing}\n`);

const MODEL = 'samwire-tiny';
const BUNDLED = join(PACKAGE_ROOT, 'engines', MODEL);
const WISHED = { encoder: 'fp16', decoder: 'mixed' } as const;
const VERSIONS = { 8: '8.6.1', 11: '11.1.0' } as const;
type Older = keyof typeof VERSIONS;

const roots = new Map<Older, string>();
const rootOf = (major: Older): string => roots.get(major) ?? '';

beforeAll(() => {
  if (missing === undefined)
    for (const major of [8, 11] as const) roots.set(major, doublePackage({ keep: true, major }));
});
afterAll(() => {
  for (const root of roots.values()) rmSync(root, { recursive: true, force: true });
});

/** The cache's folder of the bundled model. */
const bundledIn = (where: Place): Place => ({
  ...where,
  folder: cachedIn(where.dir, join(PACKAGE_ROOT, 'engines', MODEL)),
});

/** The graphs that such a version is to be handed, and how. */
async function graphsFor(major: Older) {
  const graphs = (['encoder', 'decoder'] as const).map((part) => ({
    part,
    precision: WISHED[part],
    typed: major === 11,
  }));
  const folder = await emptyDirectory();
  return prepareGraphs({ task: 'prepare', modelDir: BUNDLED, graphs, folder });
}

/** The onnx backend's, which is the same for all. */
let expected: Uint8Array | undefined;

async function maskOf(root: string, where: Place, backend: string) {
  const { code, stderr, masks } = await segmentBy(root, where, MODEL, backend);
  expect(code, stderr).toBe(0);
  expect(stderr).not.toContain('Building');
  expect(masks().backend).toBe(backend);
  const [item] = masks().masks;
  if (!item || !('rle' in item) || !item.rle) throw new Error(`no mask but ${JSON.stringify(item)}`);
  const { size, counts } = item.rle;
  return loadAddon().rleToMask(counts, size[1], size[0]);
}

function iou(a: Uint8Array, b: Uint8Array): number {
  const both = a.filter((bit, i) => bit && b[i]).length;
  return both / a.filter((bit, i) => bit || b[i]).length;
}

describe.skipIf(missing !== undefined)('engines by the version of TensorRT', { timeout: 240_000 }, () => {
  it.each([
    [8, 'untyped graphs, with the nodes named that stay in FP32'],
    [11, 'typed graphs'],
  ] satisfies [Older, string][])(
    'of %i are built from %s, pass, and give the masks of the onnx backend',
    async (major, _) => {
      const where = bundledIn(await place());
      const args = ['models', 'build', MODEL, '--max-prompts', '4', '--config', where.config, '--json'];
      const done = await finish(rootOf(major), args);
      expect(done.stderr).toBe('');
      expect(done.code).toBe(0);
      expect(JSON.parse(done.stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({
        built: true,
        passed: true,
      });
      expect(isWhole(where)).toBe(true);
      const record = recordOf(where);
      expect(record.trials).toMatchObject([{ ...WISHED, passed: true }]);

      for (const graph of await graphsFor(major)) {
        const engine = record[graph.part as Part];
        expect(graph.buildPrecision).toBe(major === 8 ? 'fp16' : 'typed');
        expect(graph.fp32Nodes.length > 0).toBe(major === 8 && graph.part === 'decoder');
        expect(engine.identity).toMatchObject({
          tensorrt: VERSIONS[major],
          precision: WISHED[graph.part],
          graphSha256: graph.graphSha256,
          fp32NodesSha256: sha256Of(graph.fp32Nodes.join('\n')),
        });
        // A plan of the double holds the graph that it was built from.
        const plan = readFileSync(planPath(where.folder, engine));
        expect(plan.includes(readFileSync(graph.path ?? ''))).toBe(true);
      }

      const mask = await maskOf(rootOf(major), where, 'tensorrt');
      expected ??= await maskOf(rootOf(major), where, 'onnx');
      expect(iou(mask, expected)).toBeGreaterThanOrEqual(0.99);
    },
  );

  it('keep in FP32 what must be, and are not loaded by another version, which builds its own', async () => {
    const where = await place({ encoder: 'fp32', decoder: 'mixed' });
    const wrong = { SAMWIRE_DOUBLE_WRONG: 'fp16' };
    let before: string[] = [];
    for (const major of [8, 11] as const) {
      const { code, stderr, masks } = await segmentBy(rootOf(major), where, where.model, 'tensorrt', wrong);
      expect(code, stderr).toBe(0);
      expect(stderr).toContain('Building TensorRT engines');
      expect(stderr).not.toContain('can not be loaded');
      expect(masks().backend).toBe('tensorrt');
      const { encoder, decoder, trials } = recordOf(where);
      for (const { identity } of [encoder, decoder]) expect(identity.tensorrt).toBe(VERSIONS[major]);
      // Without anything in FP32 the double would answer wrongly, and the decoder go down to fp32.
      expect(trials).toMatchObject([{ encoder: 'fp32', decoder: 'mixed', passed: true }]);
      const plans = plansOf(where);
      expect(plans).toHaveLength(2);
      expect(plans.some((name) => before.includes(name))).toBe(false);
      before = plans;
    }
  });
});
