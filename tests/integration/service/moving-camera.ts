/** A camera that shows two plain objects which move to and fro, and where they are on each of its frames. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { directory } from './harness.js';

export const [WIDTH, HEIGHT] = [320, 240];
/** Pictures of one way there and back: an object moves by a pixel or two from one to the next. */
const PICTURES = 64;
const RADIUS = 30;

type Corners = readonly [number, number, number, number];

/** Tight round each object on the frame of this seq. */
export function truth(seq: number): { readonly disc: Corners; readonly square: Corners } {
  const phase = ((seq - 1) % PICTURES) / PICTURES;
  const way = phase < 0.5 ? 2 * phase : 2 - 2 * phase;
  const around = (x: number, y: number): Corners => [x - RADIUS, y - RADIUS, x + RADIUS, y + RADIUS];
  return { disc: around(Math.round(60 + 60 * way), 70), square: around(250, Math.round(180 - 50 * way)) };
}

async function picture(seq: number): Promise<Buffer> {
  const { disc, square } = truth(seq);
  const rgb = Buffer.alloc(WIDTH * HEIGHT * 3);
  for (let y = 0; y < HEIGHT; y += 1)
    for (let x = 0; x < WIDTH; x += 1) {
      const [dx, dy] = [x + 0.5 - disc[0] - RADIUS, y + 0.5 - disc[1] - RADIUS];
      const inDisc = dx * dx + dy * dy < RADIUS * RADIUS;
      const inSquare = x >= square[0] && x < square[2] && y >= square[1] && y < square[3];
      const ground = 70 + Math.round((x * 40) / WIDTH);
      const colour = inDisc ? [230, 120, 30] : inSquare ? [40, 90, 220] : [ground, ground + 10, ground];
      rgb.set(colour, (y * WIDTH + x) * 3);
    }
  return sharp(rgb, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } })
    .png()
    .toBuffer();
}

export async function movingCamera(fps: number): Promise<{ readonly source: string }> {
  const dir = await directory();
  for (let i = 0; i < PICTURES; i += 1)
    await writeFile(join(dir, `${String(i).padStart(3, '0')}.png`), await picture(i + 1));
  const files = `multifilesrc location=${dir}/%03d.png stop-index=${PICTURES - 1} loop=true`;
  const caps = `caps=image/png,framerate=${fps}/1`;
  return {
    source: `gst://${files} ${caps} ! pngdec ! identity sync=true ! videoconvert ! video/x-raw,format=RGB`,
  };
}

export function boxIou(a: Corners, b: Corners): number {
  const side = (low: 0 | 1, high: 2 | 3): number =>
    Math.max(0, Math.min(a[high], b[high]) - Math.max(a[low], b[low]));
  const areaOf = (box: Corners): number => (box[2] - box[0]) * (box[3] - box[1]);
  const shared = side(0, 2) * side(1, 3);
  return shared / (areaOf(a) + areaOf(b) - shared);
}
