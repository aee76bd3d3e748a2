import type { Logger } from 'pino';
import type { NativeDepthModel } from '../native/depth-types.js';
import type { NativeAddon, NativeFrameInfo } from '../native/types.js';
import { type ArrivedFrame, Camera, type CameraStats } from './camera.js';
import type { CameraDepth, DepthCounts, DepthMeter } from './depth.js';
import type { CameraState } from './supervision.js';

export interface DepthOptions {
  /** Of the camera whose depth this is. */
  readonly camera: string;
  readonly source: string;
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  readonly fps?: number | undefined;
  /** Of the depth picture's own size, whole coordinates at pixel centres. */
  readonly intrinsics: { readonly fx: number; readonly fy: number; readonly cx: number; readonly cy: number };
  /** Metres per unit. */
  readonly scale: number;
  /** Metres: what is nearer or farther has no depth. */
  readonly range?: readonly [nearest: number, farthest: number] | undefined;
  /** How far in capture time a depth picture may be from the frame. */
  readonly toleranceMs: number;
  readonly clockOffsetMs: number;
  readonly historyMs: number;
}

export interface DepthStats extends Omit<CameraStats, 'depth'>, DepthCounts {
  readonly state: CameraState['state'];
  /** Why the last answer had none; null where it had one. */
  readonly problem: string | null;
}

type AddonDepth = Pick<
  NativeAddon,
  'cameraPipeline' | 'openCamera' | 'retainFrame' | 'releaseFrame' | 'measureDepth' | 'linkedDepth'
>;

/** Frames that wait for the depth picture behind them; more, and the oldest keeps the one that it has. */
const MAX_OPEN = 64;
/** Pictures whose sides differ by more than this share are not of one field of view. */
const SHAPE_TOLERANCE = 0.02;
/** 0 is no depth with every camera, 65535 what is too far for one. */
const LARGEST_UNIT = 65_534;

/**
 * The depth pictures that belong to a camera's frames: a second source, supervised by itself. A frame gets the picture
 * nearest in capture time as soon as somebody holds it, and lets go of it with its last handle (`NativeCamera.link`);
 * so the depth is still there when an answer takes longer than the history.
 */
export class DepthSource implements CameraDepth {
  readonly #addon: AddonDepth;
  readonly #options: DepthOptions;
  readonly #model: NativeDepthModel;
  readonly #camera: Camera;
  readonly #log: Logger;
  /** Frames that are newer than the newest depth picture, by id. */
  readonly #open = new Map<number, NativeFrameInfo>();
  #newestMs = Number.NEGATIVE_INFINITY;
  #matched = 0;
  #missed = 0;
  #problem: string | null = null;
  #told = '';

  constructor(addon: AddonDepth, options: DepthOptions, log: Logger) {
    const { camera, source, width, height, fps, clockOffsetMs, historyMs } = options;
    this.#addon = addon;
    this.#options = options;
    this.#model = depthModel(options);
    this.#log = log.child({ camera, part: 'depth' });
    this.#camera = new Camera(
      addon,
      {
        name: `${camera} (depth)`,
        kind: 'depth',
        source,
        ...(width === undefined ? {} : { width }),
        ...(height === undefined ? {} : { height }),
        ...(fps === undefined ? {} : { fps }),
        clockOffsetMs,
        historyMs,
      },
      log,
    );
  }

  /** Never throws: what is wrong becomes its state. */
  start(): void {
    this.#camera.onFrame((picture) => this.#onPicture(picture));
    this.#camera.start();
  }

  get state(): CameraState {
    return this.#camera.state;
  }

  stats(): DepthStats {
    return {
      ...this.#camera.stats(),
      state: this.#camera.state.state,
      matched: this.#matched,
      missed: this.#missed,
      problem: this.#problem,
    };
  }

  /** The frame, which has a handle, keeps the nearest depth picture from now on. */
  link(frame: NativeFrameInfo): void {
    this.#camera.link(frame.id, this.#options.toleranceMs);
    if (this.#newestMs >= frame.timestamp) return;
    this.#open.set(frame.id, frame);
    const [oldest] = this.#open.keys();
    if (this.#open.size > MAX_OPEN && oldest !== undefined) this.#open.delete(oldest);
  }

  meter(frame: NativeFrameInfo): DepthMeter {
    this.#camera.link(frame.id, this.#options.toleranceMs);
    const picture = this.#addon.linkedDepth(frame.id);
    const problem = picture ? unlike(picture, frame) : { kind: 'away', text: this.#absence(frame) };
    this.#note(problem);
    if (!picture || problem) return () => undefined;
    const skewMs = Math.round((picture.timestamp - frame.timestamp) * 1000) / 1000;
    return ({ counts, size: [height, width] }) => {
      const measured = this.#addon.measureDepth(frame.id, counts, width, height, this.#model);
      if (!measured || measured.valid === 0) return null;
      const { median, valid, pixels, centroid } = measured;
      const metres = rounding(this.#model.scale);
      return {
        median: metres(median * this.#model.scale),
        coverage: Math.round((valid / pixels) * 10_000) / 10_000,
        centroid: [metres(centroid[0]), metres(centroid[1]), metres(centroid[2])],
        skewMs,
      };
    };
  }

  async restart(): Promise<void> {
    await this.#camera.restart();
  }

  async close(): Promise<void> {
    this.#open.clear();
    await this.#camera.close();
  }

  /** Depth of the same instant mostly comes after the frame: those who wait for it look again. */
  #onPicture({ timestamp, width, height }: ArrivedFrame): void {
    if (this.#newestMs === Number.NEGATIVE_INFINITY) this.#checkIntrinsics(width, height);
    this.#newestMs = timestamp;
    for (const [id, frame] of this.#open) {
      this.#camera.link(id, this.#options.toleranceMs);
      if (timestamp >= frame.timestamp) this.#open.delete(id);
    }
  }

  /** A principal point outside of the picture is possible, of a cut-out; mostly the numbers are of another size. */
  #checkIntrinsics(width: number, height: number): void {
    const { cx, cy } = this.#options.intrinsics;
    if (cx >= 0 && cx < width && cy >= 0 && cy < height) return;
    this.#log.warn(
      { cx, cy, width, height },
      'the principal point lies outside of the depth picture; depth.intrinsics must be of its own size',
    );
  }

  #absence(frame: NativeFrameInfo): string {
    const { state, error } = this.#camera.state;
    if (state !== 'streaming') return error?.message ?? `The depth source is ${state}.`;
    const behindMs = Math.round(frame.timestamp - this.#newestMs);
    const newest = Number.isFinite(behindMs)
      ? `; the newest one is ${Math.abs(behindMs)} ms ${behindMs > 0 ? 'older' : 'younger'}`
      : '';
    return `No depth picture was captured within ${this.#options.toleranceMs} ms (depth.toleranceMs) of frame ${frame.seq}${newest}.`;
  }

  #note(problem: Problem | null): void {
    this.#problem = problem?.text ?? null;
    if (!problem) {
      this.#matched += 1;
      return;
    }
    this.#missed += 1;
    // What keeps the source itself away is logged by its supervisor; the rest once, not for every answer.
    if (this.#camera.streaming && this.#told !== problem.kind) {
      this.#told = problem.kind;
      this.#log.warn({ reason: problem.text }, 'masks go without depth');
    }
  }
}

interface Problem {
  readonly kind: string;
  readonly text: string;
}

/** Pictures of another shape do not show the same field of view, and points would lie in wrong places. */
function unlike(picture: NativeFrameInfo, frame: NativeFrameInfo): Problem | null {
  const shape = (picture.width * frame.height) / (picture.height * frame.width);
  if (Math.abs(shape - 1) <= SHAPE_TOLERANCE) return null;
  return {
    kind: 'shape',
    text: `Expected depth aligned with the camera, so of the shape of its ${frame.width}x${frame.height} frames, got ${picture.width}x${picture.height}. Have the depth camera align its depth to colour.`,
  };
}

function depthModel({ intrinsics, scale, range }: DepthOptions): NativeDepthModel {
  const [nearest, farthest] = range ?? [0, Number.POSITIVE_INFINITY];
  // A hair of tolerance, so that 0.3 m is 300 units of 0.001 m.
  const unit = (metres: number, whole: (value: number) => number, hair: number): number =>
    Math.min(LARGEST_UNIT, Math.max(1, whole(metres / scale + hair)));
  return {
    ...intrinsics,
    scale,
    nearest: unit(nearest, Math.ceil, -1e-6),
    farthest: unit(farthest, Math.floor, 1e-6),
  };
}

/** To a tenth of a unit, or of a millimetre where a unit is more than one. */
function rounding(scale: number): (metres: number) => number {
  const digits = Math.min(12, Math.max(4, Math.ceil(-Math.log10(scale)) + 1));
  return (metres) => Number(metres.toFixed(digits));
}
