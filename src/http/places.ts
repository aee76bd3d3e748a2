import { SamwireError } from '../errors.js';

export interface PlacesOptions {
  /** In errors: `prompts`. */
  readonly what: string;
  readonly inAll: number;
  readonly perClient: number;
}

/** A bounded number of requests at work, of which one client can't have all. Nobody waits for a place. */
export class Places {
  readonly #options: PlacesOptions;
  readonly #taken = new Map<string, number>();
  #inAll = 0;

  constructor(options: PlacesOptions) {
    this.#options = options;
  }

  get taken(): number {
    return this.#inAll;
  }

  /**
   * A place, until the returned function is called (once or more).
   * @throws SamwireError `overloaded`, or `rate_limited` where the client has its share already.
   */
  take(client: string): () => void {
    const { what, inAll, perClient } = this.#options;
    const own = this.#taken.get(client) ?? 0;
    if (own >= perClient)
      throw new SamwireError(
        'rate_limited',
        `A client may have ${perClient} ${what} at work at a time, and ${client} has ${own}. Wait for an answer before the next one.`,
      );
    if (this.#inAll >= inAll)
      throw new SamwireError(
        'overloaded',
        `${this.#inAll} ${what} are at work already; send fewer at a time, or try again later.`,
      );
    this.#inAll += 1;
    this.#taken.set(client, own + 1);
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#leave(client);
    };
  }

  #leave(client: string): void {
    this.#inAll -= 1;
    const others = (this.#taken.get(client) ?? 1) - 1;
    if (others === 0) this.#taken.delete(client);
    else this.#taken.set(client, others);
  }
}
