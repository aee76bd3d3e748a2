import sharp from 'sharp';
import type { NativeAddon, NativeFrameInfo } from '../native/types.js';

export interface FrameJpegOptions {
  readonly addon: Pick<NativeAddon, 'scaledRgb'>;
  /** Of the JPEG, at most the frame's; the height follows. */
  readonly width: number;
  /** 1..100. */
  readonly quality: number;
}

/**
 * A frame as a JPEG, made on libuv's threads. The frame needs its handle for the call only.
 * @throws SamwireError `frame_evicted`
 */
export async function frameJpeg(
  frame: Pick<NativeFrameInfo, 'id' | 'width' | 'height'>,
  { addon, width, quality }: FrameJpegOptions,
): Promise<Buffer> {
  const height = Math.max(1, Math.round((frame.height * width) / frame.width));
  const rgb = await addon.scaledRgb(frame.id, width, height);
  return sharp(rgb, { raw: { width, height, channels: 3 } })
    .jpeg({ quality })
    .toBuffer();
}
