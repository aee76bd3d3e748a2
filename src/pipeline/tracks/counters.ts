import { TRACK_ENDS } from '../../masks/types.js';
import { percentiles } from '../counters.js';
import type { TrackEnd } from './record.js';

const WINDOW = 512;

/** What `<base>/stats` reports of tracks; totals since the start. */
export class TrackCounters {
  #started = 0;
  #runs = 0;
  #failedRuns = 0;
  #framesSkipped = 0;
  #refused = 0;
  readonly #ended = new Map<TrackEnd, number>(TRACK_ENDS.map((reason) => [reason, 0]));
  readonly #latencyMs: number[] = [];

  started(): void {
    this.#started += 1;
  }

  ended(reason: TrackEnd): void {
    this.#ended.set(reason, (this.#ended.get(reason) ?? 0) + 1);
  }

  /** Something was not followed for want of room. */
  refused(): void {
    this.#refused += 1;
  }

  /** A frame was looked at; from its capture until its message was made. */
  ran(captureToPublishMs: number): void {
    this.#runs += 1;
    this.#latencyMs.push(captureToPublishMs);
    if (this.#latencyMs.length > WINDOW) this.#latencyMs.shift();
  }

  /** The model did not answer for a frame. */
  failed(): void {
    this.#failedRuns += 1;
  }

  /** Frames that came while another was looked at, and were not the newest when that was done. */
  skipped(frames: number): void {
    this.#framesSkipped += frames;
  }

  snapshot(active: number) {
    return {
      active,
      started: this.#started,
      ended: Object.fromEntries(this.#ended),
      refused: this.#refused,
      runs: this.#runs,
      failedRuns: this.#failedRuns,
      framesSkipped: this.#framesSkipped,
      latencyMs: percentiles(this.#latencyMs),
    };
  }
}
