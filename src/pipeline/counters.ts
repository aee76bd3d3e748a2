import type { ErrorCode } from '../errors.js';
import type { Timing } from '../masks/types.js';

const STAGES = ['prepareMs', 'encodeMs', 'decodeMs', 'maskMs', 'queueMs', 'captureToPublishMs'] as const;
const WINDOW = 512;

/** What `<base>/stats` reports: totals since the start, and latencies over the last answers. */
export class Counters {
  #prompts = 0;
  #masks = 0;
  #answers = 0;
  #embeddingsReused = 0;
  readonly #errors = new Map<ErrorCode, number>();
  readonly #latencies = new Map<string, number[]>(STAGES.map((stage) => [stage, []]));

  answered(prompts: number, masks: number, timing: Timing): void {
    this.#prompts += prompts;
    this.#masks += masks;
    this.#answers += 1;
    if (timing.embeddingReused) this.#embeddingsReused += 1;
    for (const stage of STAGES) {
      const window = this.#latencies.get(stage) ?? [];
      window.push(timing[stage]);
      if (window.length > WINDOW) window.shift();
    }
  }

  failed(code: ErrorCode): void {
    this.#errors.set(code, (this.#errors.get(code) ?? 0) + 1);
  }

  snapshot(): Record<string, unknown> {
    return {
      answers: this.#answers,
      prompts: this.#prompts,
      masks: this.#masks,
      embeddingsReused: this.#embeddingsReused,
      errors: Object.fromEntries(this.#errors),
      latencyMs: Object.fromEntries(
        [...this.#latencies].map(([stage, values]) => [stage, percentiles(values)]),
      ),
    };
  }
}

/** Nearest-rank percentiles, null where there is no value yet. */
export function percentiles(values: readonly number[]): { p50: number; p95: number; p99: number } | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}
