import { type OutboundMessage, packetOverheadBytes } from './messages.js';

/** Why a message left the outbox without having been delivered. */
export type DropReason =
  /** Newer messages needed its room. */
  | 'overflow'
  /** The broker's maximum packet size is smaller than it was when the message was made. */
  | 'too_large'
  /** The broker refused it (ACL, quota). */
  | 'refused'
  /** Connections ended again and again while it was the next to be acknowledged. */
  | 'undeliverable'
  /** Of a stream: the connection ended before it was acknowledged, and by the next one it is old. */
  | 'stale';

/** The broker acknowledged the message with a failure; sending it again would not help. */
export class PublishRefused extends Error {
  readonly reasonCode: number;

  constructor(message: string, reasonCode: number) {
    super(message);
    this.name = 'PublishRefused';
    this.reasonCode = reasonCode;
  }
}

/** The connection that the outbox sends on. */
export interface Carrier {
  /** Messages that may wait for their acknowledgement at a time: the broker's Receive Maximum. */
  readonly window: number;
  readonly maxPacketBytes: number;
  /**
   * Resolves when the broker acknowledged; rejects with {@link PublishRefused} when it refused. May stay pending, or
   * reject with another error, when the connection ends.
   */
  publish(message: OutboundMessage, options: { readonly repeated: boolean }): Promise<void>;
}

export interface OutboxOptions {
  readonly maxMessages: number;
  readonly maxBytes: number;
  readonly onDropped: (message: OutboundMessage, reason: DropReason, cause?: Error) => void;
}

/** How a message left the outbox. */
export type Outcome = 'delivered' | DropReason;

export interface AddOptions {
  /** Retained state: only the newest is worth sending, and it is not dropped for room. */
  readonly latestOnly?: boolean;
  /**
   * A repeat: not taken where the same one still waits to be sent, and so will come after the repeat was asked for. Where there is
   * no room it is dropped itself, for it is asked for again: repeats that push out what is owed make for more repeats, without end.
   */
  readonly repeat?: boolean;
  /** Called once, unless a newer one takes the message's place. */
  readonly onOutcome?: (outcome: Outcome) => void;
}

interface Entry {
  readonly message: OutboundMessage;
  readonly sizeBytes: number;
  readonly latestOnly: boolean;
  readonly repeat: boolean;
  readonly onOutcome?: ((outcome: Outcome) => void) | undefined;
  /** Nobody asked for it by a message: worth sending on this connection only. */
  readonly stream: boolean;
  repeated: boolean;
  losses: number;
}

const NOTHING = Buffer.alloc(0);
/** Messages of streams that may wait for the broker's acknowledgements before the next ones are dropped. */
const MAX_STREAM_WAITING = 64;
/** A message that was the next to be acknowledged at this many lost connections is what loses them. */
const MAX_LOSSES = 5;

/**
 * Messages that must arrive (QoS 1), oldest first: kept until the broker has acknowledged them, sent again on the
 * next connection, and bounded.
 *
 * The client library has a store of its own, which is not used across connections: it can't be bounded, it fails
 * what is published while it sends its backlog, it does not know the broker's Receive Maximum, and one message that
 * the broker will not take holds up all others for ever. Messages sent again have DUP set and a new packet
 * identifier; for QoS 1, whose receivers keep no state between packets, that is the same thing.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  /** In the order of sending; everything in it was made before everything in `#waiting`. */
  readonly #sent = new Set<Entry>();
  #waiting = new Set<Entry>();
  #bytes = 0;
  #carrier: Carrier | null = null;
  readonly #idle: (() => void)[] = [];

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  get sizes(): { readonly messages: number; readonly bytes: number } {
    return { messages: this.#sent.size + this.#waiting.size, bytes: this.#bytes };
  }

  /** Takes a message; the oldest ones go when there is no room. */
  add(message: OutboundMessage, { latestOnly = false, repeat = false, onOutcome }: AddOptions = {}): void {
    if (repeat && this.#waits(message)) return;
    if (latestOnly) this.#supersede(message.topic);
    this.#take(message, { latestOnly, repeat, onOutcome, stream: false });
  }

  /** Takes a message that is not owed: false when there is no connection, or too many of these wait already. */
  addStream(message: OutboundMessage): boolean {
    if (this.#carrier === null) return false;
    let waiting = 0;
    for (const { stream } of this.#waiting) if (stream) waiting += 1;
    if (waiting >= MAX_STREAM_WAITING) return false;
    this.#take(message, { latestOnly: false, repeat: false, stream: true });
    return true;
  }

  #take(message: OutboundMessage, kind: Pick<Entry, 'latestOnly' | 'repeat' | 'onOutcome' | 'stream'>): void {
    const sizeBytes = message.payload.length + packetOverheadBytes(message);
    const entry: Entry = { message, sizeBytes, ...kind, repeated: false, losses: 0 };
    this.#waiting.add(entry);
    this.#bytes += sizeBytes;
    this.#makeRoom(entry);
    this.#pump();
  }

  /** A connection is there: what the last one left unacknowledged goes first. */
  attach(carrier: Carrier): void {
    this.detach();
    this.#carrier = carrier;
    this.#pump();
  }

  /** The connection is gone. */
  detach(): void {
    if (this.#carrier === null) return;
    this.#carrier = null;
    for (const entry of [...this.#sent, ...this.#waiting]) if (entry.stream) this.#drop(entry, 'stale');
    const [next] = this.#sent;
    if (next !== undefined) {
      next.losses += 1;
      if (next.losses >= MAX_LOSSES) this.#drop(next, 'undeliverable');
    }
    for (const entry of this.#sent) entry.repeated = true;
    this.#waiting = new Set([...this.#sent, ...this.#waiting]);
    this.#sent.clear();
  }

  /** What is owed and was not acknowledged, the oldest first: no states, which their next sender tells anew. */
  owed(): readonly OutboundMessage[] {
    const entries = [...this.#sent, ...this.#waiting];
    return entries.filter(({ latestOnly, stream }) => !latestOnly && !stream).map(({ message }) => message);
  }

  /** Resolves when everything is acknowledged or dropped. */
  idle(): Promise<void> {
    if (this.sizes.messages === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Senders that repeat while the broker is away would fill the outbox with copies. */
  #waits({ topic, payload, properties = {} }: OutboundMessage): boolean {
    const { correlationData = NOTHING, trace } = properties;
    for (const { message } of this.#waiting) {
      if (message.payload !== payload || message.topic !== topic) continue;
      const { properties: { correlationData: other = NOTHING, trace: otherTrace } = {} } = message;
      const sameTrace =
        trace?.traceparent === otherTrace?.traceparent && trace?.tracestate === otherTrace?.tracestate;
      if (sameTrace && correlationData.equals(other)) return true;
    }
    return false;
  }

  #supersede(topic: string): void {
    for (const entry of this.#waiting) {
      if (entry.latestOnly && entry.message.topic === topic) this.#remove(entry);
    }
  }

  #makeRoom(newest: Entry): void {
    const { maxMessages, maxBytes } = this.#options;
    while (this.sizes.messages > maxMessages || this.#bytes > maxBytes) {
      const oldest = newest.repeat ? newest : this.#oldestAnswer(newest);
      if (oldest === undefined) return;
      this.#drop(oldest, 'overflow');
      if (oldest === newest) return;
    }
  }

  /**
   * States stay: there is one for each camera, and what they tell is true still. What is on its way stays too: dropping
   * it frees nothing, and the next would be sent beyond the broker's Receive Maximum.
   */
  #oldestAnswer(except: Entry): Entry | undefined {
    for (const entry of this.#waiting) if (!entry.latestOnly && entry !== except) return entry;
    return undefined;
  }

  #pump(): void {
    const carrier = this.#carrier;
    if (carrier === null) return;
    for (const entry of this.#waiting) {
      if (this.#sent.size >= carrier.window) return;
      if (entry.sizeBytes > carrier.maxPacketBytes) {
        this.#drop(entry, 'too_large');
        continue;
      }
      this.#waiting.delete(entry);
      this.#sent.add(entry);
      void this.#send(entry, carrier);
    }
  }

  async #send(entry: Entry, carrier: Carrier): Promise<void> {
    try {
      await carrier.publish(entry.message, { repeated: entry.repeated });
      if (this.#carrier === carrier && this.#remove(entry)) entry.onOutcome?.('delivered');
    } catch (error) {
      if (this.#carrier !== carrier) return;
      // Any other failure means that the connection is ending; `detach` puts the message back.
      if (error instanceof PublishRefused) this.#drop(entry, 'refused', error);
    }
    if (this.#carrier === carrier) this.#pump();
  }

  #drop(entry: Entry, reason: DropReason, cause?: Error): void {
    if (!this.#remove(entry)) return;
    this.#options.onDropped(entry.message, reason, cause);
    entry.onOutcome?.(reason);
  }

  #remove(entry: Entry): boolean {
    const held = this.#sent.delete(entry) || this.#waiting.delete(entry);
    if (!held) return false;
    this.#bytes -= entry.sizeBytes;
    if (this.sizes.messages === 0) for (const resolve of this.#idle.splice(0)) resolve();
    return true;
  }
}
