/** Requests and their answers over one connection: sent, sent again, matched by their ids, given up in time. */
import type { Logger } from 'pino';
import type { MasksMessage } from '../masks/types.js';
import { BrokerConnection, type ConnectionStatus } from '../mqtt/connection.js';
import { type InboundMessage, type OutboundMessage, packetOverheadBytes } from '../mqtt/messages.js';
import type { MqttOptions } from '../mqtt/options.js';
import type { ProtocolVersion } from '../mqtt/protocol.js';
import type { Session } from '../mqtt/session.js';
import type { ErrorMessage } from '../mqtt/topics.js';
import { ClientError } from './errors.js';

export interface RequestsOptions {
  readonly mqtt: MqttOptions;
  readonly clientId: string;
  /** Where answers are wanted on MQTT 5; null: on the topics of the request's own kind. */
  readonly replyTopic: string | null;
  readonly logger: Logger;
}

/** How a request is sent on the present connection. */
export interface Way {
  readonly protocol: ProtocolVersion;
  readonly replyTopic: string | null;
  /** Until the time-out; at least 1. */
  readonly expirySec: number;
}

export interface Request {
  /** What its answer names as `requestId` or `jobId`, or brings as correlation data. */
  readonly id: string;
  /** Where answers and states are published that this request wants to see. */
  readonly filters: (way: Way) => readonly string[];
  /** True: nobody else wants those filters. */
  readonly ownFilters: boolean;
  readonly message: (way: Way) => OutboundMessage;
  readonly timeoutMs: number;
  /** Sent again this often, the same to the byte but for what is left of its time. */
  readonly retryMs: number;
  /** Each pause is longer than the one before, up to {@link LONGEST_PAUSE} `retryMs`. */
  readonly slowing: boolean;
  readonly signal?: AbortSignal | undefined;
  /** What is known when there was no answer in time. */
  readonly whyNoAnswer: () => string;
}

interface Pending {
  readonly request: Request;
  readonly deadlineMs: number;
  readonly resolve: (masks: MasksMessage) => void;
  readonly reject: (error: Error) => void;
  sends: NodeJS.Timeout | undefined;
  /** Until it is sent again. */
  pauseMs: number;
}

/** Many that wait for a node which can't keep up would keep it busy with their repeats alone. */
const PAUSE_GROWTH = 1.5;
const LONGEST_PAUSE = 4;

export class Requests {
  readonly #options: RequestsOptions;
  readonly #connection: BrokerConnection;
  readonly #pending = new Map<string, Pending>();
  /** Last told on topics that end in `state`. */
  readonly #states = new Map<string, string>();
  /** Filters that this session has, or has asked for. */
  #subscribed = new Set<string>();
  #session: Session | null = null;
  #everConnected = false;
  #closed = false;

  constructor(options: RequestsOptions) {
    this.#options = options;
    this.#connection = new BrokerConnection({
      mqtt: options.mqtt,
      logger: options.logger,
      identity: () => ({ clientId: options.clientId, clean: true }),
      handlers: {
        onSession: (session) => this.#connected(session),
        onLost: () => this.#lost(),
        onMessage: async (message) => this.#received(message),
        onTakenOver: () => void this.close(),
      },
      retry: { firstMs: 250, maxMs: 5000 },
    });
    this.#connection.start();
  }

  get status(): ConnectionStatus & { readonly everConnected: boolean } {
    return { ...this.#connection.status, everConnected: this.#everConnected };
  }

  /** The `state` last told on a topic, if any was. */
  stateOn(topic: string): string | undefined {
    return this.#states.get(topic);
  }

  /**
   * Resolves with the masks that answer the request; it waits for a connection where there is none.
   * @throws ClientError with the node's code, or `timeout`, `aborted`, `closed`.
   */
  async send(request: Request): Promise<MasksMessage> {
    const { id, timeoutMs, signal } = request;
    if (this.#closed) throw closed();
    if (signal?.aborted) throw aborted(signal);
    if (this.#pending.has(id))
      throw new ClientError('invalid_message', `Expected an id that no request waits with, got ${id} again.`);
    let timer: NodeJS.Timeout | undefined;
    let onAbort: (() => void) | undefined;
    try {
      return await new Promise<MasksMessage>((resolve, reject) => {
        const deadlineMs = performance.now() + timeoutMs;
        const pauseMs = request.retryMs;
        const pending: Pending = { request, deadlineMs, resolve, reject, sends: undefined, pauseMs };
        this.#pending.set(id, pending);
        timer = setTimeout(() => reject(new ClientError('timeout', request.whyNoAnswer())), timeoutMs);
        onAbort = () => reject(aborted(signal));
        signal?.addEventListener('abort', onAbort, { once: true });
        if (this.#session !== null) void this.#begin(pending, this.#session);
      });
    } finally {
      clearTimeout(timer);
      if (onAbort) signal?.removeEventListener('abort', onAbort);
      this.#end(id);
    }
  }

  /** What waits is told `closed`. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const { reject } of this.#pending.values()) reject(closed());
    await this.#connection.close();
  }

  #connected(session: Session): void {
    this.#everConnected = true;
    this.#session = session;
    this.#subscribed = new Set();
    for (const pending of this.#pending.values()) void this.#begin(pending, session);
  }

  #lost(): void {
    this.#session = null;
    for (const pending of this.#pending.values()) clearTimeout(pending.sends);
  }

  /** The broker answers in order: when the subscription stands, no answer is missed. */
  async #begin(pending: Pending, session: Session): Promise<void> {
    const way = this.#way(pending, session);
    const filters = [...pending.request.filters(way), ...(way.replyTopic === null ? [] : [way.replyTopic])];
    const missing = filters.filter((filter) => !this.#subscribed.has(filter));
    for (const filter of missing) this.#subscribed.add(filter);
    try {
      const refused = missing.length === 0 ? [] : await session.subscribe(missing, { retained: true });
      for (const { filter } of refused)
        this.#options.logger.warn({ filter }, 'the broker refuses a subscription; an answer may not be seen');
    } catch {
      return;
    }
    if (this.#session !== session || this.#pending.get(pending.request.id) !== pending) return;
    this.#publishAgainAndAgain(pending, session);
  }

  #publishAgainAndAgain(pending: Pending, session: Session): void {
    this.#publish(pending, session);
    clearTimeout(pending.sends);
    pending.sends = setTimeout(() => this.#publishAgainAndAgain(pending, session), pending.pauseMs);
    const { retryMs, slowing } = pending.request;
    if (slowing) pending.pauseMs = Math.min(PAUSE_GROWTH * pending.pauseMs, LONGEST_PAUSE * retryMs);
  }

  #publish(pending: Pending, session: Session): void {
    const message = pending.request.message(this.#way(pending, session));
    const bytes = message.payload.length + packetOverheadBytes(message);
    if (bytes > session.maxPacketBytes) {
      const expected = `a message of at most ${session.maxPacketBytes} bytes, which the broker allows`;
      pending.reject(new ClientError('too_large', `Expected ${expected}, got ${bytes}.`));
      return;
    }
    session.publish(message, { repeated: false }).catch((error: unknown) => {
      this.#options.logger.warn({ err: error }, 'the broker did not take a request');
    });
  }

  #way(pending: Pending, { protocol }: Session): Way {
    const leftMs = pending.deadlineMs - performance.now();
    return {
      protocol,
      replyTopic: protocol === '5' ? this.#options.replyTopic : null,
      expirySec: Math.max(1, Math.ceil(leftMs / 1000)),
    };
  }

  #end(id: string): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    clearTimeout(pending?.sends);
    const session = this.#session;
    if (!pending?.request.ownFilters || session === null) return;
    const filters = pending.request.filters(this.#way(pending, session));
    if (filters.length === 0) return;
    for (const filter of filters) this.#subscribed.delete(filter);
    void session.unsubscribe(filters);
  }

  #received({ topic, payload, correlationData }: InboundMessage): void {
    const value = parsed(payload);
    if (value === null) return;
    if (topic.endsWith('/state')) this.#states.set(topic, String(value.state));
    const names = [correlationData?.toString(), value.jobId, value.requestId];
    const id = names.find((name): name is string => typeof name === 'string' && this.#pending.has(name));
    const pending = id === undefined ? undefined : this.#pending.get(id);
    if (pending === undefined) return;
    if (Array.isArray(value.masks)) pending.resolve(value as unknown as MasksMessage);
    else if (typeof value.code === 'string') pending.reject(errorOf(value as unknown as ErrorMessage));
  }
}

function errorOf(answer: ErrorMessage): ClientError {
  return new ClientError(answer.code, answer.message, answer);
}

function aborted(signal: AbortSignal | undefined): ClientError {
  return Object.assign(new ClientError('aborted', 'The request was given up.'), { cause: signal?.reason });
}

function closed(): ClientError {
  return new ClientError('closed', 'The client was closed.');
}

function parsed(payload: Buffer): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(payload.toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
