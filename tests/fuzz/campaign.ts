import { type Coverage, watchCoverage } from './coverage.js';
import { Inputs } from './inputs.js';
import { randomFrom } from './random.js';
import type { FuzzTarget } from './target.js';
import { slowness } from './yardstick.js';

/** No input may take longer: a person's hand on a console, and MQTT's keep-alive, wait for it. */
export const MAX_MS = 100;
/** A slow input is tried again: what the machine, the compiler or the collector took meanwhile is not the input's. */
const TRIES = 4;
/** More of resident memory than at the start. */
const MAX_GROWTH_BYTES = 400 * 2 ** 20;
/** Inputs between two looks at memory. */
const LOOK_EVERY = 64;
/** Inputs between two looks at the coverage, each of which takes tens of milliseconds. */
const BATCH = 1024;

export interface Finding {
  readonly input: Uint8Array;
  readonly thrown: unknown;
}

export interface CampaignOptions {
  readonly seeds: readonly Uint8Array[];
  /** Large inputs, which are not changed any further. */
  readonly large?: readonly (() => Iterable<Uint8Array>)[];
  readonly seed: number;
  /** Changed inputs; none where 0. */
  readonly runs: number;
  readonly untilMs?: number;
  /** So many times the allowed time is given; 1 when left out. */
  readonly patience?: number;
  /** Keep inputs that take new ways. */
  readonly guided: boolean;
  /** Told of each input before it runs, so that one that never ends is known. */
  readonly onInput?: (input: Uint8Array) => void;
  readonly onKept?: (input: Uint8Array) => void;
}

export interface CampaignResult {
  readonly runs: number;
  readonly kept: number;
  /** Characters of source that ran; 0 where it was not guided. */
  readonly covered: number;
  readonly slowestMs: number;
  readonly growthBytes: number;
  /** The campaign ends with the first. */
  readonly finding: Finding | undefined;
}

/** Runs the seeds, then changed ones, until one of them breaks the target's promises. */
export async function campaign(target: FuzzTarget, options: CampaignOptions): Promise<CampaignResult> {
  const inputs = new Inputs(target, options.seeds, randomFrom(options.seed));
  const coverage = options.guided ? await watchCoverage(target.sources) : undefined;
  const trial = new Trial(target, options);
  const run = (input: Uint8Array): void | Promise<void> => {
    options.onInput?.(input);
    return target.run(input);
  };
  const done = (): CampaignResult => trial.result(inputs.size, coverage?.covered());
  try {
    for (const seed of options.seeds) {
      if (!(await trial.passes(seed))) return done();
    }
    for (const inputs of options.large ?? [])
      for (const input of inputs()) if (!(await trial.passes(input))) return done();
    await coverage?.fresh(true);
    let runs = 0;
    while (runs < options.runs && performance.now() < (options.untilMs ?? Number.POSITIVE_INFINITY)) {
      const batch = Array.from({ length: Math.min(BATCH, options.runs - runs) }, () => inputs.next());
      for (const input of batch) if (!(await trial.passes(input))) return done();
      runs += batch.length;
      if (coverage === undefined || (await coverage.fresh(false)) === 0) continue;
      for (const input of await fresh(batch, run, coverage)) {
        inputs.add(input);
        options.onKept?.(input);
      }
      // Optimised code counts otherwise: what no single input shows must not be looked for after each batch.
      for (const input of batch) await run(input);
      await coverage.fresh(true);
    }
    return done();
  } finally {
    await coverage?.close();
  }
}

/** Those of the inputs that take a way that none took before, found by halves. */
async function fresh(
  inputs: readonly Uint8Array[],
  run: (input: Uint8Array) => void | Promise<void>,
  coverage: Coverage,
): Promise<readonly Uint8Array[]> {
  for (const input of inputs) await run(input);
  const only = inputs.length === 1;
  if ((await coverage.fresh(only)) === 0) return [];
  if (only) return inputs;
  const half = Math.ceil(inputs.length / 2);
  const first = await fresh(inputs.slice(0, half), run, coverage);
  return [...first, ...(await fresh(inputs.slice(half), run, coverage))];
}

/** Runs one input after the other, and remembers what was seen of all of them. */
class Trial {
  readonly #target: FuzzTarget;
  readonly #patience: number;
  readonly #onInput: ((input: Uint8Array) => void) | undefined;
  readonly #startBytes = process.memoryUsage.rss();
  #runs = 0;
  #slowestMs = 0;
  #growthBytes = 0;
  #finding: Finding | undefined;

  constructor(target: FuzzTarget, { onInput, patience = 1 }: CampaignOptions) {
    this.#target = target;
    this.#patience = patience;
    this.#onInput = onInput;
  }

  async passes(input: Uint8Array): Promise<boolean> {
    this.#onInput?.(input);
    this.#runs += 1;
    try {
      const tookMs = await this.#fastest(input);
      this.#slowestMs = Math.max(this.#slowestMs, tookMs);
      const allowedMs = tookMs > MAX_MS ? MAX_MS * slowness() * this.#patience : MAX_MS;
      if (tookMs > allowedMs)
        throw new Error(`took ${tookMs.toFixed(0)} ms, ${allowedMs.toFixed(0)} are allowed`);
      if (this.#runs % LOOK_EVERY === 0) {
        this.#growthBytes = Math.max(this.#growthBytes, process.memoryUsage.rss() - this.#startBytes);
        if (this.#growthBytes > MAX_GROWTH_BYTES)
          throw new Error(`memory grew by ${Math.round(this.#growthBytes / 2 ** 20)} MiB`);
      }
      return true;
    } catch (thrown) {
      this.#finding = { input, thrown };
      return false;
    }
  }

  result(kept: number, covered = 0): CampaignResult {
    const [runs, slowestMs, growthBytes] = [this.#runs, this.#slowestMs, this.#growthBytes];
    return { runs, kept, covered, slowestMs, growthBytes, finding: this.#finding };
  }

  async #fastest(input: Uint8Array): Promise<number> {
    let fastestMs = Number.POSITIVE_INFINITY;
    for (let i = 0; i < TRIES && fastestMs > MAX_MS; i++) {
      // On a busy machine the clock goes on while others have the cores; asking for the time of our own costs 20 µs.
      const startedCpu = i === 0 ? undefined : process.cpuUsage();
      const startedMs = performance.now();
      await this.#target.run(input);
      fastestMs = Math.min(fastestMs, performance.now() - startedMs);
      if (startedCpu === undefined) continue;
      const { user, system } = process.cpuUsage(startedCpu);
      fastestMs = Math.min(fastestMs, (user + system) / 1000);
    }
    return fastestMs;
  }
}
