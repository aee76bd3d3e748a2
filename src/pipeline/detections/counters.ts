import type { Detections } from '../../detections/types.js';
import type { MasksMessage } from '../../masks/types.js';
import { percentiles } from '../counters.js';
import type { ChosenDetections } from './answer.js';

const WINDOW = 512;

/** `stats.detections`: totals since the start, and latencies over the last answers. */
export class DetectionCounters {
  readonly #totals = {
    messages: 0,
    answers: 0,
    detections: 0,
    masks: 0,
    belowScore: 0,
    otherClass: 0,
    overMax: 0,
    refused: 0,
    superseded: 0,
  };
  readonly #latencies: number[] = [];

  taken({ detections, refused }: Detections): void {
    this.#totals.messages += 1;
    this.#totals.detections += detections.length + refused.length;
    this.#totals.refused += refused.length;
  }

  answered({ leftOut }: ChosenDetections, { masks, timing }: MasksMessage): void {
    this.#totals.answers += 1;
    this.#totals.masks += masks.filter((item) => !('error' in item)).length;
    this.#totals.belowScore += leftOut.belowScore;
    this.#totals.otherClass += leftOut.otherClass;
    this.#totals.overMax += leftOut.overMax;
    this.#latencies.push(timing.captureToPublishMs);
    if (this.#latencies.length > WINDOW) this.#latencies.shift();
  }

  /** A newer message of its stream came before its turn. */
  superseded(): void {
    this.#totals.superseded += 1;
  }

  snapshot() {
    return { ...this.#totals, latencyMs: percentiles(this.#latencies) };
  }
}
