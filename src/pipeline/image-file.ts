import sharp from 'sharp';
import { SamwireError } from '../errors.js';
import type { NativeAddon, NativeFrameInfo } from '../native/types.js';

/** A still picture as a frame of the addon. The caller owes one `releaseFrame`. */
export interface LoadedImage {
  readonly frame: NativeFrameInfo;
  /** Packed RGB, width × height × 3. */
  readonly rgb: Buffer;
}

/** libvips reads more (SVG and PDF among them), which no camera and no photograph is. */
const FORMATS: readonly string[] = ['jpeg', 'png', 'webp', 'tiff', 'gif', 'heif'];

export interface LoadImageOptions {
  readonly addon: Pick<NativeAddon, 'createFrame'>;
  readonly maxPixels: number;
  /** Names the picture in errors. */
  readonly name: string;
  /** Waited for when the picture's size is known, before it is decoded. */
  readonly admit?: (pixels: number) => Promise<void>;
  /** When it was taken, ms since the Unix epoch. Default: now. */
  readonly timestamp?: number;
}

/**
 * Decodes a JPEG, PNG, WebP, TIFF, GIF or AVIF picture to RGB, upright by its EXIF orientation (as cv2.imread, which
 * SAM's own examples use), an alpha channel left out, 16-bit levels cut to 8.
 * @throws SamwireError `invalid_image` or `too_large`.
 */
export async function loadImage(
  input: string | Uint8Array,
  { addon, maxPixels, name, admit, timestamp = Date.now() }: LoadImageOptions,
): Promise<LoadedImage> {
  const { data, width, height } = await decode(input, { maxPixels, name, ...(admit && { admit }) });
  const frame = addon.createFrame({ format: 'RGB', width, height, data, timestamp, seq: 0 });
  return { frame, rgb: data };
}

async function decode(
  input: string | Uint8Array,
  { maxPixels, name, admit }: Pick<LoadImageOptions, 'maxPixels' | 'name' | 'admit'>,
): Promise<{ data: Buffer; width: number; height: number }> {
  try {
    const header = await sharp(input, { limitInputPixels: false }).metadata();
    if (!FORMATS.includes(header.format)) throw new Error(`its format is ${header.format}`);
    const pixels = header.width * header.height;
    if (pixels > maxPixels)
      throw new SamwireError(
        'too_large',
        `${name} has ${header.width}×${header.height} = ${pixels} pixels; expected at most ${maxPixels} (pipeline.maxImagePixels).`,
      );
    await admit?.(pixels);
    const { data, info } = await sharp(input, { limitInputPixels: maxPixels, failOn: 'error' })
      .rotate()
      .removeAlpha()
      .toColourspace('srgb')
      .raw()
      .toBuffer({ resolveWithObject: true });
    return { data, width: info.width, height: info.height };
  } catch (cause) {
    if (cause instanceof SamwireError) throw cause;
    const reason = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
    throw new SamwireError(
      'invalid_image',
      `${name} can't be read as a picture: ${reason}. Expected a whole JPEG, PNG, WebP, TIFF, GIF or AVIF file.`,
      { cause },
    );
  }
}
