import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type ErrorCode, SamwireError } from '../../src/errors.js';
import { statusOf } from '../../src/http/status.js';
import { errorMessageSchema, masksMessageSchema } from '../../src/outputs/masks-schema.js';
import { closeAll, waitFor } from '../integration/mqtt/harness.js';
import { masksMessage } from '../mqtt/service.js';
import { listen, type TestServer } from './harness.js';
import { type TestView, testView } from './view.js';

const PATH = '/api/cameras/front/prompt';
const PROMPT = { prompts: [{ id: 'cup', box: [1, 2, 30, 40] }] };
const TRACE = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

async function refusal(response: Response): Promise<{ readonly status: number; readonly code: ErrorCode }> {
  const error = errorMessageSchema.parse(await response.json());
  return { status: response.status, ...error };
}

/** Sends a prompt, with more bytes announced than come where wanted, and leaves the connection to the caller. */
function hanging(url: string, body: unknown, more = 0): { readonly leave: () => void } {
  const { hostname, port } = new URL(url);
  const text = JSON.stringify(body);
  const head = `POST ${PATH} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nSamwire-Client: me\r\nContent-Type: application/json\r\nContent-Length: ${text.length + more}\r\n\r\n`;
  const socket = connect(Number(port), hostname, () => socket.write(head + text));
  socket.on('error', () => undefined);
  return { leave: () => socket.destroy() };
}

describe('POST /api/cameras/{name}/prompt', () => {
  let view: TestView;
  let server: TestServer;

  beforeAll(async () => {
    view = testView();
    server = await listen(view);
  });
  afterAll(closeAll);
  afterEach(() => {
    view.service.onPrompt = async ({ camera, message }) => masksMessage(camera, message);
  });

  it('answers its sender with the masks message, its timing finished, and shows it to the console', async () => {
    const heard: string[] = [];
    const stop = view.onMasks((camera, { requestId }) => heard.push(`${camera} ${requestId}`));
    const response = await server.post(PATH, { requestId: 'r1', ...PROMPT });
    stop();
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('no-store');
    const masks = masksMessageSchema.parse(await response.json());
    expect(masks).toMatchObject({
      requestId: 'r1',
      source: 'prompt',
      camera: 'front',
      masks: [{ id: 'cup' }],
    });
    expect(heard).toEqual(['front r1']);
    expect(view.counters).toMatchObject({ answers: 1 });
  });

  it('hands on who asks: the address with the agent, or with the name that the client gives itself', async () => {
    await server.post(PATH, PROMPT, { 'user-agent': 'curl/8' });
    await server.post(PATH, PROMPT, { 'user-agent': 'curl/8', 'samwire-client': 'arm-2' });
    expect(view.service.calls.slice(-2).map(({ context }) => context.client)).toEqual([
      'http 127.0.0.1 curl/8',
      'http 127.0.0.1 arm-2',
    ]);
    const nameless = await server.post(PATH, PROMPT, { 'samwire-client': 'two words' });
    expect(await refusal(nameless)).toMatchObject({ status: 400, code: 'invalid_message' });
  });

  it('brings a valid trace context back with the answer, and with an error', async () => {
    const trace = { traceparent: TRACE, tracestate: 'a=1,b=2' };
    for (const body of [PROMPT, {}]) {
      const { headers } = await server.post(PATH, body, trace);
      expect([headers.get('traceparent'), headers.get('tracestate')]).toEqual([TRACE, 'a=1,b=2']);
    }
    const { headers } = await server.post(PATH, PROMPT, { traceparent: TRACE.slice(1) });
    expect(headers.get('traceparent')).toBeNull();
  });

  it.each<[string, string, unknown, ErrorCode]>([
    ['no JSON', PATH, '{', 'invalid_json'],
    ['nothing', PATH, '', 'invalid_json'],
    ['no object', PATH, [1], 'invalid_message'],
    ['no prompt', PATH, {}, 'invalid_message'],
    ['too many prompts', PATH, { prompts: Array(65).fill({ box: [0, 0, 1, 1] }) }, 'too_many_prompts'],
    ['a message that is too large', PATH, { ...PROMPT, pad: 'x'.repeat(300_000) }, 'too_large'],
    ['a camera that is not there', '/api/cameras/side/prompt', PROMPT, 'unknown_camera'],
    ['a camera that is no name', '/api/cameras/a%20b%2F..%2F/prompt', PROMPT, 'unknown_camera'],
    ['a property of objects', '/api/cameras/__proto__/prompt', PROMPT, 'unknown_camera'],
  ])('refuses %s, and the model hears nothing of it', async (_, path, body, code) => {
    const { calls } = view.service;
    const before = calls.length;
    const error = await refusal(await server.post(path, body));
    expect(error).toMatchObject({ status: statusOf(code), code });
    expect(calls).toHaveLength(before);
  });

  it('names the request and the camera in an error, counts it, and keeps it with the last errors', async () => {
    const before = view.counters.errors.frame_evicted;
    view.service.onPrompt = async () => {
      throw new SamwireError('frame_evicted', 'Frame seq 1 is not held.');
    };
    const response = await server.post(PATH, { requestId: 'e1', ...PROMPT });
    expect(await refusal(response)).toMatchObject({ status: 410, requestId: 'e1', camera: 'front' });
    expect(view.counters.errors.frame_evicted).toBe(before + 1);
    expect(view.errors.list()[0]).toMatchObject({
      source: 'message',
      camera: 'front',
      code: 'frame_evicted',
    });
  });

  it('takes JSON only', async () => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
    ]) {
      const response = await server.post(PATH, PROMPT, { 'content-type': type });
      expect(await refusal(response), type).toMatchObject({ code: expect.stringMatching(/^invalid_/) });
      expect([400, 415]).toContain(response.status);
    }
  });

  it('answers whatever comes with masks or an error of the schema, never with a status of 5xx', async () => {
    const json = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom(null, true, 0, -1, 1e308, 'latest', '', 'cup#1', [0, 0, 9, 9], { x: 1, y: 1 }),
        fc.string(),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(keys, tie('value'), { maxKeys: 4 }),
      ),
    })).value;
    const bodies = fc.oneof(
      fc.dictionary(keys, json, { maxKeys: 6 }).map((value) => JSON.stringify(value)),
      fc.string(),
    );
    await fc.assert(
      fc.asyncProperty(bodies, async (body) => {
        const response = await server.post(PATH, body);
        expect(response.status).toBeLessThan(500);
        const answer: unknown = await response.json();
        if (response.status === 200) masksMessageSchema.parse(answer);
        else errorMessageSchema.parse(answer);
      }),
      { numRuns: 150 },
    );
  });
});

const keys = fc.constantFrom(
  'requestId',
  'prompts',
  'box',
  'points',
  'mask',
  'refine',
  'frame',
  'seq',
  'timestamp',
  'normalized',
  'multimask',
  'track',
  'ttlMs',
  'maxAgeMs',
  'encodings',
  'id',
  'label',
  'x',
  'y',
  'size',
  'counts',
  '__proto__',
);

describe('a prompt with a requestId', () => {
  afterEach(closeAll);

  /** A server whose service answers when it is told to. */
  async function paced() {
    const view = testView();
    const server = await listen(view);
    const waiting: ((error?: SamwireError) => void)[] = [];
    view.service.onPrompt = ({ camera, message }) =>
      new Promise((resolve, reject) =>
        waiting.push((error) => (error ? reject(error) : resolve(masksMessage(camera, message)))),
      );
    return { view, server, waiting };
  }
  const SENT = { requestId: 'r1', ...PROMPT };

  it('is run once: a repeat shares the run, a later one gets the same bytes, another payload is another request', async () => {
    const { view, server, waiting } = await paced();
    const both = [server.post(PATH, SENT), server.post(PATH, SENT)];
    await waitFor(() => view.counters.repeats === 1, 'the repeat');
    waiting[0]?.();
    const texts = await Promise.all(both.map(async (response) => (await response).text()));
    texts.push(await (await server.post(PATH, SENT)).text());
    expect(new Set(texts).size).toBe(1);
    expect(view.service.calls).toHaveLength(1);
    const other = server.post(PATH, { ...SENT, multimask: true });
    await waitFor(() => waiting.length === 2, 'the other request');
    waiting[1]?.();
    expect((await other).status).toBe(200);
  });

  it('is another one from another client', async () => {
    const { view, server, waiting } = await paced();
    const all = ['a', 'b'].map((client) => server.post(PATH, SENT, { 'samwire-client': client }));
    await waitFor(() => waiting.length === 2, 'both');
    for (const answer of waiting) answer();
    await Promise.all(all);
    expect(view.counters.repeats).toBe(0);
  });

  it.each<[ErrorCode, number]>([
    ['frame_evicted', 1],
    ['model_failed', 1],
    ['overloaded', 2],
    ['rate_limited', 2],
    ['expired', 2],
  ])('that ended with %s is run %i times when it comes twice', async (code, runs) => {
    const { view, server } = await paced();
    view.service.onPrompt = async () => {
      throw new SamwireError(code, 'No.');
    };
    for (let i = 0; i < 2; i++) expect(await refusal(await server.post(PATH, SENT))).toMatchObject({ code });
    expect(view.service.calls).toHaveLength(runs);
  });

  it('says when to come again, where it was refused for the time being', async () => {
    const { view, server } = await paced();
    view.service.onPrompt = async () => {
      throw new SamwireError('overloaded', 'No.');
    };
    expect((await server.post(PATH, SENT)).headers.get('retry-after')).toBe('1');
  });

  it('goes on when its client has gone, so that the repeat finds its answer', async () => {
    const { view, server, waiting } = await paced();
    const { leave } = hanging(server.url, SENT);
    await waitFor(() => view.service.calls.length === 1, 'the prompt');
    const { signal } = view.service.calls[0]?.context ?? {};
    expect(signal).toBeUndefined();
    leave();
    const repeat = server.post(PATH, SENT, { 'samwire-client': 'me' });
    await waitFor(() => view.counters.repeats === 1, 'the repeat');
    waiting[0]?.();
    expect(masksMessageSchema.parse(await (await repeat).json()).requestId).toBe('r1');
    expect(view.service.calls).toHaveLength(1);
  });
});

describe('a client that goes away', () => {
  afterEach(closeAll);

  it('takes its prompt without a requestId along', async () => {
    const view = testView();
    const server = await listen(view);
    let gone = false;
    view.service.onPrompt = ({ context }) =>
      new Promise((_, reject) =>
        context.signal?.addEventListener('abort', () => {
          gone = true;
          reject(new SamwireError('expired', 'Gone.'));
        }),
      );
    const { leave } = hanging(server.url, PROMPT);
    await waitFor(() => view.service.calls.length === 1, 'the prompt');
    expect(view.service.calls[0]?.context.signal?.aborted).toBe(false);
    leave();
    await waitFor(() => gone, 'the end of it');
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect([view.counters.errors.expired, view.errors.list()]).toEqual([0, []]);
  });

  it('in the middle of its body is no error for people to read', async () => {
    const view = testView();
    const server = await listen(view);
    const { leave } = hanging(server.url, PROMPT, 500);
    await waitFor(() => view.counters.requests === 1, 'the request');
    leave();
    await server.post(PATH, PROMPT);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect([view.counters.errors.invalid_message, view.errors.list()]).toEqual([0, []]);
  });

  it('is no abort for an answer that came in time', async () => {
    const view = testView();
    const server = await listen(view);
    await (await server.post(PATH, PROMPT)).text();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(view.service.calls[0]?.context.signal?.aborted).toBe(false);
  });
});
