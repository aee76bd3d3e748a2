import { SamwireError } from '../errors.js';
import type { Part, Precision } from './identity.js';
import type { Trial } from './record.js';
import { ChildDiedError } from './run-task.js';

/** What may be tried after what, the fastest first. A file with Q/DQ nodes is INT8 in any case. */
const BELOW: Readonly<Record<Precision, readonly Precision[]>> = {
  fp16: ['fp16', 'mixed', 'fp32'],
  mixed: ['mixed', 'fp32'],
  fp32: ['fp32'],
  int8: ['int8'],
};

export interface Pair {
  readonly encoder: Precision;
  readonly decoder: Precision;
}

/**
 * The pairs of precisions to try, from the manifest's wish down. The encoder takes most of the time, so its precision
 * goes down last; whose fault a wrong mask is, nobody knows. `forced` is tried alone.
 */
export function rungs(wish: Pair, forced: Precision | null): Pair[] {
  if (forced !== null) return [{ encoder: forced, decoder: forced }];
  return BELOW[wish.encoder].flatMap((encoder) =>
    BELOW[wish.decoder].map((decoder) => ({ encoder, decoder })),
  );
}

export interface LadderSteps<Engine> {
  /** Called once for each part and precision. */
  readonly build: (part: Part, precision: Precision) => Promise<Engine>;
  readonly test: (pair: Pair, encoder: Engine, decoder: Engine) => Promise<Trial>;
  /** Whether a pair is another by name only. */
  readonly skip?: (pair: Pair) => Promise<boolean>;
  /** Before each pair; `builds` are those that it still needs. */
  readonly onPair?: (pair: Pair, builds: readonly Part[], isLast: boolean) => void;
}

export interface LadderResult<Engine> {
  readonly chosen: { readonly encoder: Engine; readonly decoder: Engine } | null;
  readonly trials: readonly Trial[];
}

/**
 * Goes down the rungs until a pair of engines passes. What fails for its own reasons (TensorRT can't build it, the
 * test crashes) is a rung that failed; what would fail again on the next one (cancelled, the GPU is lost, memory
 * has run out) ends the ladder with its error.
 */
export async function climbDown<Engine>(
  pairs: readonly Pair[],
  { build, test, skip, onPair }: LadderSteps<Engine>,
): Promise<LadderResult<Engine>> {
  const built = new Map<string, Engine | SamwireError>();
  const engineOf = async (part: Part, precision: Precision): Promise<Engine | SamwireError> => {
    const id = `${part} ${precision}`;
    const known = built.get(id);
    if (known !== undefined) return known;
    const engine = await build(part, precision).catch(rungFailed);
    built.set(id, engine);
    return engine;
  };
  const trials: Trial[] = [];
  for (const [i, pair] of pairs.entries()) {
    if (await skip?.(pair)) continue;
    const missing = (['encoder', 'decoder'] as const).filter((part) => !built.has(`${part} ${pair[part]}`));
    onPair?.(pair, missing, i === pairs.length - 1);
    const encoder = await engineOf('encoder', pair.encoder);
    if (encoder instanceof SamwireError) {
      trials.push(notTried(pair, `encoder ${pair.encoder}: ${encoder.message}`));
      continue;
    }
    const decoder = await engineOf('decoder', pair.decoder);
    if (decoder instanceof SamwireError) {
      trials.push(notTried(pair, `decoder ${pair.decoder}: ${decoder.message}`));
      continue;
    }
    const trial = await test(pair, encoder, decoder).catch(rungFailed);
    if (trial instanceof SamwireError) {
      trials.push(notTried(pair, `self-test: ${trial.message}`));
      continue;
    }
    trials.push(trial);
    if (trial.passed) return { chosen: { encoder, decoder }, trials };
  }
  return { chosen: null, trials };
}

function rungFailed(error: unknown): SamwireError {
  const outOfMemory = error instanceof ChildDiedError && error.outOfMemory;
  if (error instanceof SamwireError && error.code === 'model_failed' && !outOfMemory) return error;
  throw error;
}

function notTried({ encoder, decoder }: Pair, problem: string): Trial {
  return { encoder, decoder, passed: false, problem, prompts: [], encodeMs: null, decodeMs: null };
}
