import type { Vitals } from './vitals.js';

/** Once model and cameras were tried, the first connection to the broker is waited for no longer than this. */
export const BROKER_WAIT_MS = 5000;

/**
 * When a service is ready for those that were ordered after it: its model is loaded, each camera streams or has failed once,
 * and the broker has answered, or has failed once, or was waited for. Said once for each start and each reload.
 */
export class Readiness {
  readonly #now: () => number;
  readonly #tried = new Set<string>();
  #othersAt: number | null = null;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  isReady({ load, cameras, broker }: Vitals): boolean {
    for (const { name, state } of cameras) if (state.state !== 'connecting') this.#tried.add(name);
    if (load !== null || !cameras.every(({ name }) => this.#tried.has(name))) return false;
    this.#othersAt ??= this.#now();
    return broker.connected || broker.problem !== null || this.#now() - this.#othersAt >= BROKER_WAIT_MS;
  }
}
