/** One prompt and its answer, as a client of a node: the smoke test of a deployment (`samwire prompt`). */
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { UnavailableError } from '../errors.js';
import type { MasksMessage } from '../masks/types.js';
import { BrokerConnection, type ConnectionStatus } from './connection.js';
import { readCredentials } from './credentials.js';
import type { InboundMessage, OutboundMessage } from './messages.js';
import type { MqttOptions } from './options.js';
import type { Session } from './session.js';
import { type ErrorMessage, NodeTopics } from './topics.js';

const RESEND_MS = 2000;

export interface SendPromptOptions {
  readonly mqtt: MqttOptions;
  readonly nodeId: string;
  readonly camera: string;
  /** A *prompt* message; its `requestId` is set here. */
  readonly prompt: Readonly<Record<string, unknown>>;
  readonly timeoutMs: number;
  readonly logger: Logger;
  /** The same request is sent again this often, until there is an answer. */
  readonly resendMs?: number;
}

export type PromptOutcome =
  | { readonly kind: 'masks'; readonly masks: MasksMessage }
  | { readonly kind: 'error'; readonly error: ErrorMessage };

/**
 * Sends a prompt and resolves with its final answer. The request is repeated with the same id, so that it survives
 * a restart of broker or node in between.
 * @throws UnavailableError when there is no answer in time, with what is known about the reason.
 */
export async function sendPrompt(options: SendPromptOptions): Promise<PromptOutcome> {
  readCredentials(options.mqtt);
  const exchange = new PromptExchange(options);
  return exchange.run();
}

class PromptExchange {
  readonly #options: SendPromptOptions;
  readonly #topics: NodeTopics;
  readonly #requestId = randomUUID();
  readonly #replyTopic: string | null;
  readonly #connection: BrokerConnection;
  #resendTimer: NodeJS.Timeout | null = null;
  /** As last told by the node and its camera. */
  #nodeState: string | null = null;
  #cameraState: string | null = null;
  #everConnected = false;
  #settle: (outcome: PromptOutcome) => void = () => {};

  constructor(options: SendPromptOptions) {
    this.#options = options;
    this.#topics = new NodeTopics(options.mqtt.baseTopic, options.nodeId);
    this.#replyTopic = replyTopic(options.mqtt.responseTopics, this.#requestId);
    this.#connection = new BrokerConnection({
      mqtt: options.mqtt,
      logger: options.logger,
      identity: () => ({ clientId: `samwire-prompt-${this.#requestId.slice(0, 8)}`, clean: true }),
      handlers: {
        onSession: (session) => void this.#serve(session),
        onLost: () => this.#stopSending(),
        onMessage: async (message) => this.#received(message),
        onTakenOver: () => {},
      },
      retry: { firstMs: 250, maxMs: 2000 },
    });
  }

  async run(): Promise<PromptOutcome> {
    const { timeoutMs } = this.#options;
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<PromptOutcome>((resolve, reject) => {
        this.#settle = resolve;
        timer = setTimeout(
          () => reject(new UnavailableError(this.#whyNoAnswer(this.#connection.status))),
          timeoutMs,
        );
        this.#connection.start();
      });
    } finally {
      clearTimeout(timer);
      this.#stopSending();
      await this.#connection.close();
    }
  }

  async #serve(session: Session): Promise<void> {
    this.#everConnected = true;
    const { camera, logger, resendMs = RESEND_MS } = this.#options;
    const topics = this.#topics;
    const replyTopic = session.protocol === '5' ? this.#replyTopic : null;
    const filters = [
      ...(replyTopic === null ? [] : [replyTopic]),
      ...[topics.masks(camera), topics.errors(camera), topics.errors(null)],
      ...[topics.state, topics.cameraState(camera)],
    ];
    try {
      for (const { filter } of await session.subscribe(filters, { retained: true })) {
        logger.warn({ filter }, 'the broker refuses a subscription; the answer may not be seen');
      }
    } catch {
      return;
    }
    const message: OutboundMessage = {
      topic: topics.prompt(camera),
      payload: Buffer.from(JSON.stringify({ ...this.#options.prompt, requestId: this.#requestId })),
      ...(replyTopic === null
        ? {}
        : { properties: { responseTopic: replyTopic, correlationData: Buffer.from(this.#requestId) } }),
    };
    this.#stopSending();
    this.#send(session, message);
    this.#resendTimer = setInterval(() => this.#send(session, message), resendMs);
  }

  #send(session: Session, message: OutboundMessage): void {
    session.publish(message, { repeated: false }).catch((error: unknown) => {
      this.#options.logger.warn({ err: error }, 'the prompt was not taken by the broker');
    });
  }

  #stopSending(): void {
    if (this.#resendTimer !== null) clearInterval(this.#resendTimer);
    this.#resendTimer = null;
  }

  #received({ topic, payload, correlationData }: InboundMessage): void {
    const value = parsed(payload);
    if (value === null) return;
    if (topic === this.#topics.state) this.#nodeState = String(value.state);
    else if (topic === this.#topics.cameraState(this.#options.camera))
      this.#cameraState = String(value.state);
    else if (value.requestId === this.#requestId || correlationData?.toString() === this.#requestId) {
      if (Array.isArray(value.masks)) {
        this.#settle({ kind: 'masks', masks: value as unknown as MasksMessage });
      } else if (typeof value.code === 'string') {
        this.#settle({ kind: 'error', error: value as unknown as ErrorMessage });
      }
    }
  }

  #whyNoAnswer({ problem, url }: ConnectionStatus): string {
    const { timeoutMs, nodeId, camera } = this.#options;
    const within = `within ${timeoutMs / 1000} s`;
    if (!this.#everConnected) {
      return `Expected a connection to the broker at ${url} ${within}: ${problem ?? 'it did not answer.'}`;
    }
    const answer = `Expected an answer of camera ${camera} of node ${nodeId} ${within}, got none`;
    if (this.#nodeState === null) {
      return `${answer}: no node has told a state on ${this.#topics.state}. Check the node's id and mqtt.baseTopic.`;
    }
    const cameraState = this.#cameraState === null ? 'it told no state of that camera' : this.#cameraState;
    return `${answer}: the node is ${this.#nodeState}, its camera: ${cameraState}.`;
  }
}

/** A topic for one answer under the first filter that answers may go to; null when there is none. */
function replyTopic(allowed: readonly string[], unique: string): string | null {
  const [filter] = allowed;
  if (filter === undefined) return null;
  return filter
    .split('/')
    .map((level) => (level === '+' || level === '#' ? unique : level))
    .join('/');
}

function parsed(payload: Buffer): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(payload.toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
