import { MQTT_MAX_PACKET_BYTES } from './session.js';

/** Connections lost in a row, each with a larger packet on its way than any that ever arrived, until that is what loses them. */
const MAX_STRIKES = 3;
/** No broker is set to less; smaller packets are never suspected. */
const LEAST_SUSPECT_BYTES = 16 * 1024;
/** Then a larger one is tried again: the broker's config may be another one by now. */
const FORGET_MS = 3_600_000;

/** A packet that was handed to the connection; the broker reads them in this order. */
interface Sent {
  readonly order: number;
  readonly bytes: number;
}

/**
 * What the broker takes in one packet. MQTT 5 tells; on MQTT 3.1.1 a broker with a limit just ends the connection, and would
 * do so for ever, since what it did not acknowledge is sent again. So the size is learned: an acknowledgement proves that all
 * packets before it were taken, whatever their QoS, and what was larger than all of these when the connection ended is suspect.
 */
export class PacketLimit {
  readonly #now: () => number;
  readonly #onLearned: (maxBytes: number) => void;
  #told = MQTT_MAX_PACKET_BYTES;
  #learned: { readonly bytes: number; readonly at: number } | null = null;
  #provenBytes = LEAST_SUSPECT_BYTES;
  /** Of this connection, each larger than the one before it and than what is proven. */
  #unproven: Sent[] = [];
  #suspects: number[] = [];
  #order = 0;

  constructor(onLearned: (maxBytes: number) => void, now: () => number = () => performance.now()) {
    this.#onLearned = onLearned;
    this.#now = now;
  }

  get bytes(): number {
    if (this.#learned !== null && this.#now() - this.#learned.at > FORGET_MS) this.#learned = null;
    return Math.min(this.#told, this.#learned?.bytes ?? Number.POSITIVE_INFINITY);
  }

  /** A connection is there; `maxPacketBytes` as the broker told it, or MQTT's own. */
  connected(maxPacketBytes: number): void {
    this.#told = maxPacketBytes;
    this.#unproven = [];
  }

  /** A packet goes out; the number is for {@link acknowledged}. */
  sent(bytes: number): number {
    this.#order += 1;
    const largest = this.#unproven.at(-1)?.bytes ?? this.#provenBytes;
    if (bytes > largest) this.#unproven.push({ order: this.#order, bytes });
    return this.#order;
  }

  acknowledged(order: number): void {
    for (const { bytes } of this.#unproven.filter((sent) => sent.order <= order)) this.#provenBytes = bytes;
    this.#unproven = this.#unproven.filter((sent) => sent.order > order);
  }

  lost(): void {
    const suspect = this.#unproven.at(-1);
    this.#unproven = [];
    this.#suspects = suspect === undefined ? [] : [...this.#suspects, suspect.bytes];
    if (this.#suspects.length < MAX_STRIKES) return;
    // Limits are round numbers; a byte less would be found out again a byte at a time.
    const below = 2 ** Math.floor(Math.log2(Math.min(...this.#suspects) - 1));
    const bytes = Math.max(below, this.#provenBytes);
    this.#suspects = [];
    this.#learned = { bytes, at: this.#now() };
    this.#onLearned(bytes);
  }
}
