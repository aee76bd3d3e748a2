import { Counter, Histogram, type Registry } from 'prom-client';
import { MASK_SOURCES, type MaskSource, type MasksMessage, type Timing } from '../masks/types.js';

/** Seconds. From a mask on a GPU's embedding (a fraction of a ms) to a large encoder on a CPU. */
const BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

const STAGES = {
  age: 'ageMs',
  queue: 'queueMs',
  prepare: 'prepareMs',
  encode: 'encodeMs',
  decode: 'decodeMs',
  mask: 'maskMs',
  publish: 'publishMs',
} as const satisfies Readonly<Record<string, keyof Timing>>;

/** What answers tell: counted when each is made, because no stats keep a distribution. */
export class AnswerFigures {
  readonly #stages: Histogram<'stage' | 'source'>;
  readonly #whole: Histogram<'source'>;
  readonly #masks: Counter<'source'>;
  readonly #failed: Counter<'source'>;
  readonly #hits: Counter<'source'>;
  readonly #misses: Counter<'source'>;

  constructor(registry: Registry) {
    const registers = [registry];
    const buckets = [...BUCKETS];
    this.#stages = new Histogram({
      name: 'samwire_stage_duration_seconds',
      help: 'Time that answers (masks messages) spent in each stage of their timing block.',
      labelNames: ['stage', 'source'],
      buckets,
      registers,
    });
    this.#whole = new Histogram({
      name: 'samwire_capture_to_publish_seconds',
      help: 'Time from the capture of the frame to the publishing of its answer; of a job from its arrival.',
      labelNames: ['source'],
      buckets,
      registers,
    });
    // What appears with its first answer has a rate only from the second on.
    for (const source of MASK_SOURCES) this.#whole.zero({ source });
    const bySource = (name: string, help: string): Counter<'source'> => {
      const counter = new Counter({ name, help, labelNames: ['source'], registers });
      for (const source of MASK_SOURCES) counter.inc({ source }, 0);
      return counter;
    };
    this.#masks = bySource('samwire_masks_total', 'Masks in answers, by what asked for them.');
    this.#failed = bySource(
      'samwire_prompts_failed_total',
      'Prompts that failed alone: their answer has an error in the place of a mask.',
    );
    this.#hits = bySource(
      'samwire_embedding_cache_hits_total',
      'Answers on a frame whose embedding was kept, so that only the decoder ran.',
    );
    this.#misses = bySource(
      'samwire_embedding_cache_misses_total',
      'Answers on a frame that had to be encoded.',
    );
  }

  /** A masks message was made, its timing finished. */
  add({ source, masks, ended, timing }: MasksMessage): void {
    // That tracks ended is told without any work on a frame.
    if (ended && masks.length === 0) return;
    const failed = masks.filter((item) => 'error' in item).length;
    this.#masks.inc({ source }, masks.length - failed);
    this.#failed.inc({ source }, failed);
    (timing.embeddingReused ? this.#hits : this.#misses).inc({ source });
    this.#observe(source, timing);
  }

  #observe(source: MaskSource, timing: Timing): void {
    for (const [stage, key] of Object.entries(STAGES))
      this.#stages.observe({ stage, source }, timing[key] / 1000);
    this.#whole.observe({ source }, timing.captureToPublishMs / 1000);
  }
}
