import { LOGITS_KEPT } from '../decoder-runs.js';
import { Recent } from '../recent.js';

/** Slots on the device: those that have a name, and as many again that one request may write before it frees any. */
export const SLOTS = 2 * LOGITS_KEPT;

/** An answer's logits on the device. */
export interface KeptAnswer {
  readonly slot: number;
  /** True where the run that was to write them failed: whoever starts from them fails too. */
  failed: boolean;
}

/**
 * Which slot holds the logits of which answer. A slot is named when its request is handed over, since requests run in
 * that order: one that refines an answer still at work finds it written. A slot that lost its name is written again by
 * a later request only, so that none writes what it starts from itself.
 */
export class KeptLogits {
  readonly #free = Array.from({ length: SLOTS }, (_, slot) => slot);
  readonly #unnamed: number[] = [];
  readonly #named = new Recent<string, KeptAnswer>(LOGITS_KEPT, ({ slot }) => this.#unnamed.push(slot));

  find(frameId: number, maskId: string): KeptAnswer | undefined {
    const kept = this.#named.get(`${frameId}/${maskId}`);
    return kept?.failed ? undefined : kept;
  }

  /** Slots for the answers of one request, in their order; of more than are kept only the last get one. */
  take(frameId: number, maskIds: readonly string[]): (KeptAnswer | undefined)[] {
    this.#free.push(...this.#unnamed.splice(0));
    return maskIds.map((maskId, i) => {
      const slot = i < maskIds.length - LOGITS_KEPT ? undefined : this.#free.pop();
      if (slot === undefined) return undefined;
      const kept = { slot, failed: false };
      this.#named.set(`${frameId}/${maskId}`, kept);
      return kept;
    });
  }
}
