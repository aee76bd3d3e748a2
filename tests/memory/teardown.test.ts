import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DOUBLE_ADDON, NO_DOUBLE } from '../native/double-package.js';
import { loading, runPlainProcess, workerSource } from '../native-addon/addon-process.js';
import { asking, doubleEngines } from '../native-addon/double-engines.js';

// `npm run test:memory` sets it to 200.
const TIMES = Number(process.env.SAMWIRE_MEMORY_WORKERS ?? 4);
const DEADLINE_MS = 5000;
const LIMIT_MS = 60_000 + TIMES * DEADLINE_MS;

const dir = mkdtempSync(join(tmpdir(), 'samwire-teardown-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/**
 * Everything that a thread may be at when it ends; `work()` keeps all of it going. Frames outlive their thread, so the
 * other side is told of them.
 */
const WORK = `
  const size = { width: 160, height: 120 };
  const data = new Uint8Array(size.width * size.height * 3).fill(90);
  const open = (source) => addon.openCamera({
    ...addon.cameraPipeline({ source, width: 64, height: 48, fps: 100 }),
    historyMs: 100, historyBytes: 1e6, clockOffsetMs: 0, lastSeq: 0,
  }, () => {});
  const { counts } = addon.maskToRle(data.subarray(0, 160 * 120), 160, 120);
  const held = addon.createFrame({ format: 'RGB', ...size, data, timestamp: 0, seq: 1 }).id;
  const asked = newFrame();
  ready({ frames: [held, asked] });
  const draw = () => [
    addon.scaledRgb(held, 150, 110), addon.scaledRgb(held, 20, 10),
    addon.paintLabels([{ counts, label: 1 }], 160, 120, 16),
  ];
  const work = async () => {
    globalThis.cameras = [open('test://ball'), open('file:///none.mp4')];
    const engines = await addon.openTensorrt(model, options);
    for (;;) {
      cameras[1].close();
      cameras[1] = open('test://snow');
      engines.segment(asked, mask, [group()]).catch(() => {});
      engines.memory().catch(() => {});
      await Promise.all([...draw(), engines.segment(asked, mask, [group()])]);
      if (!globalThis.endsItself) ready({ working: true });
    }
  };
  const later = (end) => setTimeout(end, 150 * Math.random());
  const ending = (end) => {
    globalThis.endsItself = true;
    later(() => {
      ready({ ending: true });
      end();
    });
  };
`;

/** What a thread does until it ends, or how it ends by itself. */
const THREADS: Readonly<Record<string, string>> = {
  'is terminated while all of it works': 'work();',
  'is terminated while pictures are made on other threads':
    'for (let i = 0; i < 200; ++i) draw(); ready({ working: true }); (async () => { for (;;) await Promise.all(draw()); })();',
  'throws in the middle of it': "work(); ending(() => { throw new Error('meant'); });",
  'calls process.exit in the middle of it': 'work(); ending(() => process.exit(0));',
};

/** Starts such a thread and resolves to how long its end took, in ms; as a line of script. */
const ONE_THREAD = `
  const { Worker } = require('node:worker_threads');
  const oneThread = (source) => new Promise((resolve) => {
    const worker = new Worker(source, { eval: true });
    let frames = [];
    let ending = false;
    let endingAt;
    const end = () => {
      endingAt = performance.now();
      worker.terminate();
    };
    worker.on('error', () => {});
    worker.on('message', (message) => {
      if (message.frames) frames = message.frames;
      else if (message.ending) endingAt = performance.now();
      else if (!ending) {
        ending = true;
        setTimeout(end, 20 * Math.random());
      }
    });
    worker.on('exit', () => {
      for (const id of frames) addon.releaseFrame(id);
      resolve(endingAt ? performance.now() - endingAt : 0);
    });
  });
`;

const CENSUS = `
  const { readdirSync } = require('node:fs');
  const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const census = () => ({
    threads: readdirSync('/proc/self/task').length,
    fds: readdirSync('/proc/self/fd').length,
    handles: process.getActiveResourcesInfo().length,
  });
`;

describe.skipIf(NO_DOUBLE !== undefined)('with cameras, engines, frames and promises', () => {
  let prelude = '';
  beforeAll(async () => {
    const engines = await doubleEngines(dir);
    const built = await runPlainProcess(`${loading(DOUBLE_ADDON)}
      for (const request of ${JSON.stringify(engines.requests)}) addon.buildEngine(request, 1);`);
    expect(built).toMatchObject({ code: 0 });
    prelude = `${loading(DOUBLE_ADDON)} ${asking(engines)} ${WORK}`;
  });

  it.each(Object.entries(THREADS))(
    'a thread that %s is gone in time, and leaves nothing',
    async (_, body) => {
      const ended = await runPlainProcess(
        `${loading(DOUBLE_ADDON)} ${ONE_THREAD} ${CENSUS}
        const source = ${JSON.stringify(workerSource(body, prelude))};
        (async () => {
          for (let i = 0; i < 3; ++i) await oneThread(source);
          await sleep(200);
          const before = census();
          let slowestMs = 0;
          for (let i = 0; i < ${TIMES}; ++i) slowestMs = Math.max(slowestMs, await oneThread(source));
          const more = () => Object.entries(census()).filter(([what, count]) => count > before[what]);
          for (let i = 0; i < 100 && more().length > 0; ++i) await sleep(50);
          console.log(JSON.stringify({ slowestMs, more: more(), frames: addon.framesInUse() }));
        })();`,
        LIMIT_MS,
      );
      expect(ended).toMatchObject({ code: 0, signal: null });
      const { slowestMs, ...left } = JSON.parse(ended.output);
      console.log(`${TIMES} threads, the slowest was gone after ${slowestMs.toFixed(0)} ms`);
      expect(left).toEqual({ more: [], frames: 0 });
      expect(slowestMs).toBeLessThan(DEADLINE_MS);
    },
    LIMIT_MS,
  );

  // `ready` is for threads.
  const main = () => `const ready = () => {}; ${prelude} work();`;

  it.each([
    // As src/segment/tensorrt/segmenter.ts does while engines load: process.exit destroys what their thread uses.
    ['process.exit', "process.once('exit', (code) => addon.exitNow(code)); later(() => process.exit(3));", 3],
    [
      'an uncaught exception',
      "process.once('exit', (code) => addon.exitNow(code)); later(() => { throw new Error('meant'); });",
      1,
    ],
  ])(
    'a process that ends by %s in the middle of it ends in time with its code',
    async (_, end, code) => {
      for (let i = 0; i < Math.ceil(TIMES / 4); ++i) {
        const ended = await runPlainProcess(`${main()} ${end}`, LIMIT_MS);
        expect(ended).toMatchObject({ code, signal: null });
      }
    },
    LIMIT_MS,
  );
});
