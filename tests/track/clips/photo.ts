import type { NativeAddon } from '../../../src/native/types.js';
import type { Film } from './film.js';
import { Random } from './random.js';
import { type ObjectTruth, VISIBLE_SHARE } from './truth.js';

/** A photograph and masks of things in it. */
export interface Photo {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** Packed RGB. */
  readonly rgb: Uint8Array;
  /** Row-major, non-zero inside. */
  readonly masks: readonly { readonly id: string; readonly mask: Uint8Array }[];
}

const FRAME_MS = 40;
const NOISE = 3;

/** A camera that swings over a photograph, turns a little and zooms: all things in it move, and their edges are real. */
export function photoFilm(
  photo: Photo,
  { seed, frames }: { readonly seed: number; readonly frames: number },
  addon: Pick<NativeAddon, 'maskToRle'>,
): Film {
  const { width, height } = photo;
  const random = new Random(seed);
  const period = random.between(1600, 2600);
  const reach = random.between(0.06, 0.1);
  const zoom = random.between(0.12, 0.2);
  const way = random.sign();
  /** Where in the photograph a pixel of the frame comes from. */
  const from = (t: number) => {
    const turn = (2 * Math.PI * t) / period;
    const scale = 1 - zoom * (0.5 - 0.5 * Math.cos(turn / 1.7));
    const angle = 0.06 * Math.sin(turn / 1.3);
    const [shiftX, shiftY] = [
      way * reach * width * Math.sin(turn),
      reach * height * (Math.cos(turn) - 1) * 0.5,
    ];
    const [cos, sin] = [Math.cos(angle) * scale, Math.sin(angle) * scale];
    return (x: number, y: number): readonly [number, number] => {
      const [dx, dy] = [x - width / 2, y - height / 2];
      return [width / 2 + dx * cos - dy * sin + shiftX, height / 2 + dx * sin + dy * cos + shiftY];
    };
  };
  const timesMs = Array.from({ length: frames }, (_, i) => i * FRAME_MS);
  return {
    name: photo.name,
    width,
    height,
    timesMs,
    frame: (index) => {
      const place = from(timesMs[index] as number);
      return {
        rgb: pixelsOf(photo, place, new Random(seed * 7919 + index)),
        truths: photo.masks.map(({ id, mask }) => truthOf(id, mask, { photo, place, addon })),
      };
    },
  };
}

type Place = (x: number, y: number) => readonly [number, number];

function pixelsOf({ width, height, rgb }: Photo, place: Place, random: Random): Uint8Array {
  const out = new Uint8Array(rgb.length);
  const at = (x: number, y: number, c: number): number =>
    rgb[(clamp(y, height) * width + clamp(x, width)) * 3 + c] as number;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const [u, v] = place(x, y);
      const [x0, y0] = [Math.floor(u), Math.floor(v)];
      const [fx, fy] = [u - x0, v - y0];
      for (let c = 0; c < 3; c++) {
        const top = at(x0, y0, c) * (1 - fx) + at(x0 + 1, y0, c) * fx;
        const bottom = at(x0, y0 + 1, c) * (1 - fx) + at(x0 + 1, y0 + 1, c) * fx;
        const grain = (random.next() + random.next() - 1) * NOISE * Math.sqrt(6);
        out[(y * width + x) * 3 + c] = Math.max(0, Math.min(255, top * (1 - fy) + bottom * fy + grain));
      }
    }
  return out;
}

function truthOf(
  id: string,
  mask: Uint8Array,
  {
    photo: { width, height },
    place,
    addon,
  }: { readonly photo: Photo; readonly place: Place; readonly addon: Pick<NativeAddon, 'maskToRle'> },
): ObjectTruth {
  const own = new Uint8Array(mask.length);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const [u, v] = place(x, y).map(Math.round) as [number, number];
      if (u >= 0 && v >= 0 && u < width && v < height) own[y * width + x] = mask[v * width + u] as number;
    }
  const { counts, area, box } = addon.maskToRle(own, width, height);
  if (!box) return { id, mask: null, seen: 'hidden' };
  const whole = mask.reduce((sum, value) => sum + (value ? 1 : 0), 0);
  return { id, mask: { counts, area, box }, seen: area >= VISIBLE_SHARE * whole ? 'visible' : 'partly' };
}

function clamp(value: number, limit: number): number {
  return Math.min(limit - 1, Math.max(0, value));
}
