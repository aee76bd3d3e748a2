/** `<camera>/prompt`: from a message to its one answer, on the masks or errors topic and on the response topic. */
import { type SamwireError, toSamwireError } from '../errors.js';
import type { MasksMessage } from '../masks/types.js';
import { parseJsonObject } from '../prompts/json.js';
import { checkPromptMessage, type PromptLimits, requestIdOf } from '../prompts/message.js';
import { errorAnswer, fittedMasks, tooLarge } from './answers.js';
import { type Exchange, noteError, type Target, unknownCamera } from './exchange.js';
import type { InboundMessage } from './messages.js';
import { type Answer, Once, requestKey } from './once.js';
import type { Outcome } from './outbox.js';
import { checkExpiry, publicProperties, type ReplyAddress, replyAddress } from './replies.js';
import { cameraNameOf } from './topics.js';

/** Answers kept for repeats, whatever `mqtt.answerKeepMs`: in its 60 s, 160 prompts a second. */
const MAX_KEPT_ANSWERS = 10_000;
const MAX_KEPT_BYTES = 32 * 1024 * 1024;

export interface PromptHandlerOptions {
  readonly limits: Omit<PromptLimits, 'maxBytes'>;
  readonly answerKeepMs: number;
}

interface Request {
  readonly message: InboundMessage;
  /** The topic's level, whether or not there is such a camera. */
  readonly camera: string;
  readonly known: boolean;
  readonly reply: ReplyAddress | null;
  /** The masks that this message was answered with, where it was run: not those of a repeat. */
  published?: MasksMessage;
  /** It was not run: the answer is that of the same message before it. */
  repeat?: boolean;
}

export class PromptHandler {
  readonly #exchange: Exchange;
  readonly #limits: PromptLimits;
  readonly #once: Once;

  constructor(exchange: Exchange, { limits, answerKeepMs }: PromptHandlerOptions) {
    this.#exchange = exchange;
    this.#limits = { ...limits, maxBytes: exchange.maxMessageBytes };
    this.#once = new Once({ keepMs: answerKeepMs, maxAnswers: MAX_KEPT_ANSWERS, maxBytes: MAX_KEPT_BYTES });
  }

  /**
   * Resolves when the answer is on its way. Never rejects.
   * `refusal`: the node takes no more; the sender is told so.
   */
  async handle(message: InboundMessage, camera: string, refusal?: SamwireError): Promise<void> {
    this.#exchange.counters.prompts += 1;
    const known = this.#exchange.service.cameras().includes(camera);
    try {
      const request: Request = {
        message,
        camera,
        known,
        reply: replyAddress(message, this.#exchange.replyRules),
      };
      const answer = await this.#answer(request, refusal);
      if (answer !== null) this.#deliver(answer, request);
      if (request.published) this.#exchange.onMasks(camera, request.published, message.trace);
    } catch (thrown) {
      // No response topic that may be used: the errors topic alone hears of it.
      const request = { message, camera, known, reply: null };
      this.#deliver(this.#failed(thrown, request, this.#requestIdIn(message)), request);
    }
  }

  /**
   * One answer for each message; repeats of a request share theirs. Null: none, since there is no room to wait for the
   * answer of the same message before it, which goes to the same topics.
   */
  async #answer(request: Request, refusal: SamwireError | undefined): Promise<Answer | null> {
    let value: Record<string, unknown>;
    try {
      value = parseJsonObject(request.message.payload, this.#limits.maxBytes);
    } catch (thrown) {
      return this.#failed(thrown, request, undefined);
    }
    const requestId = requestIdOf(value);
    const work = async () =>
      refusal === undefined
        ? this.#run(request, value, requestId)
        : this.#failed(refusal, request, requestId);
    if (requestId === undefined) return work();
    const { topic, payload } = request.message;
    const responseTopic = request.reply === null ? {} : { responseTopic: request.reply.topic };
    const once = this.#once.run(requestKey({ topic, ...responseTopic, requestId, payload }), work);
    request.repeat = once.state !== 'new';
    if (request.repeat) this.#exchange.counters.repeats += 1;
    return refusal !== undefined && once.state === 'running' ? null : once.answer;
  }

  async #run(
    request: Request,
    value: Record<string, unknown>,
    requestId: string | undefined,
  ): Promise<Answer> {
    const { message, camera } = request;
    const { service, counters } = this.#exchange;
    try {
      checkExpiry(message, Date.now());
      if (!request.known) throw unknownCamera(camera, service.cameras());
      const prompt = checkPromptMessage(value, this.#limits);
      const { receivedAtMs, expiresAtMs } = message;
      const context = {
        receivedAtMs,
        ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
        ...(request.reply === null ? {} : { client: request.reply.topic }),
      };
      const masks = await service.prompt(camera, prompt, context);
      const sinceMs = performance.now();
      const maxPayloadBytes = Math.min(
        ...this.#targets('masks', request).map((target) => this.#exchange.maxPayloadBytes(target)),
      );
      const named = requestId === undefined ? {} : { requestId };
      const fitted = await fittedMasks({ ...named, ...masks }, { maxPayloadBytes, sinceMs, service });
      counters.answers += 1;
      this.#exchange.onAnswer(fitted.message);
      request.published = fitted.message;
      return { kind: 'masks', payload: fitted.payload, ...named };
    } catch (thrown) {
      return this.#failed(thrown, request, requestId);
    }
  }

  /** So that a sender finds the error although its message was refused for another reason than its content. */
  #requestIdIn({ payload }: InboundMessage): string | undefined {
    try {
      return requestIdOf(parseJsonObject(payload, this.#limits.maxBytes));
    } catch {
      return undefined;
    }
  }

  #failed(thrown: unknown, { camera, known }: Request, requestId: string | undefined): Answer {
    const error = toSamwireError(thrown);
    noteError(this.#exchange, error, known ? camera : undefined);
    return errorAnswer(error, { requestId, camera: cameraNameOf(camera) });
  }

  #targets(kind: Answer['kind'], { message, camera, known, reply }: Request): readonly Target[] {
    const { topics } = this.#exchange;
    const topic = kind === 'masks' ? topics.masks(camera) : topics.errors(known ? camera : null);
    const own = { topic, properties: publicProperties(message) };
    return reply === null ? [own] : [own, reply];
  }

  #deliver(answer: Answer, request: Request): void {
    const { deliver, maxPayloadBytes } = this.#exchange;
    const repeat = request.repeat ?? false;
    for (const target of this.#targets(answer.kind, request)) {
      const refuse = (): void => this.#refuseLarge(answer, target, request);
      const tell = (outcome: Outcome): void => {
        // The broker's packet size is smaller than it was when the answer was made.
        if (outcome === 'too_large' && answer.kind === 'masks') refuse();
      };
      // A kept answer can be too large for a repeat that brings more correlation data, or for another broker.
      if (answer.payload.length > maxPayloadBytes(target)) refuse();
      else deliver({ ...target, payload: answer.payload }, { repeat, onOutcome: tell });
    }
  }

  #refuseLarge({ payload, requestId }: Answer, target: Target, request: Request): void {
    const { deliver, maxPayloadBytes, topics } = this.#exchange;
    const error = this.#failed(tooLarge(payload.length, maxPayloadBytes(target)), request, requestId);
    const topic =
      target === request.reply ? target.topic : topics.errors(request.known ? request.camera : null);
    deliver({ ...target, topic, payload: error.payload });
  }
}
