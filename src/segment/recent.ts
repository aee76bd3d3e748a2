/** A map of at most `limit` entries that forgets what was used longest ago, telling `dropped`. */
export class Recent<K, V> {
  readonly #limit: number;
  readonly #dropped: (value: V) => void;
  readonly #entries = new Map<K, V>();

  constructor(limit: number, dropped: (value: V) => void = () => undefined) {
    this.#limit = limit;
    this.#dropped = dropped;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: K): V | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, value);
    return value;
  }

  set(key: K, value: V): void {
    const replaced = this.#entries.get(key);
    if (replaced !== undefined && replaced !== value) this.#dropped(replaced);
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#limit) return;
    const [oldest] = this.#entries;
    if (!oldest) return;
    this.#entries.delete(oldest[0]);
    this.#dropped(oldest[1]);
  }
  /** Forgets an entry and tells nobody. */
  delete(key: K): void {
    this.#entries.delete(key);
  }
}
