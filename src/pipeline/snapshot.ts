import { createPause } from '../everything/pause.js';
import type { Camera } from '../frames/camera.js';
import type { MaskItem } from '../masks/types.js';
import type { Snapshot, SnapshotOptions } from '../mqtt/service.js';
import type { NativeAddon, NativeFrameInfo } from '../native/types.js';
import { type OverlayOptions, overlaySteps } from '../outputs/overlay.js';
import type { FrameSize } from '../prompts/resolve.js';
import { type JpegStep, toJpeg } from './jpeg.js';
import { namedFrame, newestFrame } from './schedule/frame-choice.js';

/** How a snapshot is tried until it fits the packet. */
const STEPS: readonly JpegStep[] = [
  { quality: 85, share: 1 },
  { quality: 60, share: 1 },
  { quality: 60, share: 0.5 },
  { quality: 50, share: 0.25 },
];

/** A frame and the masks on it. */
export interface Overlaid {
  readonly frame: NativeFrameInfo;
  readonly masks: readonly MaskItem[];
}

export interface TakeSnapshotOptions extends SnapshotOptions {
  readonly camera: Camera;
  readonly addon: NativeAddon;
  /** The camera's last answer; its frame may be gone. */
  readonly last?: Overlaid | undefined;
}

/**
 * Width and height are the frame's; the JPEG is smaller where the packet or `width` demands it.
 * @throws SamwireError `no_frame`, `frame_evicted`, `too_large`
 */
export async function takeSnapshot(options: TakeSnapshotOptions): Promise<Snapshot> {
  const { addon, overlay, width: maxWidth = Number.POSITIVE_INFINITY, maxBytes } = options;
  const { frame, masks } = shown(options);
  try {
    const { width, height, seq, timestamp } = frame;
    // Masks are drawn at the frame's own size; what has none is made smaller as it is converted.
    const size = masks.length > 0 ? frame : atMost(frame, maxWidth);
    const rgb = await addon.scaledRgb(frame.id, size.width, size.height);
    const decode = (counts: string): Uint8Array => addon.rleToMask(counts, width, height);
    const picture = masks.length > 0 ? await drawn({ rgb, width, height, masks, decode }) : rgb;
    const smaller = Math.min(1, maxWidth / size.width);
    const steps = STEPS.map(({ quality, share }) => ({ quality, share: share * smaller }));
    const jpeg = await toJpeg(picture, size, { steps, maxBytes });
    return { width, height, seq, timestamp, drawn: overlay ? masks.length : null, jpeg };
  } finally {
    addon.releaseFrame(frame.id);
  }
}

/** A full picture of masks takes a second of this thread. */
async function drawn(options: OverlayOptions): Promise<Buffer> {
  const pause = createPause();
  const steps = overlaySteps(options);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    await pause();
  }
}

function atMost({ width, height }: FrameSize, maxWidth: number): FrameSize {
  if (width <= maxWidth) return { width, height };
  return { width: maxWidth, height: Math.max(1, Math.round((height * maxWidth) / width)) };
}

/** The frame, with a handle, and what is drawn on it. */
function shown({ camera, addon, last, overlay, seq }: TakeSnapshotOptions): Overlaid {
  const wanted = last && (seq === undefined ? overlay : last.frame.seq === seq);
  if (wanted && addon.retainFrame(last.frame.id))
    return { frame: last.frame, masks: overlay ? last.masks : [] };
  return { frame: seq === undefined ? newestFrame(camera) : namedFrame(camera, { seq }), masks: [] };
}
