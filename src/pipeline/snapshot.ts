import { SamwireError } from '../errors.js';
import type { Camera } from '../frames/camera.js';
import type { MaskItem } from '../masks/types.js';
import type { Snapshot } from '../mqtt/service.js';
import type { NativeAddon, NativeFrameInfo } from '../native/types.js';
import { drawOverlay } from '../outputs/overlay.js';
import { type JpegStep, toJpeg } from './jpeg.js';

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

export interface TakeSnapshotOptions {
  readonly camera: Camera;
  readonly addon: NativeAddon;
  /** To be drawn, as long as its frame is still held. */
  readonly last?: Overlaid | undefined;
  readonly maxBytes: number;
}

/**
 * The newest frame, or the one of `last` with its masks. Width and height are the frame's; the JPEG is smaller where
 * the packet demands it.
 * @throws SamwireError `no_frame`, `too_large`
 */
export async function takeSnapshot({
  camera,
  addon,
  last,
  maxBytes,
}: TakeSnapshotOptions): Promise<Snapshot> {
  const held = last && addon.retainFrame(last.frame.id) ? last.frame : undefined;
  const frame = held ?? camera.acquire('latest');
  if (!frame)
    throw new SamwireError('no_frame', `Camera ${camera.name} is ${camera.state.state} and holds no frame.`);
  try {
    const { width, height, seq, timestamp } = frame;
    const rgb = addon.frameRgb(frame.id);
    const decode = (counts: string): Uint8Array => addon.rleToMask(counts, width, height);
    const picture = held && last ? drawOverlay({ rgb, width, height, masks: last.masks, decode }) : rgb;
    return { width, height, seq, timestamp, jpeg: await toJpeg(picture, frame, { steps: STEPS, maxBytes }) };
  } finally {
    addon.releaseFrame(frame.id);
  }
}
