import type { EndedTrack } from '../../masks/types.js';
import type { NativeAddon, NativeFrameInfo } from '../../native/types.js';
import type { DetectedObject, DetectedOnFrame, NamedDetection } from '../detections/answer.js';
import { type Associable, associate, isSecondOf, type Pair } from './associate.js';
import type { CameraTracks } from './camera-tracks.js';
import type { TrackRecord } from './record.js';

export interface TrackDetectionsOptions {
  readonly tracks: CameraTracks;
  readonly addon: Pick<NativeAddon, 'rleIou'>;
  readonly lostMs: number;
  /** A detection was not followed for want of room. */
  readonly onRefused: () => void;
}

/** A track's own mask that agrees with the detection's so well is left as it is: it would only tremble. */
const AGREES = 0.7;
/** The same where the track has been followed to newer frames since: it would be thrown back. */
const AGREES_WHEN_LATE = 0.5;
/** Payloads in a row without an object before its track may end for that. */
const LEAST_MISSED = 3;
/** A detector's id as an id of ours. */
const ID_PATTERN = /^[A-Za-z0-9._:-]{1,64}$/;

/** Holds a detector's objects against a camera's tracks: confirms, corrects, begins and ends them. */
export class TrackDetections {
  readonly #options: TrackDetectionsOptions;
  #numbers = 0;

  constructor(options: TrackDetectionsOptions) {
    this.#options = options;
  }

  /** `named[i]` is what detection i is called. */
  take(on: DetectedOnFrame): {
    readonly named: readonly NamedDetection[];
    readonly ended: readonly EndedTrack[];
  } {
    const { tracks, addon } = this.#options;
    const { frame, detections } = on;
    const records = tracks.records;
    const known = records.map((record) => associableOf(record, frame));
    const pairs = associate(detections, known, addon);
    const found = new Map<number, TrackRecord>();
    for (const pair of pairs) {
      const record = records[pair.track] as TrackRecord;
      found.set(pair.detection, record);
      this.#confirm(record, on, pair);
    }
    const ended = on.complete ? this.#miss(records, new Set(found.values()), frame) : [];
    for (const [i, detected] of detections.entries()) {
      if (found.has(i) || !detected.candidate.box || isSecondOf(detected, known, addon)) continue;
      const record = this.#start(detected, frame, ended);
      if (!record) continue;
      found.set(i, record);
      known.push(associableOf(record, frame));
    }
    return { named: this.#named(detections, found, frame), ended };
  }

  #confirm(record: TrackRecord, { frame, detections }: DetectedOnFrame, { detection, overlap }: Pair): void {
    const detected = detections[detection] as DetectedObject;
    const last = record.sightings.last?.timestamp ?? Number.NEGATIVE_INFINITY;
    const isOld = frame.timestamp < record.confirmedAt;
    const agrees = overlap >= (last > frame.timestamp ? AGREES_WHEN_LATE : AGREES);
    const isHidden = record.state === 'occluded' && frame.timestamp >= last;
    record.confirm(frame.timestamp, detected);
    // What was said of a newer frame holds.
    if (isOld || !detected.candidate.box) return;
    if (!agrees || isHidden) this.#options.tracks.correct(record, frame, detected.candidate);
    // Where the model has no time for tracks, detections alone tell where it goes.
    else if (frame.timestamp > last) record.saw(frame, detected.candidate);
  }

  /** What a detector does not tell of any more ends, but not for a few frames. */
  #miss(
    records: readonly TrackRecord[],
    confirmed: ReadonlySet<TrackRecord>,
    { timestamp }: NativeFrameInfo,
  ): EndedTrack[] {
    const { tracks, lostMs } = this.#options;
    return records.flatMap((record) => {
      if (record.terms.source !== 'detections' || confirmed.has(record)) return [];
      if (record.isConfirmedBy(timestamp)) return [];
      record.missed += 1;
      const isLost = record.missed >= LEAST_MISSED && timestamp - record.confirmedAt > lostMs;
      return isLost ? [tracks.end(record, 'lost')] : [];
    });
  }

  /** Null: there is no room. */
  #start(detected: DetectedObject, frame: NativeFrameInfo, ended: EndedTrack[]): TrackRecord | null {
    const { tracks, onRefused } = this.#options;
    if (!tracks.hasRoom) {
      const stale = this.#stalest(frame);
      if (!stale) {
        onRefused();
        return null;
      }
      ended.push(tracks.end(stale, 'lost'));
    }
    const { detectorId, label, confidence, candidate } = detected;
    const record = tracks.seed({
      id: this.#freeId(detectorId),
      frame,
      candidate,
      terms: {
        source: 'detections',
        ...(label === undefined ? {} : { label }),
        ...(confidence === undefined ? {} : { confidence }),
      },
    });
    record?.confirm(frame.timestamp, detected);
    return record;
  }

  /** The track that no detection has confirmed for longest, and for longer than an object may be hidden. */
  #stalest({ timestamp }: NativeFrameInfo): TrackRecord | undefined {
    return this.#options.tracks.records
      .filter(({ terms, confirmedAt }) => {
        return terms.source === 'detections' && timestamp - confirmedAt > this.#options.lostMs;
      })
      .sort((a, b) => a.confirmedAt - b.confirmedAt)[0];
  }

  /** The detector's own where that is free, else `d1`, `d2` and so on, none twice. */
  #freeId(detectorId: string | undefined): string {
    const { tracks } = this.#options;
    if (detectorId !== undefined && ID_PATTERN.test(detectorId) && !tracks.get(detectorId)) return detectorId;
    for (;;) {
      this.#numbers += 1;
      const id = `d${this.#numbers}`;
      if (!tracks.get(id)) return id;
    }
  }

  /** Ids of one message are unique: what is not followed gives way to what is. */
  #named(
    detections: readonly DetectedObject[],
    found: ReadonlyMap<number, TrackRecord>,
    { timestamp }: NativeFrameInfo,
  ): NamedDetection[] {
    const taken = new Set([...found.values()].map(({ id }) => id));
    return detections.map(({ id }, i) => {
      const record = found.get(i);
      if (record) return { id: record.id, track: { ...record.infoAt(timestamp), state: 'tracked' } };
      const free = taken.has(id) ? this.#freeId(undefined) : id;
      taken.add(free);
      return { id: free };
    });
  }
}

function associableOf(record: TrackRecord, frame: NativeFrameInfo): Associable {
  const { terms, detectorIds, sightings } = record;
  return {
    label: terms.label,
    classified: terms.source === 'detections',
    detectorIds,
    place: sightings.at(frame),
  };
}
