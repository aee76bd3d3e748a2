import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { everythingSchema, tracksSchema } from '../../src/asyncapi/schemas/responses.js';
import type { MasksMessage } from '../../src/masks/types.js';
import { errorMessageSchema } from '../../src/outputs/masks-schema.js';
import { closeAll, waitFor } from '../integration/mqtt/harness.js';
import { listen, type TestServer } from './harness.js';
import { type TestView, testView } from './view.js';

const PATH = '/api/cameras/front/everything';

describe('what is asked of a camera without prompts', () => {
  let view: TestView;
  let server: TestServer;
  beforeAll(async () => {
    view = testView();
    server = await listen(view);
  });
  afterAll(closeAll);

  it('is about the camera of the path, whatever the body says', async () => {
    const body = { camera: 'gate', transaction: 't', grid: 4 };
    await (await server.post(PATH, body)).text();
    expect(view.service.everythingCalls.at(-1)?.message).toMatchObject({
      camera: 'front',
      options: { grid: 4 },
    });
    const response = await server.post('/api/cameras/front/tracks', { camera: 'gate', remove: ['cup'] });
    expect(tracksSchema.parse(await response.json()).camera).toBe('front');
    expect(view.service.tracksCalls.at(-1)).toMatchObject({ camera: 'front', change: { kind: 'remove' } });
  });

  it('is answered with the edges, which the console is not shown', async () => {
    const heard: MasksMessage[] = [];
    const stop = view.onMasks((_camera, message) => heard.push(message));
    const answer = everythingSchema.parse(await (await server.post(PATH, { edges: true })).json());
    stop();
    expect(answer.edges?.size).toEqual([48, 64]);
    expect(heard).toHaveLength(1);
    expect(heard[0]).not.toHaveProperty('edges');
    expect(heard[0]?.timing).toEqual(answer.timing);
  });

  it('ends with its client', async () => {
    const calls = view.service.everythingCalls.length;
    let signal: AbortSignal | undefined;
    view.service.everything = (message, context) => {
      view.service.everythingCalls.push({ message, context });
      signal = context.signal;
      return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new Error('gone'))));
    };
    const gone = new AbortController();
    const sent = server.fetch(PATH, { method: 'POST', signal: gone.signal });
    await waitFor(() => view.service.everythingCalls.length > calls, 'the request');
    gone.abort();
    await expect(sent).rejects.toThrow();
    await waitFor(() => signal?.aborted === true, 'its end');
  });

  it('is two requests for everything of a client at a time', async () => {
    const waiting: (() => void)[] = [];
    view.service.everything = () => new Promise((_, reject) => waiting.push(() => reject(new Error('over'))));
    const post = () => server.post(PATH, {}, { 'samwire-client': 'two' });
    const both = [post(), post()];
    await waitFor(() => waiting.length === 2, 'both');
    expect(errorMessageSchema.parse(await (await post()).json()).code).toBe('rate_limited');
    for (const end of waiting) end();
    await Promise.all(both);
  });
});
