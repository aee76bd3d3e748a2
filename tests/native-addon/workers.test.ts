import { describe, expect, it } from 'vitest';
import { defineWorker, HANGING, runPlainProcess, runProcess } from './addon-process.js';

/** Ends a worker while it is busy, again and again, at a different moment each time. */
function terminateOften(body: string, times: number): string {
  return `${defineWorker(body)}
    (async () => {
      for (let i = 0; i < ${times}; ++i) {
        const { worker } = await startWorker();
        await new Promise((resolve) => setTimeout(resolve, 7 * i));
        await worker.terminate();
      }
      console.log('alive, frames:', addon.framesInUse());
    })();`;
}

const ALIVE = { code: 0, signal: null, output: 'alive, frames: 0\n' };

describe('a worker thread that is terminated', () => {
  it('takes its open cameras along', async () => {
    const ended = await runProcess(
      terminateOften(
        `globalThis.cameras = [0, 1, 2].map(() => open('test://ball', (event) => {
          if (event.type === 'frame') ready(1);
        }));`,
        15,
      ),
    );
    expect(ended).toMatchObject(ALIVE);
  });

  it('may be inside of a call that throws', async () => {
    const ended = await runProcess(
      terminateOften(`ready(1); for (;;) { try { addon.rleToMask('~', 9, 9); } catch {} }`, 15),
    );
    expect(ended).toMatchObject(ALIVE);
  });

  it('may be inside of a call that builds an answer', async () => {
    const ended = await runProcess(
      terminateOften(
        `const { counts } = addon.maskToRle(Uint8Array.from({ length: 64 }, (_, i) => i % 3), 8, 8);
        ready(1);
        for (;;) addon.rleToPolygons(counts, 8, 8, 0);`,
        15,
      ),
    );
    expect(ended).toMatchObject(ALIVE);
  });

  it('may be inside of a listener to events', async () => {
    const ended = await runProcess(
      terminateOften(
        `globalThis.cameras = [0, 1].map(() => open('test://ball', () => {
          ready(1);
          for (const end = Date.now() + 8; Date.now() < end; );
        }));`,
        15,
      ),
    );
    expect(ended).toMatchObject(ALIVE);
  });

  it('may be waiting for a camera to close', async () => {
    const ended = await runProcess(
      terminateOften(
        `const camera = open('test://ball', (event) => {
          if (event.type === 'playing') { ready(1); camera.close().then(() => { globalThis.closed = true; }); }
        });`,
        8,
      ),
    );
    expect(ended).toMatchObject(ALIVE);
  });

  it('waits for cameras that hang once, not once for each', async () => {
    const ended = await runProcess(`
      ${defineWorker(`
        globalThis.cameras = [0, 1, 2].map(() => open(${JSON.stringify(HANGING)}));
        setTimeout(ready, 1000, 1);`)}
      startWorker().then(async ({ worker }) => {
        const start = Date.now();
        await worker.terminate();
        console.log(Date.now() - start < 8000 ? 'in time' : 'late');
        process.exit(0);
      });`);
    expect(ended).toMatchObject({ code: 0, output: 'in time\n' });
  });

  it('leaves the code that a hanging camera still runs, though nobody else has loaded it', async () => {
    const hanging = HANGING.replace('20000000', '7000000');
    const ended = await runPlainProcess(`
      ${defineWorker(`globalThis.camera = open(${JSON.stringify(hanging)}); setTimeout(ready, 1000, 1);`)}
      startWorker().then(async ({ worker }) => {
        await worker.terminate();
        // The pipeline wakes up and runs its last code.
        await new Promise((resolve) => setTimeout(resolve, 4000));
        console.log('alive');
      });`);
    expect(ended).toMatchObject({ code: 0, signal: null, output: 'alive\n' });
  });

  it('leaves frames readable that were handed to another thread', async () => {
    const ended = await runProcess(`
      ${defineWorker(`ready(addon.createFrame({
        format: 'RGB', width: 2, height: 1, data: new Uint8Array([1, 2, 3, 4, 5, 6]), timestamp: 0, seq: 1,
      }).id);`)}
      startWorker().then(async ({ worker, value }) => {
        await worker.terminate();
        console.log([...addon.frameRgb(value)].join());
        addon.releaseFrame(value);
        console.log('frames:', addon.framesInUse());
      });`);
    expect(ended).toMatchObject({ code: 0, output: '1,2,3,4,5,6\nframes: 0\n' });
  });
});
