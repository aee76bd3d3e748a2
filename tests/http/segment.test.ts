import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ErrorCode, SamwireError } from '../../src/errors.js';
import { statusOf } from '../../src/http/status.js';
import { errorMessageSchema, masksMessageSchema } from '../../src/outputs/masks-schema.js';
import { closeAll, waitFor } from '../integration/mqtt/harness.js';
import { masksMessage } from '../mqtt/service.js';
import { listen, type TestServer } from './harness.js';
import { type TestView, testView } from './view.js';

const PATH = '/api/segment';
/** As far as their first bytes tell: the service of these tests decodes nothing. */
const JPEG = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 9, 9]);
const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 9]);
const PROMPTS = [{ id: 'cup', box: [1, 2, 30, 40] }];
const WHOLE = { image: JPEG.toString('base64'), prompts: PROMPTS };

type Part = string | Blob;

function form(parts: Readonly<Record<string, Part>>): FormData {
  const data = new FormData();
  for (const [name, part] of Object.entries(parts))
    if (typeof part === 'string') data.append(name, part);
    else data.append(name, part, 'file');
  return data;
}

const picture = (bytes: Buffer = JPEG): Blob => new Blob([Uint8Array.from(bytes)], { type: 'image/jpeg' });
const prompts = JSON.stringify(PROMPTS);

async function errorOf(response: Response): Promise<{ readonly status: number; readonly code: ErrorCode }> {
  return { status: response.status, ...errorMessageSchema.parse(await response.json()) };
}

/** An upload in pieces: the head of a form of unknown length, up to the bytes of its picture. */
function begun(url: string): Socket {
  const { hostname, port } = new URL(url);
  const head = `POST ${PATH} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nSamwire-Client: slow\r\nContent-Type: multipart/form-data; boundary=b\r\nTransfer-Encoding: chunked\r\n\r\n`;
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  socket.write(head);
  socket.write(chunk('--b\r\nContent-Disposition: form-data; name="image"; filename="a.jpg"\r\n\r\n'));
  return socket;
}

function chunk(bytes: string | Buffer): Buffer {
  return Buffer.concat([
    Buffer.from(`${bytes.length.toString(16)}\r\n`),
    Buffer.from(bytes),
    Buffer.from('\r\n'),
  ]);
}

describe('POST /api/segment', () => {
  let view: TestView;
  let server: TestServer;
  const send = (body: FormData): Promise<Response> => server.fetch(PATH, { method: 'POST', body });

  beforeAll(async () => {
    view = testView({ maxUploadBytes: 100_000 });
    server = await listen(view);
  });
  beforeEach(() => {
    view.service.jobs.length = 0;
  });
  afterAll(closeAll);

  it.each<[string, () => Promise<Response>, Buffer]>([
    ['a form', () => send(form({ image: picture(), prompts })), JPEG],
    ['a form with a PNG', () => send(form({ image: picture(PNG), prompts })), PNG],
    ['a form with the prompts first', () => send(form({ prompts, image: picture() })), JPEG],
    [
      'a form with a prompt message',
      () => send(form({ image: picture(), prompts: JSON.stringify({ prompts: PROMPTS }) })),
      JPEG,
    ],
    [
      'a form with the prompts as a file',
      () => send(form({ image: picture(), prompts: new Blob([prompts], { type: 'application/json' }) })),
      JPEG,
    ],
    [
      'a form with other parts',
      () => send(form({ note: 'x', more: picture(PNG), image: picture(), prompts })),
      JPEG,
    ],
    ['JSON', () => server.post(PATH, WHOLE), JPEG],
  ])('takes %s', async (_, sent, image) => {
    const response = await sent();
    const masks = masksMessageSchema.parse(await response.json());
    expect(masks).toMatchObject({ source: 'job', camera: null, node: 'n1', masks: [{ id: 'cup' }] });
    const [call] = view.service.jobs;
    expect(Buffer.from(call?.message.image ?? [])).toEqual(image);
    expect(call?.message.prompt.prompts).toMatchObject([{ id: 'cup' }]);
  });

  it('takes prompts whose part says that it is JSON', async () => {
    const body = `--b\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n${JPEG.toString('latin1')}\r\n--b\r\nContent-Disposition: form-data; name="prompts"\r\nContent-Type: application/json\r\n\r\n${prompts}\r\n--b--\r\n`;
    const headers = { 'content-type': 'multipart/form-data; boundary=b' };
    const response = await server.fetch(PATH, { method: 'POST', headers, body: Buffer.from(body, 'latin1') });
    expect(response.status).toBe(200);
  });

  it.each<[string, () => Promise<Response>, ErrorCode]>([
    ['a form without a picture', () => send(form({ prompts })), 'invalid_message'],
    ['a form without prompts', () => send(form({ image: picture() })), 'invalid_message'],
    ['a picture that is a text', () => send(form({ image: 'table.jpg', prompts })), 'invalid_message'],
    [
      'a file of another kind',
      () => send(form({ image: picture(Buffer.from('GIF89a')), prompts })),
      'invalid_image',
    ],
    ['an empty file', () => send(form({ image: picture(Buffer.alloc(0)), prompts })), 'invalid_image'],
    ['prompts that are no JSON', () => send(form({ image: picture(), prompts: '[' })), 'invalid_json'],
    ['prompts that are a number', () => send(form({ image: picture(), prompts: '3' })), 'invalid_message'],
    [
      'a picture that is too large',
      () => send(form({ image: picture(Buffer.concat([JPEG, Buffer.alloc(100_001)])), prompts })),
      'too_large',
    ],
    [
      'a form that is too large',
      () => send(form({ image: picture(Buffer.alloc(900_000)), prompts })),
      'too_large',
    ],
    [
      'prompts that are too large',
      () => send(form({ image: picture(), prompts: ' '.repeat(263_000) })),
      'too_large',
    ],
    [
      'many parts',
      () => send(form(Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`p${i}`, 'x'])))),
      'too_large',
    ],
    [
      'a part named like a property of objects',
      () => send(form({ image: picture(), __proto__x: 'a', constructor: 'x', prompts })),
      'invalid_message',
    ],
    [
      'a picture to follow something on',
      () => send(form({ image: picture(), prompts: JSON.stringify({ track: true, ...PROMPTS[0] }) })),
      'unsupported_prompt',
    ],
    ['JSON without a picture', () => server.post(PATH, { prompts: PROMPTS }), 'invalid_message'],
    ['JSON with a text as picture', () => server.post(PATH, { ...WHOLE, image: 'hello' }), 'invalid_image'],
    ['JSON with a frame', () => server.post(PATH, { ...WHOLE, frame: { seq: 1 } }), 'invalid_message'],
    [
      'JSON that is too large',
      () => server.post(PATH, { ...WHOLE, image: 'A'.repeat(200_000) }),
      'too_large',
    ],
    [
      'another content type',
      () => server.post(PATH, 'x', { 'content-type': 'image/jpeg' }),
      'invalid_message',
    ],
    [
      'a form without a boundary',
      () => server.post(PATH, 'x', { 'content-type': 'multipart/form-data' }),
      'invalid_message',
    ],
    [
      'a form that ends early',
      () =>
        server.post(PATH, '--b\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\nabc', {
          'content-type': 'multipart/form-data; boundary=b',
        }),
      'invalid_message',
    ],
    [
      'a form that is none',
      () => server.post(PATH, 'hello', { 'content-type': 'multipart/form-data; boundary=b' }),
      'invalid_message',
    ],
    [
      'an empty form',
      () => server.post(PATH, '', { 'content-type': 'multipart/form-data; boundary=b' }),
      'invalid_message',
    ],
  ])('refuses %s, and decodes nothing', async (_, sent, code) => {
    const error = await errorOf(await sent());
    expect(error).toMatchObject({ code });
    expect([statusOf(code), 415]).toContain(error.status);
    expect(view.service.jobs).toHaveLength(0);
  });
});

describe('uploads', () => {
  afterEach(closeAll);

  async function paced() {
    const view = testView({ maxUploadBytes: 100_000 });
    const server = await listen(view);
    const waiting: (() => void)[] = [];
    view.service.onJob = ({ message: { prompt } }) =>
      new Promise((resolve) =>
        waiting.push(() => resolve({ ...masksMessage('', prompt), source: 'job', camera: null })),
      );
    const post = (client: string, body: object = WHOLE) =>
      server.post(PATH, body, { 'samwire-client': client });
    return { view, server, waiting, post };
  }

  it('are at work one at a time for each client, two in all; the next ones wait', async () => {
    const { view, waiting, post } = await paced();
    const all = ['a', 'b', 'c'].map((client) => post(client));
    await waitFor(() => waiting.length === 2, 'two at work');
    expect(await errorOf(await post('a'))).toMatchObject({ status: 429, code: 'rate_limited' });
    waiting[0]?.();
    await waitFor(() => waiting.length === 3, 'the third');
    for (const answer of waiting) answer();
    for (const response of await Promise.all(all)) expect(response.status).toBe(200);
    expect(view.service.jobs).toHaveLength(3);
    const again = post('a');
    await waitFor(() => waiting.length === 4, 'one more of the first client');
    waiting[3]?.();
    expect((await again).status).toBe(200);
  });

  it('are eight at most in all', async () => {
    const { waiting, post } = await paced();
    const all = Array.from({ length: 9 }, (_, i) => post(`c${i}`));
    const first = await Promise.race(all);
    expect(await errorOf(first)).toMatchObject({ status: 503, code: 'overloaded' });
    for (let i = 0; i < 8; i++) {
      await waitFor(() => waiting.length > i, 'the next one');
      waiting[i]?.();
    }
    const statuses = (await Promise.all(all)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(8);
  });

  it('that a client repeats by its requestId are run once', async () => {
    const { view, waiting, post } = await paced();
    const sent = { ...WHOLE, requestId: 'p1' };
    const first = post('a', sent);
    await waitFor(() => waiting.length === 1, 'the picture');
    waiting[0]?.();
    const text = await (await first).text();
    expect(await (await post('a', sent)).text()).toBe(text);
    expect(view.service.jobs).toHaveLength(1);
    const other = post('a', { ...sent, image: PNG.toString('base64') });
    await waitFor(() => waiting.length === 2, 'another picture');
    waiting[1]?.();
    expect((await other).status).toBe(200);
  });

  it('that break off give their place back', async () => {
    const { server, view, waiting, post } = await paced();
    const socket = begun(server.url);
    socket.write(chunk(JPEG));
    await waitFor(() => view.counters.requests === 1, 'the upload');
    expect(await errorOf(await post('slow'))).toMatchObject({ code: 'rate_limited' });
    socket.destroy();
    let answered: Response | undefined;
    await waitFor(() => {
      if (waiting.length === 0 && !answered)
        void post('slow').then(
          (response) => (answered = response),
          () => undefined,
        );
      const tried = answered;
      answered = undefined;
      return waiting.length > 0 || tried?.status === 200;
    }, 'the place');
    for (const answer of waiting) answer();
    expect(view.service.jobs.length).toBeGreaterThan(0);
  });

  it('that never end are cut off where they are too large', async () => {
    const { server } = await paced();
    const socket = begun(server.url);
    let answer = '';
    socket.on('data', (data: Buffer) => {
      answer += data.toString();
    });
    socket.write(chunk(Buffer.concat([JPEG, Buffer.alloc(150_000)])));
    await waitFor(() => answer.includes('too_large'), 'the refusal, with the upload still open');
    expect(answer).toContain('HTTP/1.1 413');
    socket.destroy();
  });

  it('are told that they are too large, also where they are a hundred times so', async () => {
    const { server, post } = await paced();
    const bytes = Buffer.concat([JPEG, Buffer.alloc(10_000_000)]);
    const response = await server.fetch(PATH, {
      method: 'POST',
      body: form({ image: picture(bytes), prompts }),
    });
    expect(await errorOf(response)).toMatchObject({ status: 413, code: 'too_large' });
    const json = await post('a', { image: 'A'.repeat(10_000_000) });
    expect(await errorOf(json)).toMatchObject({ status: 413, code: 'too_large' });
  });

  it('of a client that goes away are not run where they wait', async () => {
    const { server, view, waiting, post } = await paced();
    const gone: boolean[] = [];
    view.service.onJob = ({ context }) =>
      new Promise((_, reject) => {
        waiting.push(() => undefined);
        context.signal?.addEventListener('abort', () => {
          gone.push(true);
          reject(new SamwireError('expired', 'Gone.'));
        });
      });
    const controller = new AbortController();
    const sent = server.fetch(PATH, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(WHOLE),
      signal: controller.signal,
    });
    await waitFor(() => waiting.length === 1, 'the picture');
    controller.abort();
    await expect(sent).rejects.toThrow();
    await waitFor(() => gone.length === 1, 'the end of it');
    void post('other').catch(() => undefined);
    await waitFor(() => waiting.length === 2, 'the next one');
  });
});
