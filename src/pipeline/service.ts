import { wallClockMs } from '../clock.js';
import type { Detections } from '../detections/types.js';
import { type ErrorBody, SamwireError, toSamwireError } from '../errors.js';
import type { ModelThresholds } from '../everything/options.js';
import { EVERYTHING_DEFAULTS, type EverythingOptions } from '../everything/types.js';
import type { Camera } from '../frames/camera.js';
import { finishTiming } from '../masks/timing.js';
import type { MaskEncoding, MaskItem, MasksMessage } from '../masks/types.js';
import type {
  DetectionsContext,
  EverythingContext,
  EverythingReply,
  PromptContext,
  SegmentService,
  Snapshot,
  SnapshotOptions,
} from '../mqtt/service.js';
import type { NativeAddon, NativeFrameInfo } from '../native/types.js';
import { edgePng } from '../outputs/edge-png.js';
import { fitToPacket } from '../outputs/packet-size.js';
import type { EverythingMessage } from '../prompts/everything.js';
import type { PromptMessage } from '../prompts/message.js';
import type { PictureMessage } from '../prompts/picture.js';
import { type ResolvedPrompts, resolvePrompts } from '../prompts/resolve.js';
import type { TrackListing, TracksMessage } from '../prompts/tracks.js';
import type { EdgeMap, Segmenter } from '../segment/segmenter.js';
import { type Answer, toAnswer } from './answer.js';
import { Counters, type Skipped } from './counters.js';
import type { DetectionRules, DetectionsListener } from './detections/answer.js';
import { evictedWithClocks } from './detections/clocks.js';
import { DetectionService } from './detections/service.js';
import { answerEverything, type EverythingJob } from './everything.js';
import { answerJob } from './jobs.js';
import { PixelBudget } from './pixel-budget.js';
import { RateLimits } from './schedule/rate-limits.js';
import { Withdrawn } from './schedule/refusals.js';
import type { Scheduler } from './schedule/scheduler.js';
import { type Overlaid, takeSnapshot } from './snapshot.js';
import { FOLLOWS_NOTHING, followPrompts } from './tracks/follow.js';
import type { Tracking } from './tracks/tracking.js';

export interface PipelineServiceOptions {
  readonly addon: NativeAddon;
  readonly cameras: ReadonlyMap<string, Camera>;
  /** Null until the model is loaded. */
  readonly segmenter: () => Segmenter | null;
  readonly scheduler: () => Scheduler | null;
  readonly tracking: Tracking;
  readonly maxAgeMs: number;
  readonly perCameraPerSec: number;
  readonly perClientPerSec: number;
  /** Of a job's picture. */
  readonly maxImagePixels: number;
  readonly encodings: readonly MaskEncoding[];
  readonly polygonTolerancePx: number;
  /** Prompts of a frame that are decoded (`model.maxPrompts`). */
  readonly maxPrompts: number;
  /** Which detections are segmented, by camera. */
  readonly detections: ReadonlyMap<string, DetectionRules>;
  /** Hears of what detections gave, before it is told, where the camera follows objects. */
  readonly onDetections?: DetectionsListener;
  /** How everything is segmented where a request does not say, by camera. */
  readonly everything: ReadonlyMap<string, EverythingDefaults>;
  /** The loaded model's own, where its manifest names some. */
  readonly thresholds: () => ModelThresholds | undefined;
  /** What `request/info` adds: version, node, limits. */
  readonly info: () => Record<string, unknown>;
  /** What `<base>/stats` adds: process figures. */
  readonly processStats: () => Record<string, unknown>;
}

export type EverythingDefaults = Pick<EverythingOptions, 'strategy' | 'grid'>;

interface EverythingTerms
  extends Pick<EverythingJob, 'requested' | 'receivedAtMs' | 'beginByMs' | 'maxAgeMs' | 'signal'> {
  readonly client?: string | undefined;
}

/** What the rest of the node asks of the pipeline: prompts to masks, everything of a frame, snapshots, figures. */
export class PipelineService implements SegmentService {
  readonly #options: PipelineServiceOptions;
  readonly #counters = new Counters();
  readonly #detections: DetectionService;
  readonly #rates: RateLimits;
  readonly #pixels: PixelBudget;
  /** What a camera's last request was answered with, for snapshots with an overlay. */
  readonly #last = new Map<string, Overlaid>();
  /** What a message's masks were made with, for as long as somebody holds them. */
  readonly #made = new WeakMap<MasksMessage['masks'], Omit<Answer, 'message'>>();
  /** Of the last periodic run, by camera. */
  readonly #lastSeq = new Map<string, number>();

  constructor(options: PipelineServiceOptions) {
    this.#options = options;
    const { detections: rules, onDetections: listener } = options;
    this.#detections = new DetectionService({ ...options, rules, ...(listener && { listener }) });
    this.#rates = new RateLimits(options);
    this.#pixels = new PixelBudget(options.maxImagePixels);
  }

  cameras(): readonly string[] {
    return [...this.#options.cameras.keys()];
  }

  async prompt(name: string, message: PromptMessage, context: PromptContext): Promise<MasksMessage> {
    try {
      const answer = await this.#segment(name, message, context);
      this.#counters.answered(message.prompts.length, answer.masks.length, answer.timing);
      return answer;
    } catch (thrown) {
      throw this.#failed(thrown);
    }
  }

  async detections(
    name: string,
    message: Detections,
    context: DetectionsContext,
  ): Promise<MasksMessage | null> {
    try {
      const camera = this.#camera(name);
      // Of a frame with twenty objects there come twenty of these, which share its run.
      if (!message.oneObject) this.#rates.check({ what: 'detections', camera: name, client: context.client });
      const made = await this.#detections.serve({
        camera,
        message,
        context,
        model: this.#model('detections'),
      });
      return made && this.remember(name, made.frame, made.answer);
    } catch (thrown) {
      throw this.#failed(thrown);
    }
  }

  async everything(message: EverythingMessage, context: EverythingContext): Promise<EverythingReply> {
    const { maxAgeMs } = this.#options;
    const { receivedAtMs, expiresAtMs = Number.POSITIVE_INFINITY, maxEdgesBytes, client, signal } = context;
    const ownMs = message.maxAgeMs ?? Number.POSITIVE_INFINITY;
    const { masks, edges } = await this.#everything(message, {
      requested: true,
      receivedAtMs,
      beginByMs: Math.min(expiresAtMs, receivedAtMs + ownMs),
      maxAgeMs: Math.min(maxAgeMs, ownMs, expiresAtMs - receivedAtMs),
      client,
      ...(signal === undefined ? {} : { signal }),
    });
    if (!edges) return { masks };
    const sinceMs = performance.now();
    const png = await edgePng(edges, maxEdgesBytes);
    const timing = finishTiming(masks.timing, performance.now() - sinceMs);
    return { masks: { ...masks, timing }, edges: png };
  }

  /**
   * Everything of the camera's newest frame, unasked; null where there is none that is newer than that of the last time.
   * Whoever calls it bounds how many calls wait.
   */
  async everythingOf(name: string): Promise<MasksMessage | null> {
    const { addon } = this.#options;
    const camera = this.#camera(name);
    const newest = camera.streaming ? camera.acquire('latest') : null;
    if (newest) addon.releaseFrame(newest.id);
    if (!newest || newest.seq === this.#lastSeq.get(name)) {
      this.skippedEverything('noFrame');
      return null;
    }
    const receivedAtMs = wallClockMs();
    const beginByMs = Number.POSITIVE_INFINITY;
    const { masks } = await this.#everything(
      { camera: name, options: {}, normalized: false, edges: false, frame: 'latest' },
      { requested: false, receivedAtMs, beginByMs, maxAgeMs: 0 },
    );
    this.#lastSeq.set(name, masks.frame.seq);
    return masks;
  }

  /** A periodic run was left out; {@link everythingOf} counts its own. */
  skippedEverything(why: Skipped): void {
    this.#counters.skipped(why);
  }

  async job(message: PictureMessage, context: PromptContext): Promise<MasksMessage> {
    const { addon, encodings, polygonTolerancePx, maxImagePixels } = this.#options;
    try {
      const { message: masks, ...made } = await answerJob(
        { message, context },
        { ...this.#model('job'), addon, encodings, polygonTolerancePx, maxImagePixels, pixels: this.#pixels },
      );
      this.#counters.job(message.prompt.prompts.length, masks.masks.length, masks.timing);
      this.#made.set(masks.masks, made);
      return masks;
    } catch (thrown) {
      throw this.#failed(thrown);
    }
  }

  degrade(message: MasksMessage, maxPayloadBytes: number): { readonly message: MasksMessage } {
    const made = this.#made.get(message.masks);
    const fitted = fitToPacket(message, maxPayloadBytes, made?.lowres);
    if (made) this.#made.set(fitted.message.masks, made);
    return fitted;
  }

  /** The masks of a message that came from here, or of its smaller form, with their RLE whatever its encodings. */
  drawable({ masks }: MasksMessage): readonly MaskItem[] {
    return this.#made.get(masks)?.drawable ?? [];
  }

  info(): Record<string, unknown> {
    const segmenter = this.#options.segmenter();
    return {
      ...this.#options.info(),
      model: segmenter?.model ?? null,
      backend: segmenter?.backend ?? null,
      cameras: Object.fromEntries(
        [...this.#options.cameras].map(([name, { state, depth }]) => [
          name,
          depth ? { ...state, depth: depth.state } : state,
        ]),
      ),
    };
  }

  stats(): Record<string, unknown> {
    return { ...this.#options.processStats(), ...this.figures() };
  }

  /** The same without those of the process. */
  figures() {
    return {
      ...this.#counters.snapshot(),
      tracks: this.#options.tracking.stats(),
      detections: this.#detections.stats(),
      queue: this.#options.scheduler()?.length ?? 0,
      backgroundJobs: this.#options.scheduler()?.backgroundJobs ?? 0,
      scheduler: this.#options.scheduler()?.stats() ?? null,
      framesInUse: this.#options.addon.framesInUse(),
      cameras: Object.fromEntries([...this.#options.cameras].map(([name, camera]) => [name, camera.stats()])),
    };
  }

  tracks(message: TracksMessage): readonly TrackListing[] {
    return this.#options.tracking.change(message);
  }

  async restartCamera(name: string): Promise<void> {
    await this.#camera(name).restart();
  }

  async snapshot(name: string, options: SnapshotOptions): Promise<Snapshot> {
    const { addon } = this.#options;
    return takeSnapshot({ ...options, camera: this.#camera(name), addon, last: this.#last.get(name) });
  }

  /** Lets go of the frames that it holds. */
  close(): void {
    for (const { frame } of this.#last.values()) this.#options.addon.releaseFrame(frame.id);
    this.#last.clear();
  }

  async #segment(name: string, message: PromptMessage, context: PromptContext): Promise<MasksMessage> {
    const { addon, maxAgeMs, encodings, polygonTolerancePx, tracking } = this.#options;
    const camera = this.#camera(name);
    const { scheduler, segmenter } = this.#model('prompt');
    this.#rates.check({ what: 'prompt', camera: name, client: context.client });
    const untilExpiry = (context.expiresAtMs ?? Number.POSITIVE_INFINITY) - context.receivedAtMs;
    let resolved: ResolvedPrompts = { prompts: [], failed: [] };
    let full: ReadonlyMap<string, ErrorBody> = new Map();
    const submitted = scheduler.submit({
      kind: 'prompt',
      camera,
      frame: message.frame,
      prompts: (frame) => {
        resolved = resolvePrompts(message, frame);
        const ids = resolved.prompts.map(({ id }) => id);
        if (message.track) full = tracking.withoutRoom(name, ids);
        return resolved.prompts.filter(({ id }) => !full.has(id));
      },
      promptCount: message.prompts.length,
      multimask: message.multimask,
      ...(context.client === undefined ? {} : { client: context.client }),
      ...(context.signal === undefined ? {} : { signal: context.signal }),
      receivedAtMs: context.receivedAtMs,
      maxAgeMs: Math.min(message.maxAgeMs ?? maxAgeMs, untilExpiry),
      onAnswer: (frame) => addon.retainFrame(frame.id),
    });
    const answer = await submitted.catch((thrown: unknown) => {
      throw evictedWithClocks(thrown, { camera, choice: message.frame, addon });
    });
    try {
      const followed = message.track
        ? followPrompts(tracking, { camera: name, message, answer })
        : FOLLOWS_NOTHING;
      const failed = resolved.failed.map(({ id, error }) => [id, error] as const);
      const made = await toAnswer(answer, {
        ...(message.requestId === undefined ? {} : { requestId: message.requestId }),
        source: 'prompt',
        camera: name,
        model: segmenter.model,
        backend: segmenter.backend,
        encodings: message.encodings ?? encodings,
        multimask: message.multimask,
        ids: message.prompts.map((prompt) => prompt.id),
        refused: new Map([...failed, ...full, ...followed.refused]),
        extra: followed.extra,
        polygonTolerancePx,
        addon,
        depth: camera.depth,
      });
      return this.remember(name, answer.frame, made);
    } catch (thrown) {
      addon.releaseFrame(answer.frame.id);
      throw thrown;
    }
  }

  async #everything(
    message: EverythingMessage,
    { client, ...terms }: EverythingTerms,
  ): Promise<{ readonly masks: MasksMessage; readonly edges: EdgeMap | null }> {
    const { addon, encodings, polygonTolerancePx, everything } = this.#options;
    const { camera: name } = message;
    try {
      const camera = this.#camera(name);
      if (terms.requested) this.#rates.check({ what: 'everything', camera: name, client });
      const { strategy, grid } = everything.get(name) ?? EVERYTHING_DEFAULTS;
      const thresholds = this.#options.thresholds();
      const made = await answerEverything(
        { ...terms, camera, message },
        {
          ...this.#model('request'),
          addon,
          defaults: { strategy, grid },
          thresholds,
          encodings,
          polygonTolerancePx,
        },
      );
      this.#counters.everything(made.prompts, made.message.masks.length, made.message.timing);
      return { masks: this.remember(name, made.frame, made), edges: made.edges };
    } catch (thrown) {
      throw this.#failed(thrown);
    }
  }

  #failed(thrown: unknown): SamwireError {
    const error = toSamwireError(thrown);
    if (!(error instanceof Withdrawn)) this.#counters.failed(error.code);
    return error;
  }

  #model(what: string): { readonly scheduler: Scheduler; readonly segmenter: Segmenter } {
    const scheduler = this.#options.scheduler();
    const segmenter = this.#options.segmenter();
    if (scheduler && segmenter) return { scheduler, segmenter };
    throw new SamwireError(
      'overloaded',
      `The model is still being loaded; send the ${what} again in a moment.`,
    );
  }

  /** Keeps the camera's last answer, for snapshots and smaller messages. Takes over a handle on its frame. */
  remember(name: string, frame: NativeFrameInfo, { message, lowres, drawable }: Answer): MasksMessage {
    const before = this.#last.get(name);
    this.#made.set(message.masks, { lowres, drawable });
    this.#last.set(name, { frame, masks: drawable });
    if (before) this.#options.addon.releaseFrame(before.frame.id);
    return message;
  }

  #camera(name: string): Camera {
    const camera = this.#options.cameras.get(name);
    if (camera) return camera;
    throw new SamwireError('unknown_camera', `Expected one of ${this.cameras().join(', ')}, got "${name}".`);
  }
}
