import type { Logger } from 'pino';
import { type ErrorBody, SamwireError } from '../../errors.js';
import type { EndedTrack, MaskEncoding } from '../../masks/types.js';
import type { NativeAddon, NativeFrameInfo } from '../../native/types.js';
import type { TrackListing, TracksMessage } from '../../prompts/tracks.js';
import type { Candidate, Segmenter } from '../../segment/segmenter.js';
import type { Tracker } from '../../track/types.js';
import type { DetectedOnFrame, NamedDetection } from '../detections/answer.js';
import type { Scheduler } from '../schedule/scheduler.js';
import type { TrackAnswerAddon } from './answer.js';
import { CameraTracks } from './camera-tracks.js';
import { changeTracks } from './changes.js';
import { TrackCounters } from './counters.js';
import { TrackDetections } from './detections.js';
import { type Deliver, type TrackedCamera, TrackLoop } from './loop.js';

export interface TrackingOptions {
  readonly cameras: ReadonlyMap<string, TrackedCamera>;
  /** One a camera. */
  readonly createTracker: () => Tracker;
  readonly maxPerCamera: number;
  /** Without a frame for so long, a camera's tracks are lost. The tracker has its own for what it does not find. */
  readonly lostMs: number;
  /** Null until the model is loaded. */
  readonly scheduler: () => Pick<Scheduler, 'submit'> | null;
  readonly segmenter: () => Pick<Segmenter, 'model' | 'backend'> | null;
  readonly addon: TrackAnswerAddon & Pick<NativeAddon, 'rleIou' | 'retainFrame' | 'releaseFrame'>;
  readonly encodings: readonly MaskEncoding[];
  readonly polygonTolerancePx: number;
  readonly deliver: Deliver;
  readonly log: Logger;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

/** An object that a prompt asks to follow. */
export interface PromptSeed {
  readonly id: string;
  readonly label?: string;
  /** Not empty. */
  readonly candidate: Candidate;
}

/** How often it is looked for tracks whose time has passed, and for cameras that give nothing. */
const TICK_MS = 250;

interface Followed {
  readonly tracks: CameraTracks;
  readonly loop: TrackLoop;
  readonly detections: TrackDetections;
}

/** The tracks of all cameras: what begins, changes and ends them; {@link TrackLoop} has them followed. */
export class Tracking {
  readonly #options: TrackingOptions;
  readonly #now: () => number;
  readonly #counters = new TrackCounters();
  readonly #cameras: ReadonlyMap<string, Followed>;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: TrackingOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#cameras = new Map(
      [...options.cameras].map(([name, camera]) => [name, this.#followed(name, camera)]),
    );
  }

  start(): void {
    if (this.#timer) return;
    for (const { loop } of this.#cameras.values()) loop.start();
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#timer.unref();
  }

  /** Resolves when nothing is in work and no frame is held; the scheduler has to be closed for that. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    await Promise.all([...this.#cameras.values()].map(({ loop }) => loop.close()));
  }

  /** Those of these ids that there is no room to follow, with what their sender is told. */
  withoutRoom(camera: string, ids: readonly string[]): ReadonlyMap<string, ErrorBody> {
    const { maxPerCamera } = this.#options;
    const { tracks } = this.#camera(camera);
    const anew = ids.filter((id) => !tracks.get(id));
    const refused = anew.slice(Math.max(0, maxPerCamera - tracks.size));
    return new Map(refused.map((id) => [id, this.#noRoom(camera).toBody()]));
  }

  /** Follows objects of a frame, which the caller holds; an id that is followed already goes on from here. Says which there was no room for. */
  follow(
    camera: string,
    { frame, seeds, ttlMs }: { frame: NativeFrameInfo; seeds: readonly PromptSeed[]; ttlMs?: number },
  ): ReadonlyMap<string, ErrorBody> {
    const { tracks, loop } = this.#camera(camera);
    loop.notice(frame);
    const refused = new Map<string, ErrorBody>();
    const expiry = ttlMs === undefined ? {} : { expiresAtMs: this.#now() + ttlMs };
    for (const { id, label, candidate } of seeds) {
      const terms = { source: 'prompt', ...(label === undefined ? {} : { label }), ...expiry } as const;
      if (tracks.seed({ id, frame, candidate, terms })) continue;
      this.#counters.refused();
      refused.set(id, this.#noRoom(camera).toBody());
    }
    return refused;
  }

  /** What a detector's objects are called, and followed as. */
  associate(camera: string, on: DetectedOnFrame): readonly NamedDetection[] {
    const { detections, loop } = this.#camera(camera);
    const { named, ended } = detections.take(on);
    loop.notice(on.frame);
    loop.announce(ended);
    return named;
  }

  /**
   * `request/tracks`: what is followed on a camera, after the change.
   * @throws SamwireError `unknown_camera`, `unknown_track`, `invalid_message`; nothing is changed then.
   */
  change({ camera, change }: TracksMessage): readonly TrackListing[] {
    const { tracks, loop } = this.#camera(camera);
    const ended = changeTracks(tracks, change);
    loop.announce(ended);
    const nowMs = this.#now();
    return tracks.records.map((record) => record.listing(nowMs));
  }

  stats() {
    const active = [...this.#cameras.values()].reduce((sum, { tracks }) => sum + tracks.size, 0);
    return this.#counters.snapshot(active);
  }

  #tick(): void {
    const nowMs = this.#now();
    for (const { tracks, loop } of this.#cameras.values()) {
      const ended: EndedTrack[] = [];
      const isAway = loop.silentMs > this.#options.lostMs;
      for (const record of tracks.records) {
        const { expiresAtMs = Number.POSITIVE_INFINITY } = record.terms;
        if (nowMs >= expiresAtMs) ended.push(tracks.end(record, 'expired'));
        else if (isAway) ended.push(tracks.end(record, 'lost'));
      }
      loop.announce(ended);
    }
  }

  #followed(name: string, camera: TrackedCamera): Followed {
    const { createTracker, maxPerCamera, lostMs, addon } = this.#options;
    const log = this.#options.log.child({ camera: name });
    const tracks = new CameraTracks({
      tracker: createTracker(),
      addon,
      maxTracks: maxPerCamera,
      onStarted: () => this.#counters.started(),
      onEnded: (reason) => this.#counters.ended(reason),
    });
    const loop = new TrackLoop({
      ...this.#options,
      camera,
      tracks,
      counters: this.#counters,
      maxAgeMs: lostMs,
      log,
      now: this.#now,
    });
    const detections = new TrackDetections({
      tracks,
      addon,
      lostMs,
      onRefused: () => this.#counters.refused(),
    });
    return { tracks, loop, detections };
  }

  #noRoom(camera: string): SamwireError {
    return new SamwireError(
      'overloaded',
      `Expected at most ${this.#options.maxPerCamera} tracks on camera ${camera} (tracks.maxPerCamera), which are followed already. Remove one (request/tracks), or raise it.`,
    );
  }

  #camera(name: string): Followed {
    const camera = this.#cameras.get(name);
    if (camera) return camera;
    const expected = [...this.#cameras.keys()].join(', ');
    throw new SamwireError('unknown_camera', `Expected one of ${expected}, got "${name}".`);
  }
}
