import type { NativeAddon, NativeFrameInfo } from '../native/types.js';
import { toJpeg } from './jpeg.js';

export interface FrameJpegOptions {
  readonly addon: Pick<NativeAddon, 'frameRgb'>;
  /** Of the JPEG, at most the frame's. */
  readonly width: number;
  readonly quality: number;
}

/** A frame with a handle as a JPEG. */
export async function frameJpeg(
  frame: Pick<NativeFrameInfo, 'id' | 'width' | 'height'>,
  { addon, width, quality }: FrameJpegOptions,
): Promise<Buffer> {
  const rgb = addon.frameRgb(frame.id);
  const steps = [{ quality, share: width / frame.width }];
  return toJpeg(rgb, frame, { steps, maxBytes: Number.POSITIVE_INFINITY });
}
