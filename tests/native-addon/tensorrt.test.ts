import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DOUBLE_ADDON, NO_DOUBLE } from '../native/double-package.js';
import { defineWorker, loading, runPlainProcess } from './addon-process.js';
import { asking, doubleEngines } from './double-engines.js';

const dir = mkdtempSync(join(tmpdir(), 'samwire-tensorrt-'));
const plan = (part: string): string => join(dir, `${part}.plan`);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** What every script here begins with: engines that are built, and a request to them. */
let prelude = '';
let builds = '';

async function prepare(): Promise<void> {
  const engines = await doubleEngines(dir);
  builds = `${loading(DOUBLE_ADDON)} const requests = ${JSON.stringify(engines.requests)};`;
  prelude = `${loading(DOUBLE_ADDON)} ${asking(engines)}`;
}

const ALIVE = { code: 0, signal: null, output: 'alive\n' };

/** Ends a worker at a different moment each time. */
const terminateOften = (body: string, times: number): string => `${loading(DOUBLE_ADDON)}
  ${defineWorker(body, prelude)}
  (async () => {
    for (let i = 0; i < ${times}; ++i) {
      const { worker } = await startWorker();
      await new Promise((resolve) => setTimeout(resolve, 23 * i));
      await worker.terminate();
    }
    console.log('alive');
  })();`;

describe.skipIf(NO_DOUBLE !== undefined)('the addon on the doubles', () => {
  beforeAll(async () => {
    await prepare();
    const built = await runPlainProcess(`${builds}
      for (const request of requests) console.log(JSON.stringify(addon.buildEngine(request, 1)));`);
    expect(built).toMatchObject({ code: 0 });
    writeFileSync(join(dir, 'built.txt'), built.output);
  });

  it('writes what it builds and how far it is as lines of JSON', () => {
    const lines = readFileSync(join(dir, 'built.txt'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const results = lines.filter((line) => 'planBytes' in line);
    expect(results).toEqual([
      { planBytes: expect.any(Number), tensorrtVersion: '10.3.0', warnings: expect.any(Array) },
      { planBytes: expect.any(Number), tensorrtVersion: '10.3.0', warnings: expect.any(Array) },
    ]);
    const progress = lines.filter((line) => 'phase' in line);
    expect(progress.length).toBeGreaterThan(1);
    for (const { fraction } of progress) expect(fraction).toBeGreaterThanOrEqual(-1);
  });

  it('builds on when nobody reads how far it is', async () => {
    const { code, output } = await runPlainProcess(`${builds}
      console.log(addon.buildEngine(requests[0], 99).planBytes > 0);`);
    expect({ code, output }).toEqual({ code: 0, output: 'true\n' });
  });

  it('answers requests in order, and holds a frame whose handle is gone', async () => {
    const { output, code } = await runPlainProcess(`${prelude}
      (async () => {
        const engines = await addon.openTensorrt(model, options);
        const id = newFrame();
        const order = [];
        const asked = [0, 1, 2].map((i) => engines.segment(id, mask, [group()]).then(({ masks }) => {
          order.push(i);
          return JSON.stringify(masks);
        }));
        addon.releaseFrame(id);
        const answers = await Promise.all(asked);
        const [[first, second]] = JSON.parse(answers[0]);
        console.log(order.join(), new Set(answers).size, addon.framesInUse());
        console.log(second.plane, first.mask.counts.length > 0, first.mask.area > 0, first.lowres.counts.length > 0);
        const { freeBytes, totalBytes } = await engines.memory();
        console.log(engines.stats().deviceBytes > 0, 0 < freeBytes && freeBytes < totalBytes);
        console.log(engines.close() === engines.close());
        await engines.close();
        console.log(await outcome(engines.segment(newFrame(), mask, [group()])), await outcome(engines.memory()));
      })();`);
    expect(output).toBe('0,1,2 1 0\n2 true true true\ntrue true\ntrue\nmodel_failed model_failed\n');
    expect(code).toBe(0);
  });

  it('refuses requests that do not fit, and serves the next', async () => {
    const { output } = await runPlainProcess(`${prelude}
      (async () => {
        const engines = await addon.openTensorrt(model, options);
        const id = newFrame();
        const wrong = [
          { rows: 3 }, { rows: 0 }, { points: 99 }, { coords: new Float32Array(3) }, { labels: [1, 1] },
          { tasks: [{ row: 2, plane: 0, keep: -1 }] }, { tasks: [{ row: 0, plane: 4, keep: -1 }] },
          { tasks: [{ row: 0, plane: 0, keep: 4 }] }, { starts: [4, null] }, { starts: [null] },
          { starts: [new Float32Array(2), null] }, { tasks: null },
        ];
        const outcomes = [];
        for (const changes of wrong) outcomes.push(await outcome(engines.segment(id, mask, [group(changes)])));
        outcomes.push(await outcome(engines.segment(id, { ...mask, gridWidth: 5 }, [group()])));
        console.log([...new Set(outcomes)].join(), await outcome(engines.segment(id + 1, mask, [group()])));
        console.log(await outcome(engines.segment(id, mask, [group({ starts: [3, null] })])));
        await engines.close();
      })();`);
    expect(output).toBe('TypeError frame_evicted\nanswered\n');
  });

  it('says why a plan can’t be opened', async () => {
    const whole = readFileSync(plan('encoder'));
    writeFileSync(plan('cut'), whole.subarray(0, whole.length / 2));
    const { output } = await runPlainProcess(`${prelude}
      const open = (encoderPlan) => addon.openTensorrt(model, { ...options, encoderPlan });
      (async () => {
        for (const path of ${JSON.stringify([plan('cut'), plan('none')])})
          await open(path).catch(({ code, message }) => console.log(code, message.includes(path)));
      })();`);
    expect(output).toBe('model_failed true\nmodel_failed true\n');
  });

  it('lets a worker end while it loads, answers or closes', async () => {
    const bodies = {
      loads: `ready(1); addon.openTensorrt(model, options);`,
      answers: `addon.openTensorrt(model, options).then(async (engines) => {
        ready(1);
        for (const id = newFrame(); ; ) await Promise.all([1, 2, 3].map(() => engines.segment(id, mask, [group()])));
      });`,
      closes: `addon.openTensorrt(model, options).then((engines) => {
        for (let i = 0; i < 5; ++i) engines.segment(newFrame(), mask, [group()]).catch(() => {});
        ready(1);
        engines.close();
      });`,
    };
    for (const [what, body] of Object.entries(bodies))
      expect(await runPlainProcess(terminateOften(body, 6)), what).toMatchObject(ALIVE);
  });

  it('lets the process end while it loads, and where engines are left open', async () => {
    // As src/segment/tensorrt/segmenter.ts does while it loads: process.exit alone destroys the libraries' statics under the thread.
    const loads = `${prelude} addon.openTensorrt(model, options);
      process.once('exit', (code) => addon.exitNow(code)); setTimeout(() => process.exit(3), 5);`;
    expect(await runPlainProcess(loads)).toMatchObject({ code: 3, signal: null });
    const left = `${prelude} addon.openTensorrt(model, options).then((engines) => {
      engines.segment(newFrame(), mask, [group()]).then(() => console.log('alive'));
    });`;
    expect(await runPlainProcess(left)).toMatchObject(ALIVE);
  });

  it('collects engines that nobody holds, with requests at work', async () => {
    const { code, output } = await runPlainProcess(`${prelude}
      (async () => {
        for (let i = 0; i < 5; ++i) {
          const asked = outcome((await addon.openTensorrt(model, options)).segment(newFrame(), mask, [group()]));
          for (let k = 0; k < 4; ++k) { gc(); await new Promise((resolve) => setImmediate(resolve)); }
          console.log(['answered', 'model_failed'].includes(await asked));
        }
      })();`);
    expect({ code, output }).toEqual({ code: 0, output: 'true\n'.repeat(5) });
  });
});
