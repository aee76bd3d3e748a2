/** `<base>/request/<verb>` → `<base>/response/<verb>`. */
import { z } from 'zod';
import { SamwireError, toSamwireError } from '../errors.js';
import { checkEverythingRequest, everythingRequestSchema } from '../prompts/everything.js';
import { check, parseJsonObject, rendered } from '../prompts/json.js';
import { ID_PATTERN, idSchema } from '../prompts/message.js';
import { checkTracksRequest, tracksRequestSchema } from '../prompts/tracks.js';
import { errorAnswer, fittedMessage, tooLarge } from './answers.js';
import { type Exchange, noteError, type Target, unknownCamera } from './exchange.js';
import type { InboundMessage } from './messages.js';
import type { Outcome } from './outbox.js';
import { reloadWith } from './reload.js';
import { checkExpiry, publicProperties, replyAddress } from './replies.js';
import type { ResponseMessage } from './topics.js';

/** The requests that this version serves. */
export const REQUEST_VERBS = [
  'info',
  'snapshot',
  'everything',
  'tracks',
  'restart-camera',
  'reload',
] as const;
type Verb = (typeof REQUEST_VERBS)[number];

/** JSON around a snapshot's base64 or the masks, and the transaction. */
const ENVELOPE_BYTES = 512;
/** The masks have the rest of the packet, and are made smaller where they must. */
const EDGES_SHARE = 0.5;

const transactionSchema = z.object({ transaction: idSchema.optional() });
const cameraSchema = z.object({ camera: idSchema });
const snapshotSchema = cameraSchema.extend({ overlay: z.boolean({ error: 'true or false' }).optional() });

/** The requests as senders write them, by verb. */
export const requestSchemas = {
  info: transactionSchema,
  snapshot: snapshotSchema.extend(transactionSchema.shape),
  everything: everythingRequestSchema,
  tracks: tracksRequestSchema,
  'restart-camera': cameraSchema.extend(transactionSchema.shape),
  reload: transactionSchema,
} satisfies Record<Verb, z.ZodType>;

type Data = Record<string, unknown>;

/** A request that is to be served, and where its response goes. */
interface Asked {
  readonly message: InboundMessage;
  readonly value: Data;
  readonly targets: readonly Target[];
  /** Who asks: the response topic. */
  readonly client: string | undefined;
}

export class RequestHandler {
  readonly #exchange: Exchange;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  /** Resolves when the response is on its way. Never rejects. */
  async handle(message: InboundMessage, verb: string, refusal?: SamwireError): Promise<void> {
    const { topics, counters, replyRules, deliver } = this.#exchange;
    counters.requests += 1;
    const properties = publicProperties(message);
    // A verb of another form stays out of topics: the response's could be longer than MQTT allows.
    const named = ID_PATTERN.test(verb);
    const targets: Target[] = named ? [{ topic: topics.response(verb), properties }] : [];
    let client: string | undefined;
    try {
      if (!named) this.#refuse(unknownRequest(verb), properties);
      const reply = replyAddress(message, replyRules);
      if (reply !== null) targets.push(reply);
      client = reply?.topic;
    } catch (thrown) {
      this.#refuse(toSamwireError(thrown), properties);
      return;
    }
    if (targets.length === 0) return;
    const response = await this.#respond(message, verb, { targets, refusal, client });
    for (const target of targets) {
      const onOutcome = (outcome: Outcome): void => {
        // The broker's packet size is smaller than it was when the response was made.
        if (outcome === 'too_large') deliver({ ...target, payload: this.#fitted(response, target) });
      };
      deliver({ ...target, payload: this.#fitted(response, target) }, { onOutcome });
    }
  }

  /** Where there is no topic for a response. */
  #refuse(error: SamwireError, properties: Target['properties']): void {
    const { topics, deliver } = this.#exchange;
    noteError(this.#exchange, error);
    deliver({ topic: topics.errors(null), payload: errorAnswer(error, {}).payload, properties });
  }

  async #respond(
    message: InboundMessage,
    verb: string,
    {
      refusal,
      ...asking
    }: Pick<Asked, 'targets' | 'client'> & { readonly refusal: SamwireError | undefined },
  ): Promise<ResponseMessage> {
    let transaction: Pick<ResponseMessage, 'transaction'> = {};
    try {
      // An empty message asks without parameters: `mosquitto_pub -n`.
      const value =
        message.payload.length === 0 ? {} : parseJsonObject(message.payload, this.#exchange.maxMessageBytes);
      const named = check(transactionSchema, value).transaction;
      if (named !== undefined) transaction = { transaction: named };
      if (refusal !== undefined) throw refusal;
      checkExpiry(message, Date.now());
      const data = await this.#serve(verb, { message, value, ...asking });
      return { status: 'ok', ...transaction, data };
    } catch (thrown) {
      const error = toSamwireError(thrown);
      noteError(this.#exchange, error);
      return { status: 'error', ...transaction, error: error.toBody() };
    }
  }

  async #serve(verb: string, asked: Asked): Promise<Data> {
    const { service } = this.#exchange;
    const { value, targets } = asked;
    if (!isVerb(verb)) throw unknownRequest(verb);
    switch (verb) {
      case 'info':
        return service.info();
      case 'snapshot': {
        const { camera, overlay = false } = check(snapshotSchema, value);
        this.#checkCamera(camera);
        const maxBytes = Math.max(0, Math.floor((this.#room(targets) * 3) / 4));
        const { jpeg, drawn: _, ...snapshot } = await service.snapshot(camera, { overlay, maxBytes });
        return { camera, ...snapshot, jpeg: jpeg.toString('base64') };
      }
      case 'everything':
        return this.#everything(asked);
      case 'tracks': {
        const request = checkTracksRequest(value);
        this.#checkCamera(request.camera);
        return { camera: request.camera, tracks: service.tracks(request) };
      }
      case 'restart-camera': {
        const { camera } = check(cameraSchema, value);
        this.#checkCamera(camera);
        await service.restartCamera(camera);
        return { camera };
      }
      case 'reload':
        return { ...reloadWith(this.#exchange.reload) };
    }
  }

  /** A masks message, as on the masks topic, and the edges beside it where they are wanted. */
  async #everything({ message, value, targets, client }: Asked): Promise<Data> {
    const { service, onAnswer } = this.#exchange;
    const request = checkEverythingRequest(value);
    this.#checkCamera(request.camera);
    const { receivedAtMs, expiresAtMs } = message;
    const room = this.#room(targets);
    const { masks, edges: map } = await service.everything(request, {
      receivedAtMs,
      ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
      ...(client === undefined ? {} : { client }),
      maxEdgesBytes: Math.max(0, Math.floor((room * EDGES_SHARE * 3) / 4)),
    });
    const sinceMs = performance.now();
    const edges = map && { ...map, png: map.png.toString('base64') };
    const maxPayloadBytes = room - (edges ? JSON.stringify({ edges }).length : 0);
    const fitted = await fittedMessage(masks, { maxPayloadBytes, sinceMs, service });
    onAnswer(fitted);
    return { ...fitted, ...(edges ? { edges } : {}) };
  }

  /** Bytes of JSON that a response's data may have. */
  #room(targets: readonly Target[]): number {
    return Math.min(...targets.map((target) => this.#exchange.maxPayloadBytes(target))) - ENVELOPE_BYTES;
  }

  #checkCamera(camera: string): void {
    const names = this.#exchange.service.cameras();
    if (!names.includes(camera)) throw unknownCamera(camera, names, 'camera');
  }

  #fitted(response: ResponseMessage, target: Target): Buffer {
    const payload = Buffer.from(JSON.stringify(response));
    const maxBytes = this.#exchange.maxPayloadBytes(target);
    if (payload.length <= maxBytes) return payload;
    const error = tooLarge(payload.length, maxBytes);
    noteError(this.#exchange, error);
    const { transaction } = response;
    const refused: ResponseMessage = {
      status: 'error',
      ...(transaction === undefined ? {} : { transaction }),
      error: error.toBody(),
    };
    return Buffer.from(JSON.stringify(refused));
  }
}

function isVerb(verb: string): verb is Verb {
  return (REQUEST_VERBS as readonly string[]).includes(verb);
}

function unknownRequest(verb: string): SamwireError {
  const expected = `one of ${REQUEST_VERBS.join(', ')}`;
  return new SamwireError('unknown_request', `Expected ${expected} as request, got ${rendered(verb)}.`, {
    details: [{ path: 'topic', expected, got: rendered(verb) }],
  });
}
