/** The addon's surface. TypeScript validates and explains, C++ rechecks; errors are `SamwireError` with a code. */

import type { NativeBuildRequest, NativeBuildResult, TensorrtStatus } from './build-types.js';
import type { NativeColours } from './colours.js';
import type { NativeDepth } from './depth-types.js';
import type { NativeEdges } from './edge-types.js';
import type { NativePatches } from './patches.js';
import type { NativeRuns } from './runs.js';

export type PixelFormat =
  | 'NV12'
  | 'I420'
  | 'YUY2'
  | 'BGRx'
  | 'RGBx'
  | 'RGB'
  | 'BGR'
  | 'GRAY8'
  // Depth, and no picture.
  | 'GRAY16_LE'
  | 'GRAY16_BE';

/** A frame in the process-wide registry. Whoever got the id from `createFrame` or `acquire` owes one `releaseFrame`. */
export interface NativeFrameInfo {
  readonly id: number;
  readonly seq: number;
  /** Capture time, ms since the Unix epoch. */
  readonly timestamp: number;
  /** Position in the stream (file) in ms, -1 where unknown. */
  readonly positionMs: number;
  readonly width: number;
  readonly height: number;
  readonly format: PixelFormat;
}

/** A manifest's `image` block in the addon's terms. */
export interface NativeImageSpec {
  /** Tensor size; ignored where `fit` is native. */
  readonly width: number;
  readonly height: number;
  readonly fit: 'letterbox' | 'letterbox-centred' | 'stretch' | 'native';
  readonly rounding: 'floor' | 'round' | 'half-even';
  readonly filter: `${'bilinear' | 'bicubic'}${'' | '-antialias'}` | 'bilinear-antialias-float' | 'area';
  readonly channels: 'rgb' | 'bgr';
  readonly scale: number;
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
  /** null: pad with zeros after normalising; a level: pad with it before. */
  readonly padLevel: number | null;
}

/** Where the resized picture lies in the encoder's input tensor. */
export interface Placement {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly tensorWidth: number;
  readonly tensorHeight: number;
}

export interface NativeMaskSpec {
  readonly gridWidth: number;
  readonly gridHeight: number;
  readonly placement: Placement;
  readonly frameWidth: number;
  readonly frameHeight: number;
  /** True: grid → input → crop → frame (SAM). False: crop the grid → frame (NanoSAM). */
  readonly viaInput: boolean;
  readonly threshold: number;
  readonly inclusive: boolean;
  readonly stabilityOffset: number;
}

export interface NativeMask {
  /** COCO compressed counts, column-major. */
  readonly counts: string;
  readonly area: number;
  /** [x1, y1, exclusive x2, y2], null when the area is 0. */
  readonly box: [number, number, number, number] | null;
  readonly stability: number;
}

export type NativeCameraEvent =
  | {
      readonly type: 'frame';
      readonly seq: number;
      readonly timestamp: number;
      readonly width: number;
      readonly height: number;
    }
  | { readonly type: 'playing' }
  | { readonly type: 'end' }
  | { readonly type: 'error'; readonly message: string };

export interface NativeCameraOptions {
  /** A gst-launch description without its sink; `native` appends the appsink. Made by `cameraPipeline`. */
  readonly pipeline: string;
  /** 16-bit depth in the place of pictures. */
  readonly depth?: boolean;
  /** Real-time pacing at the sink (files); false for live sources. */
  readonly sync: boolean;
  readonly loop: boolean;
  readonly historyMs: number;
  readonly historyBytes: number;
  readonly clockOffsetMs: number;
  /** The first frame gets this seq + 1, so that seq goes on over reconnects. */
  readonly lastSeq: number;
}

export interface CameraPipelineOptions {
  readonly source: string;
  readonly depth?: boolean;
  readonly width?: number;
  readonly height?: number;
  readonly fps?: number;
}

export interface CameraPipeline {
  readonly pipeline: string;
  readonly sync: boolean;
  readonly loop: boolean;
  readonly live: boolean;
}

/** One open camera. `close()` resolves when its threads are `stopped()`, or hang for 5 s; acquired frames stay valid. */
export interface NativeCamera {
  /** The newest frame held, or the one asked for; null when none matches. The caller owes a `releaseFrame`. */
  acquire(
    which: 'latest' | { seq: number } | { timestamp: number; toleranceMs: number },
  ): NativeFrameInfo | null;
  /**
   * Of a camera of depth: its picture nearest in time to a frame of another camera, if no further away than `toleranceMs`,
   * stays with that frame until its last handle is released. A nearer one takes the place of one linked before. Does
   * nothing for a frame without a handle.
   */
  link(frameId: number, toleranceMs: number): void;
  /** Frames received, dropped since open; frames and bytes held now; oldest and newest seq held. */
  stats(): { frames: number; held: number; heldBytes: number; oldestSeq: number; newestSeq: number };
  close(): Promise<void>;
  stopped(): boolean;
}

/** A model for the TensorRT backend; native/tensorrt/segmenter.h says what each means. */
export interface NativeTensorrtModel {
  readonly image: NativeImageSpec;
  readonly encoder: {
    readonly image: string;
    readonly embedding: string;
    /** Further outputs that the decoder takes under the same names. */
    readonly features: readonly string[];
  };
  readonly decoder: {
    readonly embeddings: string;
    readonly coords: string;
    readonly labels: string;
    readonly lowRes: string;
    readonly iou: string;
    /** Empty where the model takes no mask. */
    readonly maskInput: string;
    readonly hasMaskInput: string;
    /** Empty where the decoder does not ask for the frame's size. */
    readonly origSize: string;
  };
  readonly coordsRank: 3 | 4;
  readonly gridWidth: number;
  readonly gridHeight: number;
  readonly candidates: number;
  readonly maxPrompts: number;
  readonly maxPoints: number;
  /** Candidates that the best is taken of by planes -3 and -4 of a task. */
  readonly multi: readonly number[];
  /** Of plane -4: 0 where the model has none. */
  readonly stabilityDelta: number;
  readonly stabilityThreshold: number;
  /** Kept logits are cut at ± this; 0: as they are. */
  readonly refineClamp: number;
}

export interface NativeTensorrtOptions {
  readonly encoderPlan: string;
  readonly decoderPlan: string;
  readonly device: number;
  readonly dlaCore: number;
  readonly embeddingsKept: number;
  readonly logitsKept: number;
  readonly requestsAtOnce: number;
  readonly frameWidth: number;
  readonly frameHeight: number;
}

/**
 * A mask that is wanted: `plane` is a candidate, or a choice of the device: -1 the best score, -2 SAM's official one, -3 the
 * best score of the model's `multi`, -4 SAM 2's stable one. `keep` is a slot or -1.
 */
export interface NativeMaskTask {
  readonly row: number;
  readonly plane: number;
  readonly keep: number;
}

export interface NativePromptGroup {
  readonly rows: number;
  readonly points: number;
  /** [rows, points, 2]. */
  readonly coords: Float32Array;
  /** [rows, points]. */
  readonly labels: Float32Array;
  /** Absent: no prompt of the group starts from a mask. null: this one does not; a number: a slot; else logits. */
  readonly starts?: readonly (null | number | Float32Array)[];
  readonly tasks: readonly NativeMaskTask[];
}

export interface NativeTensorrtMask {
  /** The candidate that was chosen. */
  readonly plane: number;
  readonly score: number;
  readonly mask: NativeMask;
  readonly lowres: {
    readonly size: [number, number];
    readonly counts: string;
    readonly scale: [number, number];
  };
}

export interface NativeTensorrtAnswer {
  /** [group][task]. */
  readonly masks: readonly (readonly NativeTensorrtMask[])[];
  readonly prepareMs: number;
  readonly encodeMs: number;
  readonly decodeMs: number;
  readonly maskMs: number;
  readonly embeddingReused: boolean;
}

export interface NativeDeviceMemory {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** Engines on a device with their inference thread. */
export interface NativeTensorrt {
  /**
   * Masks of a frame, which the addon holds until the promise settles. Rejects with a SamwireError: `model_failed`,
   * `device_failed` (the GPU is lost: the process must end), `overloaded`, `frame_evicted`.
   */
  segment(
    frameId: number,
    mask: NativeMaskSpec,
    groups: readonly NativePromptGroup[],
  ): Promise<NativeTensorrtAnswer>;
  stats(): {
    readonly deviceBytes: number;
    readonly graphs: number;
    readonly plainEnqueues: number;
    readonly allocations: number;
  };
  /**
   * The device's memory, whoever uses it; on an integrated GPU the machine's own. Asked on the inference thread, in turn
   * with the requests. Rejects as `segment` does.
   */
  memory(): Promise<NativeDeviceMemory>;
  /** Resolves when its thread has ended; requests that were not begun are rejected with `model_failed`. */
  close(): Promise<void>;
}

export interface NativeAddon extends NativeColours, NativeDepth, NativeEdges, NativePatches, NativeRuns {
  about(): { readonly version: string; readonly gstreamer: string; readonly simd: string };

  /** Looks at the library and the device; cheap after the first call. */
  tensorrtStatus(device?: number): TensorrtStatus;
  /**
   * Builds one engine and blocks the thread for minutes: for a process of its own. Writes its progress as lines of
   * JSON `{"phase","fraction"}` to the file descriptor. Throws SamwireError `model_failed` or `device_failed`.
   */
  buildEngine(request: NativeBuildRequest, progressFd: number): NativeBuildResult;
  /** Loads and warms the engines, off the JS thread. Rejects with a SamwireError as native/tensorrt/segmenter.h says. */
  openTensorrt(model: NativeTensorrtModel, options: NativeTensorrtOptions): Promise<NativeTensorrt>;

  /** Hands the addon the class that its errors are made of: `new ErrorClass(code, message)`. */
  setErrorClass(errorClass: new (code: never, message: string) => Error): void;

  /** The depth picture that was linked to a frame with a handle (`NativeCamera.link`); its `id` is no handle. */
  linkedDepth(frameId: number): NativeFrameInfo | null;

  /**
   * One datagram to the service manager's socket, as NOTIFY_SOCKET names it; never blocks. False when its queue is full;
   * throws where nobody listens.
   */
  notifyManager(address: string, text: string): boolean;
  /** Ends the process at once. `process.exit` would wait for a worker thread that is inside onnxruntime. */
  exitNow(exitCode: number): void;

  /** Copies a picture in. `data` is packed rows without padding in `format`. */
  createFrame(options: {
    readonly format: PixelFormat;
    readonly width: number;
    readonly height: number;
    readonly data: Uint8Array;
    readonly timestamp: number;
    readonly seq: number;
  }): NativeFrameInfo;
  /** A part [x1, y1, exclusive x2, y2] of a frame as a frame of its own, its pixels those of `frameRgb`. Owes a `releaseFrame`. */
  cropFrame(id: number, box: readonly [number, number, number, number]): NativeFrameInfo;
  /** A second handle on a frame held by anybody; false when it is gone. */
  retainFrame(id: number): boolean;
  releaseFrame(id: number): void;
  /** Copies the frame out as packed RGB, width × height × 3 bytes: 5 ms for 1080p. Off the pipeline: snapshot, overlay. */
  frameRgb(id: number): Buffer;
  /**
   * The frame as packed RGB of this size, which is at most its own, off this thread; each pixel is the mean of those that it
   * stands for. The frame needs its handle for the call only. Resolves with `out`, which nobody may touch or detach before
   * (width × height × 3 bytes), or with a new Buffer. At camera rate pass `out`: V8 collects garbage for each few megabytes
   * of new ones.
   */
  scaledRgb(id: number, width: number, height: number): Promise<Buffer>;
  scaledRgb<Out extends Uint8Array>(id: number, width: number, height: number, out: Out): Promise<Out>;
  /** Number of frames with a JS handle, for leak checks. */
  framesInUse(): number;

  place(spec: NativeImageSpec, width: number, height: number): Placement;
  /** Resizes and normalises into `out`, float32 CHW; its length must be 3 × tensorHeight × tensorWidth. */
  prepareImage(frameId: number, spec: NativeImageSpec, out: Float32Array): Placement;

  /**
   * Masks of `logits` [n, gridHeight, gridWidth]; `indices` names the planes wanted (all when absent).
   */
  masksFromLogits(logits: Float32Array, spec: NativeMaskSpec, indices?: readonly number[]): NativeMask[];
  /** The grid itself, thresholded and cropped to the frame's part, as compressed RLE. */
  lowResMask(
    logits: Float32Array,
    spec: NativeMaskSpec,
    index: number,
  ): { size: [number, number]; counts: string; scale: [number, number] };

  /**
   * Masks of objects whose logits are their coefficients times the prototypes: `prototypes` [k, gridHeight, gridWidth],
   * `coefficients` [n, k], `boxes` [n, 4] as x1, y1, x2, y2 in frame pixels, which each mask is cut to after enlarging.
   */
  masksFromPrototypes(
    prototypes: Float32Array,
    coefficients: Float32Array,
    boxes: Float32Array,
    spec: NativeMaskSpec,
  ): readonly { readonly mask: NativeMask; readonly lowres: NativeTensorrtMask['lowres'] }[];
  /** Pixels of the mask with x1 <= x < x2 and y1 <= y < y2, all whole numbers. */
  rleAreaInBox(
    counts: string,
    width: number,
    height: number,
    x1: number,
    y1: number,
    x2: number,
    y2: number,
  ): number;
  /** Layer upon layer: a mask that is added, or taken away from what lies below it. */
  layRles(
    layers: readonly { readonly counts: string; readonly add: boolean }[],
    width: number,
    height: number,
  ): NativeMask;

  /** Throws `invalid_message` when the string is malformed or its runs do not sum to width × height. */
  rleToMask(counts: string, width: number, height: number): Uint8Array;
  /** `mask`: row-major, non-zero is inside. */
  maskToRle(mask: Uint8Array, width: number, height: number): NativeMask;
  rleToPolygons(
    counts: string,
    width: number,
    height: number,
    tolerancePx: number,
  ): { outer: number[]; holes: number[][] }[];
  /** Intersection over union of two compressed RLEs of one size, exact; 0 where both are empty. */
  rleIou(a: string, b: string, width: number, height: number): number;
  /** [x, y] of the mask's pixel farthest from everything outside (native/mask/deepest.h); null when it is empty. */
  rleDeepest(counts: string, width: number, height: number): [number, number] | null;
  /** [x, y], the mean of the mask's pixels (native/mask/centroid.h); null when it is empty. */
  rleCentroid(counts: string, width: number, height: number): [number, number] | null;
  /** The mask of COCO polygons, each x1, y1, x2, y2, …, as pycocotools fills them (native/mask/polygon_fill.h). */
  polygonsToRle(polygons: readonly Float64Array[], width: number, height: number): NativeMask;
  /**
   * Raises `strength` (frame width × height, 0 at the start) to the soft edges of one plane of logits, as
   * native/edges/soft_edges.h has it.
   */
  addSoftEdges(logits: Float32Array, spec: NativeMaskSpec, index: number, strength: Float32Array): void;
  /** A mask prompt as decoder input: the RLE's mask averaged into the grid at its letterboxed place, as ±magnitude logits. */
  rleToLogits(counts: string, spec: NativeMaskSpec, magnitude: number, out: Float32Array): void;

  cameraPipeline(options: CameraPipelineOptions): CameraPipeline;
  openCamera(options: NativeCameraOptions, onEvent: (event: NativeCameraEvent) => void): NativeCamera;
  /** Which of these GStreamer elements exist on this machine. */
  gstElements(names: readonly string[]): Record<string, boolean>;
}
