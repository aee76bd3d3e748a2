import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { semanticModel } from '../graphs/semantics.js';
import { broker, client, closeAll, owe, waitFor } from '../integration/mqtt/harness.js';
import {
  BASE,
  configOf,
  directory,
  doubleMain,
  ready,
  run,
  seen,
  semanticConfig,
  serviceMissing,
  stillCamera,
} from '../integration/service/harness.js';
import { testPicture } from '../segment/picture.js';
import { LONG, TIMEOUT_MS } from './durations.js';
import { measured } from './report.js';

const MISSING =
  serviceMissing('tensorrt') ??
  (!LONG
    ? 'only in `npm run test:chaos`'
    : process.getuid?.() === 0
      ? null
      : 'a small file system needs root');
if (LONG && MISSING) console.warn(`A full disk is not tested: ${MISSING}`);

/** A file system of its own of so many bytes. */
async function smallDisk(bytes: number): Promise<string> {
  const path = join(await directory(), 'disk');
  mkdirSync(path);
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', path]);
  owe(async () => void execFileSync('umount', ['-l', path]));
  return path;
}

describe.skipIf(MISSING !== null)('a disk that is full when engines are written', () => {
  afterEach(closeAll);

  it(
    'is told as that, not as a precision that failed, and waited for',
    async () => {
      const model = await semanticConfig(semanticModel('sam'), 'tensorrt');
      const [dir] = model.paths as string[];
      const encoder = (await stat(join(dir ?? '', 'encoder.onnx'))).size;
      const decoder = (await stat(join(dir ?? '', 'decoder.onnx'))).size;
      // Room for the graphs that are built from, in whole pages and with a little more, and for no engine.
      const cache = await smallDisk(Math.ceil(1.3 * (encoder + decoder)) + 96 * 1024);
      const filler = join(cache, 'filler');
      const { url } = await broker();
      const watcher = await client(url);
      const cameras = { front: await stillCamera(testPicture(160, 120)) };
      const config = configOf(url, { model: { ...model, cache }, cameras });
      // Nothing is left to build in: not even the graphs.
      await writeFile(filler, Buffer.alloc(64 * 1024));
      const { log, child } = await run(config, { main: doubleMain() });
      await waitFor(() => log().includes('trying again'), `the reason; ${log()}`);
      expect(child.exitCode).toBeNull();
      const why =
        log()
          .split('\n')
          .find((line) => line.includes('trying again')) ?? '';
      expect(why).toMatch(/ENOSPC/);
      expect(log()).not.toMatch(/passed the self-test/);
      // Room is made, and the next try serves.
      await rm(filler);
      execFileSync('mount', ['-o', 'remount,size=512m', cache]);
      const roomAt = performance.now();
      await ready(watcher, 'front');
      const { json } = await seen(watcher, `${BASE}/state`, ({ state }) => state === 'online');
      expect(json.backend).toBe('tensorrt');
      measured({
        fault: 'the disk is full when engines are built',
        promised: 'told as that; no precision is blamed; tried again, and served when there is room',
        figures: { 'online after room was made, s': Math.round((performance.now() - roomAt) / 1000) },
      });
    },
    TIMEOUT_MS,
  );
});
