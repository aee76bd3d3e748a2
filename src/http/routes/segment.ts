/** `POST /api/segment`: a picture that is uploaded with its prompts, segmented as a job's is. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { SamwireError } from '../../errors.js';
import { Gate } from '../../mqtt/gate.js';
import { requestKey } from '../../mqtt/once.js';
import { check, parseJsonObject } from '../../prompts/json.js';
import { requestIdOf } from '../../prompts/message.js';
import { base64Picture, imageSchema, type PictureMessage, picturePrompt } from '../../prompts/picture.js';
import { bodyBytes } from '../json-body.js';
import type { NodeView } from '../node-view.js';
import { answerOf, type HttpAnswer, onceByRequestId } from '../once.js';
import { type Asked, placed } from '../placed.js';
import { Places } from '../places.js';
import { sendJson } from '../replies.js';
import { readUpload, tooLarge, type Upload } from '../upload.js';

/** Uploads in memory: at most so many times `jobs.maxPacketBytes`. */
const PLACES = { what: 'pictures', inAll: 8, perClient: 1 };
/** Pictures that are decoded, 3 bytes a pixel twice over, at a time; and how long the next one waits. */
const DECODED_AT_ONCE = 2;
const MAX_WAIT_MS = 10_000;
/** The parts' heads, and what a client's library adds. */
const MULTIPART_BYTES = 16 * 1024;

const jsonUploadSchema = z.object({ image: imageSchema });

export function segmentRoutes(app: FastifyInstance, node: NodeView): void {
  const once = onceByRequestId(node);
  const gate = new Gate(DECODED_AT_ONCE);

  /** As of a prompt: with a `requestId` the run goes on when its client has gone. */
  const answer = (picture: PictureMessage, { client, signal }: Asked): Promise<HttpAnswer> => {
    const { requestId } = picture.prompt;
    const context = {
      receivedAtMs: Date.now(),
      client: `http ${client}`,
      ...(requestId === undefined ? { signal } : {}),
    };
    const run = (): Promise<HttpAnswer> =>
      answerOf(
        async () => ({ node: node.id, ...(await inTurn(gate, () => node.service.job(picture, context))) }),
        (message) => {
          node.counters.answers += 1;
          node.announceMasks(null, message);
        },
      );
    if (requestId === undefined) return run();
    const { image, prompt } = picture;
    const properties = JSON.stringify(prompt);
    const key = requestKey({
      topic: 'segment',
      responseTopic: client,
      requestId,
      payload: image,
      properties,
    });
    const asked = once.run(key, run);
    if (asked.state !== 'new') node.counters.repeats += 1;
    return Promise.resolve(asked.answer);
  };

  app.post('/api/segment', {
    bodyLimit: node.maxUploadBytes,
    ...placed(new Places(PLACES), async (request, reply, asked) => {
      const { image, prompts } = await uploadOf(request, node);
      const requestId = requestIdOf(prompts);
      if (requestId !== undefined) request.about.requestId = requestId;
      const picture = { image, prompt: picturePrompt(prompts, node.limits) };
      const { error, payload } = await answer(picture, asked);
      if (error) throw error;
      return sendJson(reply, payload);
    }),
  });
}

/** A body that says itself that it is too large is not read. */
async function uploadOf(request: FastifyRequest, node: NodeView): Promise<Upload> {
  if (!request.isMultipart()) {
    const value = parseJsonObject(bodyBytes(request), node.maxUploadBytes);
    return { image: base64Picture(check(jsonUploadSchema, value).image), prompts: value };
  }
  const maxBytes = node.maxUploadBytes + node.limits.maxBytes + MULTIPART_BYTES;
  if (Number(request.headers['content-length']) > maxBytes) throw tooLarge('the body', maxBytes);
  return readUpload(request, node);
}

async function inTurn<T>(gate: Gate, work: () => Promise<T>): Promise<T> {
  if (!(await gate.enter(MAX_WAIT_MS)))
    throw new SamwireError(
      'overloaded',
      `${gate.inside} pictures are at work, and none of them ended within ${MAX_WAIT_MS / 1000} s; try again later.`,
    );
  try {
    return await work();
  } finally {
    gate.leave();
  }
}
