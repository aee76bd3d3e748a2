import type { EndedTrack, TrackInfo } from '../../masks/types.js';
import type { NativeFrameInfo } from '../../native/types.js';
import type { TrackListing, TrackSource } from '../../prompts/tracks.js';
import type { Candidate } from '../../segment/segmenter.js';
import { Sightings } from './sightings.js';

export type TrackEnd = EndedTrack['reason'];

/** What is said of an object when it is named, or named again. */
export interface TrackTerms {
  readonly label?: string;
  /** The detector's own score, 0..1. */
  readonly confidence?: number;
  readonly source: TrackSource;
  /** When it ends as `expired`, on the clock of `performance.now()`. */
  readonly expiresAtMs?: number;
}

const CLOCK_SET_BACK_MS = 60_000;

/** What is known of one followed object besides where the tracker looks for it. */
export class TrackRecord {
  /** The tracker's name for it: an id can change, and mean another object later. No prompt's id has this form. */
  readonly key: string;
  readonly sightings = new Sightings();
  /** What detectors have called it. */
  readonly detectorIds = new Set<string>();
  readonly since: number;
  id: string;
  terms: TrackTerms;
  state: TrackInfo['state'] = 'tracked';
  box: Candidate['box'] = null;
  lastSeen: number;
  /** Capture time of the frame on which somebody last said where it is. */
  confirmedAt: number;
  /** Payloads in a row that told of its frame and not of it. */
  missed = 0;
  ended: TrackEnd | null = null;

  constructor(key: string, id: string, terms: TrackTerms, since: number) {
    this.key = key;
    this.id = id;
    this.terms = terms;
    this.since = since;
    this.lastSeen = since;
    this.confirmedAt = since;
  }

  /**
   * A clock that was set back must not keep it as it is for as long: the times of what was known are taken to be this frame's. No
   * detector is as late as that.
   */
  #follow(timestamp: number): void {
    if (this.lastSeen - timestamp > CLOCK_SET_BACK_MS) this.lastSeen = timestamp;
    if (this.confirmedAt - timestamp > CLOCK_SET_BACK_MS) this.confirmedAt = timestamp;
  }

  /** Whether it was confirmed on this frame or a later one. */
  isConfirmedBy(timestamp: number): boolean {
    this.#follow(timestamp);
    return timestamp <= this.confirmedAt;
  }

  /** It was found on this frame. */
  saw(frame: Pick<NativeFrameInfo, 'seq' | 'timestamp'>, candidate: Candidate): void {
    this.state = 'tracked';
    this.sightings.add(frame, candidate);
    this.#follow(frame.timestamp);
    if (frame.timestamp < this.lastSeen) return;
    this.box = candidate.box;
    this.lastSeen = frame.timestamp;
  }

  /** A detector told of it on this frame. */
  confirm(timestamp: number, detected: { readonly detectorId?: string; readonly confidence?: number }): void {
    this.missed = 0;
    this.#follow(timestamp);
    this.confirmedAt = Math.max(this.confirmedAt, timestamp);
    if (detected.detectorId !== undefined) this.detectorIds.add(detected.detectorId);
    if (detected.confidence !== undefined) this.terms = { ...this.terms, confidence: detected.confidence };
  }

  infoAt(timestamp: number): TrackInfo {
    return { state: this.state, ageMs: Math.max(0, Math.round(timestamp - this.since)) };
  }

  listing(nowMs: number): TrackListing {
    const { label, confidence, source, expiresAtMs } = this.terms;
    return {
      id: this.id,
      ...(label === undefined ? {} : { label }),
      ...(confidence === undefined ? {} : { confidence }),
      source,
      state: this.state,
      box: this.box,
      since: this.since,
      lastSeen: this.lastSeen,
      ...(expiresAtMs === undefined ? {} : { ttlLeftMs: Math.max(0, Math.round(expiresAtMs - nowMs)) }),
    };
  }
}
