import { Socket } from 'node:net';
import mqtt, { type IConnackPacket, type MqttClient } from 'mqtt';
import type { Logger } from 'pino';
import { wallClockMs } from '../clock.js';
import { type Backoff, createBackoff } from '../frames/backoff.js';
import { maskSecrets } from '../secrets.js';
import { knownFault, opensslReason } from './broker-faults.js';
import { type ClientIdentity, clientOptions } from './client-options.js';
import { usableCredentials } from './credentials.js';
import type { InboundMessage } from './messages.js';
import type { MqttOptions } from './options.js';
import { keepPacketLengths } from './packet-lengths.js';
import { ProtocolChoice, type ProtocolVersion, type Retry } from './protocol.js';
import { createSession, inboundMessage, type Session } from './session.js';

/** MQTT 5 reason codes, and 3.1.1's return code 1, that mean something here. */
const UNACCEPTABLE_PROTOCOL_311 = 0x01;
const UNSUPPORTED_PROTOCOL = 0x84;
const SESSION_TAKEN_OVER = 0x8e;
/** A connection that held this long was a good one: the next back-off starts anew. */
const STABLE_MS = 10_000;
/** One that did not was lost as soon as it was made. */
const SHORT_MS = 2000;
const FIRST_RETRY_MS = 1000;
const MAX_RETRY_MS = 30_000;
/** Lost so soon and so often in a row, connections are probably taken by a second client of the same id. */
const SHORT_LIVED_HINT = 3;
/** For the DISCONNECT to leave when the connection is closed on purpose. */
const GOODBYE_MS = 1000;

/** A message that is the next connection's. */
export class Unacknowledged extends Error {}

export interface ConnectionHandlers {
  /** A connection was accepted; `session` serves until `onLost`. */
  readonly onSession: (session: Session) => void;
  readonly onLost: () => void;
  /**
   * The next message waits, unacknowledged, until this resolves. A rejection with {@link Unacknowledged} leaves it so and
   * reads on; any other ends the connection. The broker delivers the message again on the next one.
   */
  readonly onMessage: (message: InboundMessage) => Promise<void>;
  /** Another client uses this client id (MQTT 5 tells). Nothing is tried any more. */
  readonly onTakenOver: () => void;
  /** A connection failed or was lost, and why; it is tried again. */
  readonly onProblem?: (problem: string) => void;
}

export interface ConnectionOptions {
  readonly mqtt: MqttOptions;
  /** Asked for at every connection, so that the last will tells the state of that moment. */
  readonly identity: () => ClientIdentity;
  readonly handlers: ConnectionHandlers;
  readonly logger: Logger;
  readonly retry?: { readonly firstMs: number; readonly maxMs: number };
}

export interface ConnectionStatus {
  /** Without credentials. */
  readonly url: string;
  readonly connected: boolean;
  /** Null until a broker has accepted a connection. */
  readonly protocol: ProtocolVersion | null;
  /** Why the last attempt or connection ended; null while all is well. */
  readonly problem: string | null;
  readonly retries: number;
}

/** One attempt or connection. What comes from it after its end is ignored. */
interface Attempt {
  readonly client: MqttClient;
  readonly version: ProtocolVersion;
  session: Session | null;
  /** The CONNACK came, whatever it said. */
  answered: boolean;
  discarded: boolean;
  error: (Error & { readonly code?: unknown }) | null;
  acceptedAt: number;
}

/**
 * Connects to the broker for as long as it runs: with growing pauses, on the MQTT version that the broker speaks.
 * Each connection has a client of its own, so that nothing of a lost one reaches the next.
 */
export class BrokerConnection {
  readonly #options: ConnectionOptions;
  readonly #logger: Logger;
  readonly #url: string;
  readonly #backoff: Backoff;
  readonly #protocol: ProtocolChoice;
  #attempt: Attempt | null = null;
  #timer: NodeJS.Timeout | null = null;
  #running = false;
  #problem: string | null = null;
  #lastProtocol: ProtocolVersion | null = null;
  #retries = 0;
  #shortLived = 0;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#logger = options.logger;
    this.#url = maskSecrets(options.mqtt.url);
    const { firstMs, maxMs } = options.retry ?? { firstMs: FIRST_RETRY_MS, maxMs: MAX_RETRY_MS };
    this.#backoff = createBackoff({ firstMs, maxMs });
    this.#protocol = new ProtocolChoice(options.mqtt.protocol);
  }

  get status(): ConnectionStatus {
    return {
      url: this.#url,
      connected: this.#running && this.#attempt?.session != null,
      protocol: this.#lastProtocol,
      problem: this.#problem,
      retries: this.#retries,
    };
  }

  /** Begins connecting; never throws: what is wrong is logged, told by `status`, and tried again. */
  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#connect();
  }

  /** Another client has this client id: nothing is tried any more, and `onTakenOver` is called, once. */
  giveWay(): void {
    if (!this.#running) return;
    const { clientId } = this.#options.identity();
    this.#problem = `Another client connected with the id ${clientId}: two nodes must not have the same node.id.`;
    this.#logger.fatal({ clientId, url: this.#url }, 'session taken over by another client of the same id');
    void this.close();
    this.#options.handlers.onTakenOver();
  }

  /** Says goodbye to the broker, so that it does not publish the last will. */
  async close(): Promise<void> {
    this.#stop();
    const attempt = this.#attempt;
    if (attempt === null) return;
    const closed = new Promise<void>((resolve) => attempt.client.once('close', () => resolve()));
    if (attempt.session === null) {
      attempt.client.end(true);
    } else {
      attempt.client.end({ reasonCode: 0 });
      const timer = setTimeout(() => attempt.client.stream.destroy(), GOODBYE_MS);
      attempt.client.once('close', () => clearTimeout(timer));
    }
    await closed;
  }

  #stop(): void {
    this.#running = false;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #connect(): void {
    this.#timer = null;
    keepPacketLengths();
    const version = this.#protocol.next();
    let client: MqttClient;
    try {
      const credentials = usableCredentials(this.#options.mqtt);
      client = mqtt.connect(
        clientOptions(this.#options.mqtt, this.#options.identity(), { version, credentials }),
      );
    } catch (error) {
      this.#retry(this.#protocol.lost(), error instanceof Error ? error : new Error(String(error)));
      return;
    }
    const attempt: Attempt = {
      client,
      version,
      session: null,
      answered: false,
      discarded: false,
      error: null,
      acceptedAt: 0,
    };
    this.#attempt = attempt;
    client.on('packetreceive', (packet) => {
      if (packet.cmd === 'connack') attempt.answered = true;
    });
    client.on('connect', (connack) => this.#accepted(attempt, connack));
    client.on('disconnect', ({ reasonCode }) => this.#disconnected(attempt, reasonCode ?? 0));
    client.on('error', (error) => {
      attempt.error ??= error;
      // Whatever it was, a new connection is cheaper than a client in an unknown state.
      client.stream.destroy();
    });
    // With TLS 1.3 a broker refuses our certificate after the handshake: only the stream hears why.
    client.stream.on('error', (error) => {
      attempt.error ??= error;
    });
    noDelay(client);
    client.once('close', () => this.#closed(attempt));
    client.handleMessage = (packet, done) => {
      // A discarded attempt acknowledges nothing: the broker delivers it again on the next connection.
      if (attempt.discarded || this.#attempt !== attempt) return;
      void this.#handle(client, inboundMessage(packet, wallClockMs()), done);
    };
  }

  async #handle(client: MqttClient, message: InboundMessage, done: (error?: Error) => void): Promise<void> {
    const stopPinging = keepAlive(client);
    try {
      await this.#options.handlers.onMessage(message);
      done();
    } catch (error) {
      if (error instanceof Unacknowledged) {
        // With an error mqtt.js sends no acknowledgement, and reads on.
        done(error);
        return;
      }
      this.#logger.warn({ err: error }, 'a message was not handled; it is asked for again');
      client.stream.destroy();
    } finally {
      stopPinging();
    }
  }

  #accepted(attempt: Attempt, connack: IConnackPacket): void {
    if (this.#attempt !== attempt || !this.#running) return;
    if (this.#protocol.accepted() === 'discard') {
      attempt.discarded = true;
      attempt.client.end();
      return;
    }
    attempt.acceptedAt = performance.now();
    attempt.session = createSession(attempt.client, connack, attempt.version);
    this.#lastProtocol = attempt.version;
    this.#problem = null;
    const { sessionPresent, maxPacketBytes } = attempt.session;
    this.#logger.info(
      { url: this.#url, protocol: attempt.version, sessionPresent, maxPacketBytes },
      'connected to the broker',
    );
    this.#options.handlers.onSession(attempt.session);
  }

  #disconnected(attempt: Attempt, reasonCode: number): void {
    if (this.#attempt !== attempt) return;
    const code = `0x${reasonCode.toString(16).padStart(2, '0')}`;
    attempt.error ??= new Error(`The broker ended the connection with reason ${code}.`);
    if (reasonCode === SESSION_TAKEN_OVER) this.giveWay();
  }

  #closed(attempt: Attempt): void {
    if (this.#attempt !== attempt) return;
    this.#attempt = null;
    attempt.client.end(true);
    if (attempt.session !== null) this.#options.handlers.onLost();
    if (!this.#running) return;
    this.#retry(this.#judge(attempt), attempt.error);
  }

  /** What the end of an attempt says about the broker, and when to try again. */
  #judge(attempt: Attempt): Retry {
    if (attempt.discarded) return 'now';
    if (attempt.session !== null) {
      const heldMs = performance.now() - attempt.acceptedAt;
      const stable = heldMs > STABLE_MS;
      this.#shortLived = heldMs > SHORT_MS ? 0 : this.#shortLived + 1;
      // A broker that comes and goes every few seconds is used for most of the time that it is there.
      if (stable) this.#backoff.reset();
      else this.#backoff.held(heldMs);
      return this.#protocol.lost();
    }
    const code = attempt.error?.code;
    if (code === UNSUPPORTED_PROTOCOL || code === UNACCEPTABLE_PROTOCOL_311) return this.#protocol.refused();
    if (!attempt.answered && closedByPeer(attempt.error)) return this.#protocol.closedEarly();
    return this.#protocol.lost();
  }

  #retry(when: Retry, error: Error | null): void {
    if (!this.#running) return;
    this.#retries += 1;
    if (when === 'now') {
      this.#connect();
      return;
    }
    const inMs = Math.round(this.#backoff.next());
    this.#problem = describeFailure(error, this.#url);
    this.#options.handlers.onProblem?.(this.#problem);
    this.#logger.warn(
      { url: this.#url, problem: this.#problem, retryInMs: inMs },
      'no connection to the broker',
    );
    if (this.#shortLived === SHORT_LIVED_HINT) {
      this.#logger.warn(
        { url: this.#url },
        'connections are lost as soon as they are made: does another node use the same node.id?',
      );
    }
    this.#timer = setTimeout(() => this.#connect(), inMs);
  }
}

/** A socket that the other side closed or reset, as opposed to one that never opened or whose TLS failed. */
function closedByPeer(error: Attempt['error']): boolean {
  return error === null || error.code === 'ECONNRESET' || error.code === 'EPIPE' || error.code === undefined;
}

function describeFailure(error: Attempt['error'], url: string): string {
  if (error === null) return 'The broker closed the connection.';
  const text = maskSecrets(opensslReason(error.message) || String(error.code ?? error.name));
  switch (error.code) {
    case 'ECONNREFUSED':
      return `Nothing listens at ${url} (${text}). Is the broker running?`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `The host of ${url} could not be resolved (${text}).`;
  }
  const code = typeof error.code === 'number' || typeof error.code === 'string' ? error.code : undefined;
  const fault = knownFault({ code, message: error.message });
  return fault === undefined ? text : `The broker at ${url}: ${fault.found} (${text}). ${fault.remedy}`;
}

/**
 * The client library reads nothing, not even the answers to its pings, while a message is handled, and would give up a
 * sound connection after 10 to 30 s. Meanwhile the pings are sent from here, so that the broker does not either.
 */
function keepAlive(client: MqttClient): () => void {
  // The broker can have it otherwise than we: also 0, for none.
  const intervalMs = (client.keepalive * 1000) / 2;
  if (intervalMs <= 0) return () => {};
  client.reschedulePing(true);
  const timer = setInterval(() => {
    client.sendPing();
    client.reschedulePing(true);
  }, intervalMs);
  const stop = (): void => {
    clearInterval(timer);
    client.off('close', stop);
  };
  client.once('close', stop);
  return stop;
}

/**
 * Without it, an answer waits until the broker's kernel has acknowledged the packet before it (Nagle's algorithm and
 * delayed acknowledgements): up to 40 ms. WebSockets have it set already.
 */
function noDelay(client: MqttClient): void {
  if (client.stream instanceof Socket) client.stream.setNoDelay(true);
}
