import sharp from 'sharp';
import type { NativeAddon, NativeFrameInfo } from '../native/types.js';
import { RgbMemory } from './rgb-memory.js';

export interface FrameJpegOptions {
  /** Of the JPEG, at most the frame's; the height follows. */
  readonly width: number;
  /** 1..100. */
  readonly quality: number;
}

/** Makes frames JPEGs at camera rate. */
export class FrameJpegs {
  readonly #addon: Pick<NativeAddon, 'scaledRgb'>;
  readonly #memory = new RgbMemory();

  constructor(addon: Pick<NativeAddon, 'scaledRgb'>) {
    this.#addon = addon;
  }

  /**
   * Made on libuv's threads; whoever calls it bounds how many are made at a time. The frame needs its handle for the call
   * only.
   * @throws SamwireError `frame_evicted`
   */
  make(
    frame: Pick<NativeFrameInfo, 'id' | 'width' | 'height'>,
    { width, quality }: FrameJpegOptions,
  ): Promise<Buffer> {
    const height = Math.max(1, Math.round((frame.height * width) / frame.width));
    return this.#memory.use(width * height * 3, async (out) => {
      const rgb = await this.#addon.scaledRgb(frame.id, width, height, out);
      return sharp(rgb, { raw: { width, height, channels: 3 } })
        .jpeg({ quality })
        .toBuffer();
    });
  }

  /** Frees the memory, until the next one is made. */
  rest(): void {
    this.#memory.free();
  }
}
