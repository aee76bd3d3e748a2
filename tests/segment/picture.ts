import sharp from 'sharp';

/** A picture that a test made: packed RGB. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
}

/** A disc and a bar on a ground of waves and gradients: flat areas, edges, no two channels or quarters alike. */
export function testPicture(width: number, height: number): Picture {
  const [cx, cy, radius] = [width * 0.36, height * 0.45, Math.min(width, height) * 0.27];
  const rgb = Uint8Array.from({ length: 3 * width * height }, (_, i) => {
    const [c, x, y] = [i % 3, Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
    const inDisc = Math.hypot(x - cx, y - cy) < radius;
    const inBar = x > width * 0.7 && x < width * 0.83 && y > height * 0.15;
    const thing = inDisc ? [150, 20, 60] : inBar ? [10, 60, 140] : [0, 80, 20];
    return Math.round((thing[c] ?? 0) + 40 * Math.sin(x / (9 + 7 * c)) ** 2 + (60 * (2 - c) * y) / height);
  });
  return { width, height, rgb };
}

export async function encode(
  { rgb, width, height }: Picture,
  format: 'png' | 'jpeg' = 'png',
): Promise<Buffer> {
  return sharp(rgb, { raw: { width, height, channels: 3 } })
    .toFormat(format)
    .toBuffer();
}
