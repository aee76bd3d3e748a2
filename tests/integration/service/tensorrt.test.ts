import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { loadAddon } from '../../../src/native/addon.js';
import { semanticModel } from '../../graphs/semantics.js';
import { encode, testPicture } from '../../segment/picture.js';
import { broker, client, closeAll, type TestClient } from '../mqtt/harness.js';
import {
  answerTo,
  ask,
  BASE,
  type Backend,
  buildEngines,
  configOf,
  directory,
  doubleMain,
  itemOf,
  MAIN,
  type Masks,
  ready,
  run,
  type ServiceProcess,
  seen,
  semanticConfig,
  send,
  serviceMissing,
  stillCamera,
} from './harness.js';

const picture = testPicture(301, 213);
const model = semanticModel('sam', { batch: 1 });
const box = { id: 'box', box: [30, 29, 196, 176] };

/** Boxes and points all over the picture, so that runs of two lengths come of them. */
const scattered = (count: number) =>
  Array.from({ length: count }, (_, i) => {
    const [x, y] = [10 + ((i * 37) % 200), 10 + ((i * 53) % 120)];
    return i % 3 === 0
      ? { id: `p${i}`, points: [{ x, y, label: 1 }] }
      : { id: `p${i}`, box: [x, y, x + 60 + (i % 7), y + 50 + (i % 11)] };
  });

interface Segmented {
  readonly code: number;
  readonly stderr: string;
  readonly message: Masks | undefined;
}

/** `samwire segment` of the test picture with this `model` block. */
async function segment(
  main: string,
  model: Record<string, unknown>,
  backend: 'tensorrt' | 'onnx',
  env: Record<string, string> = {},
): Promise<Segmented> {
  const dir = await directory();
  const file = (name: string) => join(dir, name);
  await writeFile(file('picture.png'), await encode(picture));
  await writeFile(file('prompts.json'), JSON.stringify({ prompts: scattered(6) }));
  await writeFile(file('samwire.yaml'), JSON.stringify(configOf('mqtt://127.0.0.1:1', { model })));
  const [modelDir] = model.paths as readonly [string];
  const args = ['segment', file('picture.png'), '--prompts', file('prompts.json'), '--model', modelDir];
  const { code, stderr } = await promisify(execFile)(
    process.execPath,
    [main, ...args, '--backend', backend, '--out', dir],
    { env: { ...process.env, SAMWIRE_CONFIG: file('samwire.yaml'), ...env } },
  ).then(
    () => ({ code: 0, stderr: '' }),
    (error: { readonly code: number; readonly stderr: string }) => error,
  );
  const message = code === 0 ? JSON.parse(await readFile(file('masks.json'), 'utf8')) : undefined;
  return { code, stderr, message };
}

describe.skipIf(serviceMissing('tensorrt') !== null)('engines on the doubles', () => {
  let main: string;
  let semantic: Record<string, unknown>;

  beforeAll(async () => {
    main = doubleMain();
    semantic = { ...(await semanticConfig(model, 'tensorrt')), maxPrompts: 64 };
    await buildEngines(main, configOf('mqtt://127.0.0.1:1', { model: semantic }));
  });
  afterAll(closeAll);

  /** A service on a broker of its own, with a client that hears everything. */
  async function serve(backend: Backend, env: Record<string, string> = {}) {
    const { url } = await broker();
    const watcher = await client(url);
    const config = configOf(url, {
      cameras: { front: { ...(await stillCamera(picture)), historyMs: 20_000 } },
      model: { ...semantic, backend },
      pipeline: { maxAgeMs: 30_000 },
      http: { port: 0 },
    });
    const service = await run(config, { main, endsByItself: 'SAMWIRE_DOUBLE_STICKY_AFTER' in env, env });
    return { watcher, service };
  }

  describe('that a service runs on', () => {
    let onEngines: TestClient;
    let onOnnx: TestClient;
    let services: readonly ServiceProcess[];

    beforeAll(async () => {
      const [engines, onnx] = [await serve('tensorrt'), await serve('onnx')];
      [onEngines, onOnnx] = [engines.watcher, onnx.watcher];
      services = [engines.service, onnx.service];
      for (const watcher of [onEngines, onOnnx]) await ready(watcher, 'front');
    });

    it('tells the memory of its GPU in /metrics, and of none where it has none', async () => {
      const [engines = '', onnx = ''] = await Promise.all(
        services.map(async ({ log }) => {
          const url = /"url":"(http:[^"]+)","msg":"console"/.exec(log())?.[1];
          return (await fetch(`${url}/metrics`)).text();
        }),
      );
      const bytes = (name: string): number =>
        Number(new RegExp(`^samwire_gpu_${name} (\\d+)$`, 'm').exec(engines)?.[1]);
      const [free, used] = [bytes('memory_bytes{state="free"}'), bytes('memory_bytes{state="used"}')];
      // The double's device has 8 GiB, and nobody else on it.
      expect(free + used).toBe(2 ** 33);
      expect(used).toBeGreaterThan(bytes('buffers_bytes'));
      expect(bytes('buffers_bytes')).toBeGreaterThan(0);
      expect(onnx).toContain('samwire_build_info');
      expect(onnx).not.toContain('samwire_gpu');
    });

    it('answers 64 prompts of a message as the onnx backend does, mask by mask', async () => {
      const prompts = scattered(64);
      const [engines, onnx] = [
        await ask(onEngines, 'front', { prompts }),
        await ask(onOnnx, 'front', { prompts }),
      ];
      expect(engines.backend).toBe('tensorrt');
      expect(onnx.backend).toBe('onnx');
      for (const { id } of prompts) {
        const [mine, theirs] = [itemOf(engines, id), itemOf(onnx, id)];
        expect(mine.rle, id).toEqual(theirs.rle);
        expect(mine).toMatchObject({ area: theirs.area, box: theirs.box });
        expect(Math.abs(mine.score - theirs.score)).toBeLessThanOrEqual(1e-4);
        expect(Math.abs(mine.stability - theirs.stability)).toBeLessThanOrEqual(1e-4);
      }
    });

    it('gives the same small form and the same candidates', async () => {
      const message = { prompts: scattered(5), multimask: true, encodings: ['lowres'] };
      const [engines, onnx] = [await ask(onEngines, 'front', message), await ask(onOnnx, 'front', message)];
      expect(engines.masks).toHaveLength(15);
      for (const { id } of engines.masks) expect(itemOf(engines, id).lowres).toEqual(itemOf(onnx, id).lowres);
    });

    it('answers many requests at once, each with its own masks', async () => {
      const asked = await Promise.all(
        scattered(40).map(async (prompt) => ({
          prompt,
          id: await send(onEngines, 'front', { prompts: [prompt] }),
        })),
      );
      const all = await ask(onEngines, 'front', { prompts: scattered(40) });
      for (const { prompt, id } of asked) {
        const answer = await answerTo(onEngines, id);
        if (!('masks' in answer)) throw new Error(`${answer.code}: ${answer.message}`);
        expect(itemOf(answer, prompt.id).rle).toEqual(itemOf(all, prompt.id).rle);
      }
    });

    it('refines the answer before, though both are sent at once', async () => {
      const { frame } = await ask(onEngines, 'front', { prompts: [box] });
      const more = { id: 'more', points: [{ x: 200, y: 60, label: 1 }] };
      const at = { frame: { seq: frame.seq } };
      const alone = await ask(onEngines, 'front', { ...at, prompts: [{ ...more, refine: 'box' }] });
      await send(onEngines, 'front', { ...at, prompts: [{ ...box, id: 'again' }] });
      const together = await ask(onEngines, 'front', { ...at, prompts: [{ ...more, refine: 'again' }] });
      expect(itemOf(together, 'more').rle).toEqual(itemOf(alone, 'more').rle);
    });
  });

  it('let a service stop, with the prompts at work answered', async () => {
    const { watcher, service } = await serve('tensorrt');
    await ready(watcher, 'front');
    const asked = await Promise.all(
      [0, 1, 2, 3].map(() => send(watcher, 'front', { prompts: scattered(30) })),
    );
    await watcher.on(`samwire/reply/${asked[0]}`);
    const { code, ms } = await service.stop();
    expect(code).toBe(0);
    expect(ms).toBeLessThan(4000);
    for (const id of asked) {
      const answer = await answerTo(watcher, id);
      if ('code' in answer) expect(answer.code).toBe('overloaded');
      else expect(answer.masks).toHaveLength(30);
    }
    await seen(watcher, `${BASE}/state`, ({ state }) => state === 'stopped');
  });

  describe('on a GPU that is lost', () => {
    it('tell the sender, and end the service with 70, stopped', async () => {
      // Beyond what warms the engines up: each of 7 buckets twice, and the encoder.
      const { watcher, service } = await serve('tensorrt', { SAMWIRE_DOUBLE_STICKY_AFTER: '40' });
      await ready(watcher, 'front');
      const next = async () => answerTo(watcher, await send(watcher, 'front', { prompts: [box] }));
      let served = 0;
      let last = await next();
      for (; 'masks' in last && served < 60; served++) last = await next();
      expect(served).toBeGreaterThan(0);
      expect(last).toMatchObject({ code: 'device_failed', camera: 'front' });
      expect(last).toMatchObject({ message: expect.stringContaining('cudaErrorIllegalAddress') });
      const toldAt = performance.now();
      expect(await service.ended).toBe(70);
      // By itself, not by the time limit of a stop.
      expect(performance.now() - toldAt).toBeLessThan(3000);
      await seen(watcher, `${BASE}/state`, ({ state }) => state === 'stopped');
      expect(watcher.received.filter(({ json }) => json.state === 'offline')).toEqual([]);
    });

    it('end the service with 70 while they load, too', async () => {
      const { service } = await serve('tensorrt', { SAMWIRE_DOUBLE_STICKY_AFTER: '3' });
      expect(await service.ended).toBe(70);
      expect(service.log()).toContain('cudaErrorIllegalAddress');
    });
  });

  it('give samwire segment the masks of the onnx backend, and end it with 70 where the GPU is lost', async () => {
    const [engines, onnx] = [
      await segment(main, semantic, 'tensorrt'),
      await segment(main, semantic, 'onnx'),
    ];
    expect([engines.message?.backend, onnx.message?.backend]).toEqual(['tensorrt', 'onnx']);
    expect(engines.message?.masks.map((mask) => 'rle' in mask && mask.rle)).toEqual(
      onnx.message?.masks.map((mask) => 'rle' in mask && mask.rle),
    );
    const lost = await segment(main, semantic, 'tensorrt', { SAMWIRE_DOUBLE_STICKY_AFTER: '2' });
    expect(lost).toMatchObject({ code: 70, stderr: expect.stringContaining('cudaErrorIllegalAddress') });
  });
});

describe.skipIf(loadAddon().tensorrtStatus().compiled !== null)('an addon without TensorRT', () => {
  afterEach(closeAll);

  it('refuses the tensorrt backend: 69 for a picture, 78 for a service', async () => {
    const semantic = { ...(await semanticConfig(model)), backend: 'tensorrt' };
    const alone = await segment(MAIN, semantic, 'tensorrt');
    expect(alone).toMatchObject({ code: 69, stderr: expect.stringContaining('TensorRT') });
    const config = configOf('mqtt://127.0.0.1:1', { cameras: {}, model: semantic });
    const service = await run(config, { endsByItself: true });
    expect(await service.ended).toBe(78);
    expect(service.log()).toContain('TensorRT');
  });
});
