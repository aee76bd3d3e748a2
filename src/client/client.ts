/**
 * `samwire/client`: prompts and jobs from TypeScript or JavaScript (docs/client.md). A request is sent again with the same
 * id until it has its final answer or its time is up, over lost connections and restarts of brokers and nodes.
 */
import { randomUUID } from 'node:crypto';
import { type Logger, pino } from 'pino';
import type { z } from 'zod';
import type { MasksMessage } from '../masks/types.js';
import { readCredentials } from '../mqtt/credentials.js';
import { Gate } from '../mqtt/gate.js';
import type { MessageProperties, OutboundMessage } from '../mqtt/messages.js';
import type { MqttOptions } from '../mqtt/options.js';
import { jobAnswerTopic, jobsTopic, NodeTopics } from '../mqtt/topics.js';
import type { TraceContext } from '../mqtt/trace.js';
import type { promptMessageSchema } from '../prompts/message.js';
import { ClientError } from './errors.js';
import { Requests, type Way } from './requests.js';

/** A *prompt* message as its sender writes it (docs/mqtt.md). */
export type PromptInput = z.input<typeof promptMessageSchema>;
/** What is asked of a job's picture: an array of prompts, or all that a prompt message has. */
export type JobPrompts = NonNullable<PromptInput['prompts']> | PromptInput;

export interface ConnectOptions {
  /** mqtt, mqtts, ws or wss; it may hold a user and password. */
  readonly url: string;
  /** The node that prompts go to, where a call does not say. */
  readonly node?: string;
  readonly baseTopic?: string;
  /** Default `auto`: MQTT 5, or 3.1.1 where the broker refuses it. */
  readonly protocol?: MqttOptions['protocol'];
  readonly username?: string;
  readonly passwordFile?: string;
  readonly tls?: NonNullable<MqttOptions['tls']>;
  /** Default: made up anew. */
  readonly clientId?: string;
  /** A filter that the nodes' `mqtt.responseTopics` allow. Default: `<baseTopic>/reply/#`. */
  readonly replies?: string;
  /** Jobs that are sent and not answered; more wait here, not at the broker. Default: 32. */
  readonly jobsAtOnce?: number;
  readonly logger?: Logger;
}

export interface CallOptions {
  readonly timeoutMs?: number;
  /** The same request is sent again this often; a prompt's pauses grow to four times that. */
  readonly retryMs?: number;
  readonly signal?: AbortSignal;
  /** W3C Trace Context, which the node carries to the answer. MQTT 5. */
  readonly trace?: TraceContext;
}

export interface PromptOptions extends CallOptions {
  readonly node?: string;
}

export interface JobOptions extends CallOptions {
  /** Default: made up. The same id with the same picture and prompts is the same job. */
  readonly jobId?: string;
}

const PROMPT_TIMEOUT_MS = 10_000;
const PROMPT_RETRY_MS = 2000;
const JOB_TIMEOUT_MS = 300_000;
/** A job that only waits its turn is not sent twice for nothing. */
const JOB_RETRY_MS = 30_000;
const JOBS_AT_ONCE = 32;
/** What a user property can hold. */
const MAX_PROPERTY_BYTES = 65_535;

/**
 * Connects, and stays connected, until `close()`. Does not wait: requests do, until their time is up.
 * @throws UnavailableError when a file that the options name can't be read.
 */
export function connect(options: ConnectOptions): SamwireClient {
  const { url, baseTopic = 'samwire', protocol = 'auto', username, passwordFile, tls, replies } = options;
  const mqtt: MqttOptions = {
    url,
    protocol,
    baseTopic,
    username,
    passwordFile,
    tls,
    sessionExpirySec: 0,
    answerKeepMs: 0,
    maxPacketBytes: 0,
    responseTopics: [replies ?? `${baseTopic}/reply/#`],
  };
  return new SamwireClient(mqtt, options);
}

/** What calls throw; anything else is a bug, or a file that can't be read. */
export function isClientError(error: unknown): error is ClientError {
  return error instanceof ClientError;
}

export class SamwireClient {
  readonly #baseTopic: string;
  readonly #node: string | undefined;
  readonly #requests: Requests;
  readonly #jobs: Gate;

  /** For who has a config's `mqtt` block; others call {@link connect}. */
  constructor(
    mqtt: MqttOptions,
    options: Pick<ConnectOptions, 'node' | 'clientId' | 'jobsAtOnce' | 'logger'>,
  ) {
    const clientId = options.clientId ?? `samwire-client-${randomUUID().slice(0, 8)}`;
    readCredentials(mqtt);
    this.#baseTopic = mqtt.baseTopic;
    this.#node = options.node;
    this.#jobs = new Gate(options.jobsAtOnce ?? JOBS_AT_ONCE);
    this.#requests = new Requests({
      mqtt,
      clientId,
      replyTopic: replyTopic(mqtt.responseTopics, clientId),
      logger: options.logger ?? pino({ level: 'silent' }),
    });
  }

  /**
   * Masks of a camera's frame.
   * @throws ClientError with the node's code, or `timeout`, `aborted`, `closed`.
   */
  async prompt(camera: string, message: PromptInput, options: PromptOptions = {}): Promise<MasksMessage> {
    const { timeoutMs = PROMPT_TIMEOUT_MS, retryMs = PROMPT_RETRY_MS, signal, trace } = options;
    const node = options.node ?? this.#node;
    if (node === undefined)
      throw new ClientError('invalid_message', 'Expected a node to send the prompt to, got none.');
    const topics = new NodeTopics(this.#baseTopic, node);
    const requestId = message.requestId ?? randomUUID();
    const payload = Buffer.from(JSON.stringify({ ...message, requestId }));
    return this.#requests.send({
      id: requestId,
      ownFilters: false,
      filters: (way) => [
        topics.errors(camera),
        topics.errors(null),
        topics.state,
        topics.cameraState(camera),
        ...(way.replyTopic === null ? [topics.masks(camera)] : []),
      ],
      message: (way) => ({
        topic: topics.prompt(camera),
        payload,
        properties: properties(way, { id: requestId, trace }),
      }),
      timeoutMs,
      retryMs,
      slowing: true,
      signal,
      whyNoAnswer: () => this.#whyNoAnswer(topics, camera, timeoutMs),
    });
  }

  /**
   * Masks of a picture (a JPEG or PNG file's bytes), by any node that takes jobs.
   * @throws ClientError with the node's code, or `timeout`, `aborted`, `closed`.
   */
  async job(image: Uint8Array, prompts: JobPrompts, options: JobOptions = {}): Promise<MasksMessage> {
    const { timeoutMs = JOB_TIMEOUT_MS, retryMs = JOB_RETRY_MS, signal, trace } = options;
    const { jobId = randomUUID() } = options;
    const calledAt = performance.now();
    await this.#admitted(timeoutMs, signal);
    try {
      return await this.#requests.send({
        id: jobId,
        ownFilters: true,
        filters: (way) => (way.replyTopic === null ? [jobAnswerTopic(this.#baseTopic, jobId)] : []),
        message: jobMessage({ topic: jobsTopic(this.#baseTopic), image, prompts, jobId, trace }),
        timeoutMs: Math.max(0, timeoutMs - (performance.now() - calledAt)),
        retryMs,
        slowing: false,
        signal,
        whyNoAnswer: () =>
          this.#unconnected(timeoutMs) ?? `No node answered the job ${jobId} ${within(timeoutMs)}.`,
      });
    } finally {
      this.#jobs.leave();
    }
  }

  /** What waits is told `closed`. */
  async close(): Promise<void> {
    await this.#requests.close();
  }

  /** Waits for one of the places of `jobsAtOnce`; who gives up meanwhile hands it on. */
  async #admitted(timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    const entered = this.#jobs.enter(timeoutMs);
    let giveUp: (() => void) | undefined;
    const given = new Promise<'given up'>((resolve) => {
      giveUp = () => resolve('given up');
      if (signal?.aborted) giveUp();
      else signal?.addEventListener('abort', giveUp, { once: true });
    });
    const outcome = await Promise.race([entered, given]);
    if (giveUp) signal?.removeEventListener('abort', giveUp);
    if (outcome === true) return;
    if (outcome === false)
      throw new ClientError('timeout', `${this.#jobs.inside} jobs before this one had no answer in time.`);
    void entered.then((inside) => inside && this.#jobs.leave());
    throw new ClientError('aborted', 'The job was given up before it was sent.');
  }

  #whyNoAnswer(topics: NodeTopics, camera: string, timeoutMs: number): string {
    const unconnected = this.#unconnected(timeoutMs);
    if (unconnected !== undefined) return unconnected;
    const answer = `Expected an answer of camera ${camera} of ${topics.base} ${within(timeoutMs)}, got none`;
    const state = this.#requests.stateOn(topics.state);
    if (state === undefined)
      return `${answer}: no node has told a state on ${topics.state}. Check the node's id and mqtt.baseTopic.`;
    const cameraState =
      this.#requests.stateOn(topics.cameraState(camera)) ?? 'it told no state of that camera';
    return `${answer}: the node is ${state}, its camera: ${cameraState}.`;
  }

  #unconnected(timeoutMs: number): string | undefined {
    const { connected, everConnected, url, problem } = this.#requests.status;
    if (connected) return undefined;
    const what = everConnected
      ? 'The connection to the broker was lost'
      : 'Expected a connection to the broker';
    return `${what} at ${url} ${within(timeoutMs)}: ${problem ?? 'it did not answer.'}`;
  }
}

interface JobToSend {
  readonly topic: string;
  readonly image: Uint8Array;
  readonly prompts: JobPrompts;
  readonly jobId: string;
  readonly trace: TraceContext | undefined;
}

/** As the picture itself where user properties can hold the rest, else as JSON. */
function jobMessage({ topic, image, prompts, jobId, trace }: JobToSend): (way: Way) => OutboundMessage {
  const json = JSON.stringify(prompts);
  const bytes = Buffer.from(image.buffer, image.byteOffset, image.byteLength);
  const whole = Array.isArray(prompts) ? { prompts } : prompts;
  const asPicture = (way: Way) => ({
    topic,
    payload: bytes,
    properties: { ...properties(way, { id: jobId, trace }), userProperties: { jobId, prompts: json } },
  });
  const asJson = (way: Way) => ({
    topic,
    payload: Buffer.from(JSON.stringify({ ...whole, jobId, image: bytes.toString('base64') })),
    properties: properties(way, { id: jobId, trace }),
  });
  const fits = Buffer.byteLength(json) <= MAX_PROPERTY_BYTES;
  return (way) => (way.protocol === '5' && fits ? asPicture(way) : asJson(way));
}

function properties(
  { replyTopic, expirySec }: Way,
  { id, trace }: { readonly id: string; readonly trace: TraceContext | undefined },
): MessageProperties {
  return {
    expirySec,
    ...(trace === undefined ? {} : { trace }),
    ...(replyTopic === null ? {} : { responseTopic: replyTopic, correlationData: Buffer.from(id) }),
  };
}

/** A topic of this client alone under the first filter that answers may go to; null when there is none. */
function replyTopic(allowed: readonly string[], clientId: string): string | null {
  const [filter] = allowed;
  if (filter === undefined) return null;
  return filter
    .split('/')
    .map((level) => (level === '+' || level === '#' ? clientId : level))
    .join('/');
}

function within(timeoutMs: number): string {
  return `within ${timeoutMs / 1000} s`;
}
