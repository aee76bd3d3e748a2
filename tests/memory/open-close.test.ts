import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { brokerMissing, startBroker } from '../integration/broker.js';
import { doublePackage, NO_DOUBLE } from '../native/double-package.js';
import { openAndClose, type Plan, type Run } from './plan.js';

// `npm run test:memory` sets it to 1000.
const TURNS = Number(process.env.SAMWIRE_MEMORY_TURNS ?? 0);
const LONG = TURNS > 0;
/** A process that is asked for 1,000 turns with the model takes a quarter of an hour, more on a busy machine. */
const LIMIT_MS = LONG ? 4 * 3_600_000 : 300_000;

if (NO_DOUBLE) process.stderr.write(`Skipped: ${NO_DOUBLE}\n`);

/** MiB by which memory grew a turn: the line through the second half of the samples, when caches and pools are full. */
function growth({ samples }: Run): number {
  const late = samples.slice(Math.floor(samples.length / 2));
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const turn = mean(late.map((sample) => sample.turn));
  const rss = mean(late.map((sample) => sample.rssMiB));
  const spread = late.reduce((sum, sample) => sum + (sample.turn - turn) ** 2, 0);
  return late.reduce((sum, sample) => sum + (sample.turn - turn) * (sample.rssMiB - rss), 0) / spread;
}

function expectNothingLeft(run: Run): void {
  expect({ code: run.code, signal: run.signal, stderr: run.stderr }).toEqual({
    code: 0,
    signal: null,
    stderr: '',
  });
  const [before, ...after] = run.samples;
  const last = after.at(-1);
  expect(last).toBeDefined();
  for (const key of ['fds', 'threads', 'handles'] as const)
    expect(last?.[key], key).toBeLessThanOrEqual(before?.[key] ?? 0);
  expect(last?.frames).toBe(0);
  if (!LONG) return;
  console.table(run.samples);
  console.log(`Memory: ${(growth(run) * 1024).toFixed(2)} KiB a turn over the second half`);
  expect(growth(run) * 1024).toBeLessThan(16);
}

describe.skipIf(NO_DOUBLE !== undefined)('a process that opens and closes everything', () => {
  let root = '';
  beforeAll(() => {
    root = doublePackage({ keep: true });
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  const plan = (parts: Plan['parts'], short: { readonly turns: number; readonly warmUp: number }): Plan => ({
    root,
    parts,
    turns: LONG ? TURNS : short.turns,
    warmUp: LONG ? 50 : short.warmUp,
    samples: LONG ? 20 : 1,
  });

  it(
    'keeps nothing of frames, cameras, engines and builds',
    async () => {
      const run = await openAndClose(
        plan({ frames: 1, cameras: 1, tensorrt: 1, build: LONG ? 20 : 10 }, { turns: 20, warmUp: 8 }),
      );
      expectNothingLeft(run);
      expect([...new Set(run.double.split('\n'))]).toEqual(['nothing is left']);
    },
    LIMIT_MS,
  );

  it(
    'keeps nothing of models on the onnx backend',
    async () => expectNothingLeft(await openAndClose(plan({ onnx: 1 }, { turns: 5, warmUp: 3 }))),
    LIMIT_MS,
  );

  it.skipIf(brokerMissing() !== null)(
    'keeps nothing of whole services on a real broker',
    async () => {
      const broker = await startBroker();
      try {
        expectNothingLeft(
          await openAndClose({ ...plan({ service: 1 }, { turns: 2, warmUp: 1 }), broker: broker.url }),
        );
      } finally {
        await broker.close();
      }
    },
    LIMIT_MS,
  );
});
