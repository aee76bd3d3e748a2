import { isIPv6 } from 'node:net';

/** Wrong tokens of one address before the next try has to wait, and how long one is remembered. */
const MAX_WRONG = 10;
const FORGIVEN_AFTER_MS = 6000;
/** Addresses that are remembered; the one that failed longest ago is forgotten. */
const MAX_ADDRESSES = 1024;

interface Wrong {
  count: number;
  at: number;
}

/** Holds up who tries tokens. One try more is allowed every {@link FORGIVEN_AFTER_MS}. */
export class Tries {
  readonly #now: () => number;
  /** The one that failed last is the last. */
  readonly #wrong = new Map<string, Wrong>();

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Ms until this address may try again; 0: now. */
  waitMs(address: string): number {
    const left = this.#left(network(address));
    return Math.ceil(Math.max(0, left - (MAX_WRONG - 1)) * FORGIVEN_AFTER_MS);
  }

  failed(address: string): void {
    const key = network(address);
    const count = this.#left(key) + 1;
    this.#wrong.delete(key);
    this.#wrong.set(key, { count, at: this.#now() });
    const [oldest] = this.#wrong.keys();
    if (this.#wrong.size > MAX_ADDRESSES && oldest !== undefined) this.#wrong.delete(oldest);
  }

  /** Failures that are not forgiven yet, a fraction of one included. */
  #left(key: string): number {
    const wrong = this.#wrong.get(key);
    if (!wrong) return 0;
    return Math.max(0, wrong.count - (this.#now() - wrong.at) / FORGIVEN_AFTER_MS);
  }
}

/** An IPv6 host has a whole /64 to choose addresses from. */
function network(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/, '').replace(/%.*$/, '');
  if (!isIPv6(plain)) return plain;
  const [head = '', tail] = plain.split('::');
  const groups = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros =
    tail === undefined ? [] : Array<string>(Math.max(0, 8 - groups.length - after.length)).fill('0');
  return [...groups, ...zeros, ...after].slice(0, 4).join(':');
}
