import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { z } from 'zod';
import { everythingSchema, tracksSchema } from '../../src/asyncapi/schemas/responses.js';
import { camerasSchema, errorsSchema, infoSchema } from '../../src/http/openapi/schemas.js';
import { PACKAGE_ROOT } from '../../src/native/addon.js';
import { errorMessageSchema, masksMessageSchema } from '../../src/outputs/masks-schema.js';
import { page, shellLines } from '../docs/pages.js';
import { semanticModel } from '../graphs/semantics.js';
import { closeAll } from '../integration/mqtt/harness.js';
import { configOf, semanticConfig, stillCamera } from '../integration/service/harness.js';
import { decodeRle } from '../segment/coco-rle.js';
import { expectedMasks, maskIou, type TestPrompt } from '../segment/expected.js';
import { encode, testPicture } from '../segment/picture.js';
import { testPrompts } from '../segment/prompts.js';
import { type HttpService, serveHttp } from './harness.js';

const model = semanticModel('nanosam');
const picture = testPicture(301, 213);
const prompts = testPrompts(model, picture);
const FRONT = '/api/cameras/front';
/** assets/self-test/table.jpg, which the page's commands send, has just less. */
const MAX_PIXELS = 1_000_000;
const PER_CLIENT = 1;

type Masks = z.infer<typeof masksMessageSchema>;

let clients = 0;
/** Each request of these tests has a limit to itself, where it does not say otherwise. */
const newClient = (): string => `c${++clients}`;

let service: Pick<HttpService, 'url' | 'fetch' | 'post'>;

async function parsed<T>(schema: z.ZodType<T>, response: Response): Promise<T> {
  const body: unknown = await response.json();
  expect(response.status, JSON.stringify(body)).toBe(200);
  return schema.parse(body);
}

async function errorOf(response: Response) {
  return { status: response.status, ...errorMessageSchema.parse(await response.json()) };
}

function expectMask({ masks }: Masks, prompt: TestPrompt): void {
  const item = masks.find(({ id }) => id === prompt.id);
  if (!item || 'error' in item || !item.rle) throw new Error(`no rle of ${prompt.id}`);
  const [expected] = expectedMasks(model, picture, prompt);
  expect(maskIou(decodeRle(item.rle), expected?.mask ?? []), prompt.id).toBeGreaterThanOrEqual(0.999);
}

function form(image: Uint8Array, asked: unknown): RequestInit {
  const body = new FormData();
  body.append('image', new Blob([Uint8Array.from(image)]), 'picture');
  body.append('prompts', JSON.stringify(asked));
  return { method: 'POST', body };
}

/** A PNG whose head says that it has so many pixels, with next to nothing behind it. */
function pngOf(width: number, height: number): Buffer {
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const [length, crc] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    crc.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, crc]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 0], 8);
  const magic = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const data = Buffer.from('789c636000000000010001', 'hex');
  return Buffer.concat([magic, chunk('IHDR', head), chunk('IDAT', data), chunk('IEND', Buffer.alloc(0))]);
}

/** Without a broker: the API serves all the same. */
beforeAll(async () => {
  const { url, fetch, post } = await serveHttp(
    configOf('mqtt://127.0.0.1:1', {
      cameras: { front: { ...(await stillCamera(picture)), historyMs: 20_000 } },
      model: await semanticConfig(model),
      pipeline: {
        maxAgeMs: 30_000,
        maxImagePixels: MAX_PIXELS,
        rateLimit: { perClientPerSec: PER_CLIENT, perCameraPerSec: 1000 },
      },
    }),
  );
  service = {
    url,
    fetch: (path, init = {}) =>
      fetch(path, { ...init, headers: { 'samwire-client': newClient(), ...init.headers } }),
    post: (path, body, headers = {}) => post(path, body, { 'samwire-client': newClient(), ...headers }),
  };
  const ready = async (): Promise<boolean> => {
    const { model: loaded, cameras } = infoSchema.parse(await (await service.fetch('/api/info')).json());
    return loaded !== null && cameras.front?.state === 'streaming';
  };
  await vi.waitUntil(ready, { timeout: 30_000, interval: 100 });
});
afterAll(closeAll);

describe('the HTTP API of a real service', () => {
  it('answers prompts with the masks of the model, on one frame that it names', async () => {
    const answer = await parsed(masksMessageSchema, await service.post(`${FRONT}/prompt`, { prompts }));
    for (const prompt of prompts) expectMask(answer, prompt);
    const { seq } = answer.frame;
    const more = { frame: { seq }, prompts: [{ ...prompts[1], refine: 'box' }] };
    const again = await parsed(masksMessageSchema, await service.post(`${FRONT}/prompt`, more));
    expect(again).toMatchObject({ frame: { seq }, timing: { embeddingReused: true } });
  });

  it('never makes masks smaller, however large the answer is', async () => {
    const many = Array.from({ length: 60 }, (_, i) => ({ ...prompts[i % 2], id: `p${i}` }));
    const encodings = ['rle', 'polygons', 'png', 'lowres'];
    const response = await service.post(`${FRONT}/prompt`, { prompts: many, multimask: true, encodings });
    const text = await response.text();
    const answer = masksMessageSchema.parse(JSON.parse(text));
    expect(answer.masks).toHaveLength(180);
    expect(text.length).toBeGreaterThan(262_144);
    expect(answer.degraded).toBeUndefined();
  });

  it.each([
    ['png', 0.999],
    ['jpeg', 0.9],
  ] as const)('segments an uploaded %s as the model does', async (format, least) => {
    const image = await encode(picture, format);
    const asked = { requestId: `u-${format}`, prompts: prompts.slice(0, 3) };
    const answer = await parsed(masksMessageSchema, await service.fetch('/api/segment', form(image, asked)));
    expect(answer).toMatchObject({ requestId: asked.requestId, source: 'job', camera: null, node: 'n1' });
    const { width, height } = picture;
    expect(answer.frame).toMatchObject({ seq: 0, width, height });
    if (least === 0.999) for (const prompt of prompts.slice(0, 3)) expectMask(answer, prompt);
  });

  it('refuses pictures of too many pixels before it decodes them, and broken ones', async () => {
    const asked = [{ box: [1, 1, 9, 9] }];
    const bomb = await errorOf(await service.fetch('/api/segment', form(pngOf(60_000, 60_000), asked)));
    expect(bomb).toMatchObject({
      status: 413,
      code: 'too_large',
      message: expect.stringContaining('3600000000'),
    });
    const large = await sharp({ create: { width: 1001, height: 1000, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    expect(await errorOf(await service.fetch('/api/segment', form(large, asked)))).toMatchObject({
      code: 'too_large',
    });
    const whole = await encode(picture, 'jpeg');
    for (const broken of [whole.subarray(0, whole.length / 2), pngOf(64, 64)])
      expect(await errorOf(await service.fetch('/api/segment', form(broken, asked)))).toMatchObject({
        status: 400,
        code: 'invalid_image',
      });
  });

  it('shows frames: the newest, a named one, small, with the last masks drawn in', async () => {
    const response = await service.fetch(`${FRONT}/frame.jpg`);
    expect(response.headers.get('content-type')).toBe('image/jpeg');
    const seq = Number(response.headers.get('samwire-seq'));
    expect(seq).toBeGreaterThan(0);
    expect(Math.abs(Number(response.headers.get('samwire-timestamp')) - Date.now())).toBeLessThan(60_000);
    const shown = await sharp(Buffer.from(await response.arrayBuffer()))
      .raw()
      .toBuffer();
    expect(shown).toHaveLength(picture.rgb.length);
    const off =
      shown.reduce((sum, value, i) => sum + Math.abs(value - (picture.rgb[i] ?? 0)), 0) / shown.length;
    expect(off).toBeLessThan(8);

    const named = await service.fetch(`${FRONT}/frame.jpg?seq=${seq}&width=100`);
    expect(named.headers.get('samwire-seq')).toBe(String(seq));
    expect([named.headers.get('samwire-width'), named.headers.get('samwire-masks')]).toEqual(['301', null]);
    expect(await sharp(Buffer.from(await named.arrayBuffer())).metadata()).toMatchObject({
      width: 100,
      height: 71,
    });

    const answer = await parsed(
      masksMessageSchema,
      await service.post(`${FRONT}/prompt`, { prompts: prompts.slice(0, 2) }),
    );
    const drawn = await service.fetch(`${FRONT}/frame.jpg?overlay=true&width=150`);
    expect(drawn.headers.get('samwire-seq')).toBe(String(answer.frame.seq));
    expect(drawn.headers.get('samwire-masks')).toBe('2');
    expect(await sharp(Buffer.from(await drawn.arrayBuffer())).metadata()).toMatchObject({ width: 150 });
  });

  it.each([
    ['?seq=999999999', 410, 'frame_evicted'],
    ['?seq=-1', 400, 'invalid_message'],
    ['?seq=x', 400, 'invalid_message'],
    ['?width=0', 400, 'invalid_message'],
    ['?width=100000', 400, 'invalid_message'],
    ['?width=20&width=30', 400, 'invalid_message'],
    ['?overlay=yes', 400, 'invalid_message'],
  ])('refuses a frame with %s', async (query, status, code) => {
    expect(await errorOf(await service.fetch(`${FRONT}/frame.jpg${query}`))).toMatchObject({
      status,
      code,
      camera: 'front',
    });
  });

  it('finds everything, with edges beside it', async () => {
    const response = await service.post(`${FRONT}/everything`, {
      grid: 3,
      minScore: 0,
      minStability: 0,
      edges: true,
    });
    const { masks, edges } = await parsed(everythingSchema, response);
    expect(masks.length).toBeGreaterThan(0);
    expect(edges?.size).toEqual([picture.height, picture.width]);
    expect(await sharp(Buffer.from(edges?.png ?? '', 'base64')).metadata()).toMatchObject({
      width: 301,
      height: 213,
    });
    expect(await errorOf(await service.post(`${FRONT}/everything`, { grid: 0 }))).toMatchObject({
      code: 'invalid_message',
    });
    const empty = await service.fetch(`${FRONT}/everything`, { method: 'POST' });
    expect((await parsed(everythingSchema, empty)).source).toBe('everything');
  });

  it('follows what a prompt says to follow, and tells, renames and ends it', async () => {
    await service.post(`${FRONT}/prompt`, { ...prompts[0], id: 'cup', track: true });
    const tracks = async (response: Promise<Response>) =>
      (await parsed(tracksSchema, await response)).tracks.map(({ id }) => id);
    expect(await tracks(service.fetch(`${FRONT}/tracks`))).toEqual(['cup']);
    const { cameras } = await parsed(camerasSchema, await service.fetch('/api/cameras'));
    expect(cameras).toMatchObject([
      { name: 'front', state: 'streaming', tracks: 1, width: 301, height: 213 },
    ]);
    expect(await tracks(service.post(`${FRONT}/tracks`, { rename: { cup: 'mug' } }))).toEqual(['mug']);
    expect(await errorOf(await service.post(`${FRONT}/tracks`, { remove: ['cup'] }))).toMatchObject({
      status: 404,
      code: 'unknown_track',
    });
    expect(await errorOf(await service.post(`${FRONT}/tracks`, { remove: 3 }))).toMatchObject({
      status: 400,
    });
    expect(await tracks(service.post(`${FRONT}/tracks`, { remove: 'all' }))).toEqual([]);
  });

  it('restarts a camera, and tells of itself and of what went wrong', async () => {
    expect(await (await service.fetch(`${FRONT}/restart`, { method: 'POST' })).json()).toEqual({
      camera: 'front',
    });
    await service.post('/api/cameras/side/prompt', {});
    const info = await parsed(infoSchema, await service.fetch('/api/info'));
    expect(info).toMatchObject({ node: 'n1', limits: { maxImagePixels: MAX_PIXELS } });
    const { errors } = await parsed(errorsSchema, await service.fetch('/api/errors'));
    expect(errors.map(({ code }) => code)).toContain('unknown_camera');
  });

  it('holds the limit of a client to that client', async () => {
    const ask = (client: string) =>
      service.post(`${FRONT}/prompt`, { prompts: [prompts[0]], encodings: [] }, { 'samwire-client': client });
    const greedy = await Promise.all(Array.from({ length: 12 }, () => ask('greedy')));
    const modest = await ask('modest');
    const refused = greedy.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(0);
    expect(await errorOf(refused[0] as Response)).toMatchObject({
      code: 'rate_limited',
      message: expect.stringContaining('greedy'),
    });
    expect(modest.status).toBe(200);
  });
});

describe('a command of docs/http.md and README.md', () => {
  const commands = ['docs/http.md', 'README.md'].flatMap((path) =>
    page(path)
      .blocks.filter(({ language, text }) => language === 'sh' && text.includes('/api/'))
      .flatMap(({ text }) => shellLines(text))
      .filter((line) => line.includes('/api/'))
      .map((line) => [path, line] as const),
  );

  it('is there for each kind of request', () => {
    expect(commands.length).toBeGreaterThan(8);
  });

  it.each(commands)('of %s is answered: %s', async (_path, line) => {
    const here = line
      .replaceAll(/http:\/\/127\.0\.0\.1:\d+/g, service.url)
      .replaceAll('curl ', `curl --fail-with-body -H 'Samwire-Client: ${newClient()}' `);
    const { stdout } = await promisify(execFile)('bash', ['-o', 'pipefail', '-c', here], {
      cwd: PACKAGE_ROOT,
      maxBuffer: 1e8,
    });
    if (stdout !== '') expect(JSON.parse(stdout)).not.toHaveProperty('code');
  });

  afterAll(async () => {
    for (const made of ['headers.txt', 'front.jpg']) await rm(join(PACKAGE_ROOT, made), { force: true });
  });
});
