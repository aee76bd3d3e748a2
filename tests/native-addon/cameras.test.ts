import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../src/native/addon.js';
import type { NativeCamera } from '../../src/native/types.js';
import { HANGING, runProcess } from './addon-process.js';

const addon = loadAddon();

function open(onFrame: () => void): NativeCamera {
  const pipeline = addon.cameraPipeline({ source: 'test://black', width: 64, height: 48, fps: 200 });
  return addon.openCamera(
    { ...pipeline, historyMs: 100, historyBytes: 1e6, clockOffsetMs: 0, lastSeq: 0 },
    (event) => {
      if (event.type === 'frame') onFrame();
    },
  );
}

async function cycle(withFrame: boolean): Promise<void> {
  let seen = () => {};
  const frame = new Promise<void>((resolve) => {
    seen = resolve;
  });
  const camera = open(seen);
  if (withFrame) {
    await frame;
    const held = camera.acquire('latest');
    if (held) addon.releaseFrame(held.id);
  }
  await camera.close();
}

const threads = (): number => readdirSync('/proc/self/task').length;

describe('NativeCamera', () => {
  it('leaves no handle, thread or frame behind after 200 openings', async () => {
    // GLib and libuv keep a few idle threads for later.
    for (let i = 0; i < 3; ++i) await Promise.all([0, 1, 2, 3].map(() => cycle(true)));
    const handlesBefore = process.getActiveResourcesInfo().length;
    const threadsBefore = threads();
    for (let i = 0; i < 50; ++i) await Promise.all([0, 1, 2, 3].map((k) => cycle((i + k) % 3 === 0)));
    for (let i = 0; i < 100 && threads() > threadsBefore; ++i) await sleep(50);
    expect(threads()).toBeLessThanOrEqual(threadsBefore);
    expect(process.getActiveResourcesInfo().length).toBeLessThanOrEqual(handlesBefore);
    expect(addon.framesInUse()).toBe(0);
  });

  it('answers every close() with the same promise, and gives no frame afterwards', async () => {
    let seen = () => {};
    const frame = new Promise<void>((resolve) => {
      seen = resolve;
    });
    const camera = open(seen);
    await frame;
    const closed = camera.close();
    expect(camera.close()).toBe(closed);
    await closed;
    expect(camera.close()).toBe(closed);
    expect(camera.acquire('latest')).toBeNull();
    expect(camera.stats().held).toBe(0);
  });

  it('answers a second close() no sooner than the first', async () => {
    const ended = await runProcess(`
      const camera = open(${JSON.stringify(HANGING)});
      setTimeout(async () => {
        const start = Date.now();
        camera.close();
        await camera.close();
        console.log(Date.now() - start > 4000 ? 'waited' : 'too soon');
        process.exit(0);
      }, 1000);`);
    expect(ended).toMatchObject({ code: 0, output: 'waited\n' });
  });

  it('answers close() though nobody holds the camera any more', async () => {
    const ended = await runProcess(`
      globalThis.camera = open(${JSON.stringify(HANGING)});
      setTimeout(async () => {
        const closed = camera.close();
        globalThis.camera = undefined;
        setInterval(gc, 50).unref();
        await closed;
        console.log('answered');
        process.exit(0);
      }, 1000);
      setTimeout(() => {}, 15000);`);
    expect(ended).toMatchObject({ code: 0, output: 'answered\n' });
  });

  it('stops, and lets go of its listener, when nobody holds it any more', async () => {
    const ended = await runProcess(`
      const registry = new FinalizationRegistry((what) => { console.log(what, 'gone'); process.exit(0); });
      (() => {
        const listener = (event) => { if (event.type === 'frame') globalThis.frames = true; };
        registry.register(listener, 'listener');
        globalThis.weak = new WeakRef(open('test://ball', listener));
      })();
      setInterval(() => { if (globalThis.frames) gc(); }, 50);`);
    expect(ended).toMatchObject({ code: 0, output: 'listener gone\n' });
  });

  it('keeps no listener of a camera that could not be opened', async () => {
    const ended = await runProcess(`
      const registry = new FinalizationRegistry((what) => { console.log(what, 'gone'); process.exit(0); });
      (() => {
        const listener = () => {};
        registry.register(listener, 'listener');
        try {
          addon.openCamera({ pipeline: '', sync: false, loop: false, historyMs: 1, historyBytes: 1,
            clockOffsetMs: 0, lastSeq: 0 }, listener);
        } catch (error) { console.log(error.message.split(',')[0]); }
      })();
      setInterval(gc, 50);`);
    expect(ended).toMatchObject({ code: 0, output: "Expected a camera's pipeline\nlistener gone\n" });
  });
});
