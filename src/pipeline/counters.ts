import type { ErrorCode } from '../errors.js';
import type { Timing } from '../masks/types.js';

const STAGES = ['prepareMs', 'encodeMs', 'decodeMs', 'maskMs', 'queueMs', 'captureToPublishMs'] as const;
const WINDOW = 512;

/** Why a camera's periodic run was left out. */
export type Skipped = 'busy' | 'noFrame';

/** What `<base>/stats` reports: totals since the start, and latencies over the last answers. */
export class Counters {
  #prompts = 0;
  #masks = 0;
  #answers = 0;
  #embeddingsReused = 0;
  readonly #errors = new Map<ErrorCode, number>();
  readonly #latencies = new Map<string, number[]>(STAGES.map((stage) => [stage, []]));
  readonly #everything = { runs: 0, masks: 0, prompts: 0, skipped: { busy: 0, noFrame: 0 } };
  readonly #everythingMs: number[] = [];
  readonly #jobs = { answers: 0, masks: 0, prompts: 0 };
  readonly #jobsMs: number[] = [];

  answered(prompts: number, masks: number, timing: Timing): void {
    this.#prompts += prompts;
    this.#masks += masks;
    this.#answers += 1;
    if (timing.embeddingReused) this.#embeddingsReused += 1;
    for (const stage of STAGES) {
      note(this.#latencies.get(stage) ?? [], timing[stage]);
    }
  }

  /** Everything of a frame was segmented, with so many prompts of our own. */
  everything(prompts: number, masks: number, { captureToPublishMs }: Timing): void {
    this.#everything.runs += 1;
    this.#everything.masks += masks;
    this.#everything.prompts += prompts;
    note(this.#everythingMs, captureToPublishMs);
  }

  /** The masks of a job were made. */
  job(prompts: number, masks: number, { captureToPublishMs }: Timing): void {
    this.#jobs.answers += 1;
    this.#jobs.masks += masks;
    this.#jobs.prompts += prompts;
    note(this.#jobsMs, captureToPublishMs);
  }

  /** A periodic run was left out. */
  skipped(why: Skipped): void {
    this.#everything.skipped[why] += 1;
  }

  failed(code: ErrorCode): void {
    this.#errors.set(code, (this.#errors.get(code) ?? 0) + 1);
  }

  snapshot() {
    return {
      answers: this.#answers,
      prompts: this.#prompts,
      masks: this.#masks,
      embeddingsReused: this.#embeddingsReused,
      errors: Object.fromEntries(this.#errors),
      everything: {
        ...this.#everything,
        skipped: { ...this.#everything.skipped },
        latencyMs: percentiles(this.#everythingMs),
      },
      jobs: { ...this.#jobs, latencyMs: percentiles(this.#jobsMs) },
      latencyMs: Object.fromEntries(
        [...this.#latencies].map(([stage, values]) => [stage, percentiles(values)]),
      ),
    };
  }
}

function note(window: number[], value: number): void {
  window.push(value);
  if (window.length > WINDOW) window.shift();
}

/** Nearest-rank percentiles, null where there is no value yet. */
export function percentiles(values: readonly number[]): { p50: number; p95: number; p99: number } | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}
