import type { EndedTrack } from '../../masks/types.js';
import type { NativeAddon, NativeFrameInfo } from '../../native/types.js';
import type { Candidate, PromptResult, SegmentPrompt } from '../../segment/segmenter.js';
import type { TrackedObject, Tracker, TrackSeed } from '../../track/types.js';
import { type TrackEnd, TrackRecord, type TrackTerms } from './record.js';

/** An object to follow from this frame on; with the id of a track, that one goes on from here. */
export interface Seed {
  readonly id: string;
  /** Held by the caller during the call. */
  readonly frame: NativeFrameInfo;
  /** Not empty. */
  readonly candidate: Candidate;
  readonly terms: TrackTerms;
}

/** A track on a frame that the model has looked at. */
export interface Found {
  readonly record: TrackRecord;
  readonly object: TrackedObject;
}

interface LateSeed {
  readonly seed: TrackSeed;
  /** It may be another object: what the model looks for meanwhile is not it. */
  readonly anew: boolean;
}

export interface CameraTracksOptions {
  readonly tracker: Tracker;
  readonly addon: Pick<NativeAddon, 'retainFrame' | 'releaseFrame'>;
  readonly maxTracks: number;
  readonly onStarted: () => void;
  readonly onEnded: (reason: TrackEnd) => void;
}

/**
 * What is followed on one camera. Ids belong to this class; the tracker knows objects by keys that never change. What is
 * said between {@link prompts} and {@link update} reaches the tracker after it: its prompts and results are a pair.
 */
export class CameraTracks {
  readonly #options: CameraTracksOptions;
  readonly #byId = new Map<string, TrackRecord>();
  readonly #byKey = new Map<string, TrackRecord>();
  /** The model looks at this tracker's prompts. */
  #asked = false;
  /** For the tracker, when it has been answered; each holds a handle on its frame. One a track: the newest. */
  readonly #seeds = new Map<TrackRecord, LateSeed>();
  readonly #removed = new Set<string>();
  #keys = 0;

  constructor(options: CameraTracksOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#byId.size;
  }

  /** That the next frame can take. */
  get mostPrompts(): number {
    return this.#options.tracker.mostPrompts;
  }

  /** In the order of their beginning. */
  get records(): readonly TrackRecord[] {
    return [...this.#byKey.values()];
  }

  get(id: string): TrackRecord | undefined {
    return this.#byId.get(id);
  }

  /** One more can be followed. */
  get hasRoom(): boolean {
    return this.size < this.#options.maxTracks;
  }

  /** Null: there is no room for one more. */
  seed({ id, frame, candidate, terms }: Seed): TrackRecord | null {
    const known = this.#byId.get(id);
    if (!known && !this.hasRoom) return null;
    const record = known ?? this.#begin(id, terms, frame.timestamp);
    record.terms = terms;
    record.sightings.clear();
    this.#place(record, { frame, candidate, anew: true });
    return record;
  }

  /** Somebody knows better where this object was on a frame; its terms stay. */
  correct(record: TrackRecord, frame: NativeFrameInfo, candidate: Candidate): void {
    this.#place(record, { frame, candidate, anew: false });
  }

  /** False when no track has this id, or one has the new id. */
  rename(id: string, to: string): boolean {
    const record = this.#byId.get(id);
    if (!record || this.#byId.has(to)) return false;
    this.#byId.delete(id);
    this.#byId.set(to, record);
    record.id = to;
    return true;
  }

  end(record: TrackRecord, reason: TrackEnd): EndedTrack {
    this.#forget(record, reason);
    if (this.#asked) this.#removed.add(record.key);
    else this.#options.tracker.remove(record.key);
    return { id: record.id, reason };
  }

  /** The model is asked about this frame; {@link update} or {@link giveUp} has to follow. */
  prompts(frame: NativeFrameInfo): readonly SegmentPrompt[] {
    this.#asked = true;
    return this.#options.tracker.prompts(frame);
  }

  /** The model's answer, on a frame that the caller holds: every track that was asked about and goes on, and those that ended. */
  update(
    frame: NativeFrameInfo,
    prompts: readonly SegmentPrompt[],
    results: readonly PromptResult[],
  ): { readonly found: readonly Found[]; readonly ended: readonly EndedTrack[] } {
    try {
      const update = this.#options.tracker.update(frame, prompts, results);
      const found = update.objects.flatMap((object) => {
        const record = this.#byKey.get(object.id);
        const late = record && this.#seeds.get(record);
        if (!record || late?.anew) return [];
        if (!late && object.candidate) record.saw(frame, object.candidate);
        else if (!late) record.state = object.info.state;
        return [{ record, object }];
      });
      const ended = update.ended.flatMap(({ id, reason }) => {
        const record = this.#byKey.get(id);
        if (!record || this.#seeds.has(record)) return [];
        this.#forget(record, reason);
        return [{ id: record.id, reason }];
      });
      return { found, ended };
    } finally {
      this.giveUp();
    }
  }

  /** The model did not answer, or has: the tracker hears what was said meanwhile. */
  giveUp(): void {
    this.#asked = false;
    const { tracker, addon } = this.#options;
    for (const key of this.#removed) tracker.remove(key);
    this.#removed.clear();
    for (const { seed } of this.#seeds.values()) {
      tracker.add(seed);
      addon.releaseFrame(seed.frame.id);
    }
    this.#seeds.clear();
  }

  /** Lets go of the frames that it holds. */
  close(): void {
    for (const { seed } of this.#seeds.values()) this.#options.addon.releaseFrame(seed.frame.id);
    this.#seeds.clear();
  }

  #begin(id: string, terms: TrackTerms, since: number): TrackRecord {
    this.#keys += 1;
    const record = new TrackRecord(`~${this.#keys}`, id, terms, since);
    this.#byId.set(id, record);
    this.#byKey.set(record.key, record);
    this.#options.onStarted();
    return record;
  }

  #place(
    record: TrackRecord,
    { frame, candidate, anew }: Pick<TrackSeed, 'frame' | 'candidate'> & Pick<LateSeed, 'anew'>,
  ): void {
    record.saw(frame, candidate);
    record.confirmedAt = Math.max(record.confirmedAt, frame.timestamp);
    const { tracker, addon } = this.#options;
    const { label, confidence } = record.terms;
    const seed: TrackSeed = {
      id: record.key,
      ...(label === undefined ? {} : { label }),
      ...(confidence === undefined ? {} : { confidence }),
      candidate,
      frame,
    };
    if (!this.#asked) {
      tracker.add(seed);
      return;
    }
    addon.retainFrame(frame.id);
    const before = this.#seeds.get(record);
    this.#dropSeed(record);
    this.#seeds.set(record, { seed, anew: anew || before?.anew === true });
  }

  #forget(record: TrackRecord, reason: TrackEnd): void {
    record.ended = reason;
    this.#byId.delete(record.id);
    this.#byKey.delete(record.key);
    this.#dropSeed(record);
    this.#options.onEnded(reason);
  }

  #dropSeed(record: TrackRecord): void {
    const late = this.#seeds.get(record);
    if (late) this.#options.addon.releaseFrame(late.seed.frame.id);
    this.#seeds.delete(record);
  }
}
