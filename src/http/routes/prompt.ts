/** `POST /api/cameras/{name}/prompt`: the prompt message of docs/mqtt.md, answered to its sender. */
import type { FastifyInstance } from 'fastify';
import { requestKey } from '../../mqtt/once.js';
import { parseJsonObject } from '../../prompts/json.js';
import { checkPromptMessage, requestIdOf } from '../../prompts/message.js';
import { bodyBytes } from '../json-body.js';
import { namedCamera } from '../named-camera.js';
import type { NodeView } from '../node-view.js';
import { answerOf, type HttpAnswer, onceByRequestId } from '../once.js';
import { type Asked, placed } from '../placed.js';
import { Places } from '../places.js';
import { sendJson } from '../replies.js';

/** Below what the server takes of all requests (limits.ts), so that prompts do not shut out the others, nor a client the others. */
const PLACES = { what: 'prompts', inAll: 48, perClient: 24 };

export function promptRoutes(app: FastifyInstance, node: NodeView): void {
  const places = new Places(PLACES);
  const once = onceByRequestId(node);

  /** With a `requestId` the run goes on when its client has gone: the repeat, on a new connection, finds its answer. */
  const answer = (
    camera: string,
    payload: Buffer,
    { client, signal }: Asked,
    value: Record<string, unknown>,
  ): Promise<HttpAnswer> => {
    const requestId = requestIdOf(value);
    const receivedAtMs = Date.now();
    const context = {
      receivedAtMs,
      client: `http ${client}`,
      ...(requestId === undefined ? { signal } : {}),
    };
    const run = (): Promise<HttpAnswer> =>
      answerOf(
        async () => node.service.prompt(camera, checkPromptMessage(value, node.limits), context),
        (message) => {
          node.counters.answers += 1;
          node.announceMasks(camera, message);
        },
      );
    if (requestId === undefined) return run();
    const key = requestKey({ topic: `prompt ${camera}`, responseTopic: client, requestId, payload });
    const asked = once.run(key, run);
    if (asked.state !== 'new') node.counters.repeats += 1;
    return Promise.resolve(asked.answer);
  };

  app.post(
    '/api/cameras/:name/prompt',
    placed(places, async (request, reply, asked) => {
      const { name } = namedCamera(request, node);
      const body = bodyBytes(request);
      const value = parseJsonObject(body, node.limits.maxBytes);
      const requestId = requestIdOf(value);
      if (requestId !== undefined) request.about.requestId = requestId;
      const { error, payload } = await answer(name, body, asked, value);
      if (error) throw error;
      return sendJson(reply, payload);
    }),
  );
}
