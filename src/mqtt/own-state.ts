import { createHash } from 'node:crypto';

/** States published by one connection that may still be what the broker holds. */
const MAX_REMEMBERED = 256;
/** What a node says of itself while it runs; `offline` is what its broker says when it was cut off. */
const RUNNING: readonly unknown[] = ['starting', 'building', 'online', 'offline'];

/**
 * Tells whether a state on the node's own topic was published by another process with the same node id.
 *
 * MQTT 5 has "Session taken over" (0x8E) for this, but MQTT 3.1.1 has nothing, and Debian 12's Mosquitto 2.0.11 just
 * closes the connection: the two would take the session from each other for ever. A process that comes back and finds
 * a state that is not its own, and that began after its own start, was replaced. Of two such processes that is the
 * older one, as with 0x8E.
 */
export class OwnState {
  readonly #startedAtMs: number;
  readonly #remembered = new Set<string>();
  #announced = false;

  constructor(startedAtMs: number) {
    this.#startedAtMs = startedAtMs;
  }

  /** A state, or last will, that this process hands to the broker. */
  remember(payload: Buffer): void {
    const key = digest(payload);
    this.#remembered.delete(key);
    this.#remembered.add(key);
    const [oldest] = this.#remembered;
    if (this.#remembered.size > MAX_REMEMBERED && oldest !== undefined) this.#remembered.delete(oldest);
  }

  /**
   * The states were told once: what the broker holds from now on is newer than this process. Before that, it may hold
   * anything, also something from the future of a clock that was not set at boot.
   */
  announced(): void {
    this.#announced = true;
  }

  isForeign(payload: Buffer): boolean {
    if (!this.#announced || this.#remembered.has(digest(payload))) return false;
    let value: unknown;
    try {
      value = JSON.parse(payload.toString());
    } catch {
      return false;
    }
    if (typeof value !== 'object' || value === null) return false;
    const { state, since } = value as { readonly state?: unknown; readonly since?: unknown };
    return RUNNING.includes(state) && typeof since === 'number' && since > this.#startedAtMs;
  }
}

function digest(payload: Buffer): string {
  return createHash('sha256').update(payload).digest('base64');
}
