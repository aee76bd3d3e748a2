import { clamp, mix, smoothstep } from './distance.js';
import { fractal, hash, noise } from './noise.js';
import { WALL_Z } from './scene.js';
import type { Surface } from './types.js';

function normalised(x: number, y: number, z: number): readonly [number, number, number] {
  const length = Math.hypot(x, y, z);
  return [x / length, y / length, z / length];
}

/** Towards the lamp: a window at the upper left, in front of the table. */
export const LAMP = normalised(-0.62, 1, 0.42);

const PLANK_WIDTH = 0.66;

/** Oak planks along x. */
export function tableSurface(x: number, z: number, out: Surface): void {
  const plank = Math.floor(z / PLANK_WIDTH);
  const across = z / PLANK_WIDTH - plank;
  const shift = hash(plank, 3) * 40;
  const bend = 0.09 * fractal(x * 0.55 + shift, plank * 3.1, 2, 2);
  const figure = fractal(x * 0.45 + shift, (z + bend) * 9, plank, 3);
  const ring = 0.5 + 0.5 * Math.sin((z + bend * 2.2) * 46 + figure * 7);
  const pore = noise(x * 4.5 + shift, z * 75, 4);
  const dark = clamp(0.3 * ring + 0.5 * figure + 0.25 * pore - 0.12, 0, 1);
  const tint = 0.85 + 0.3 * hash(plank, 5);
  const gap = smoothstep(0.018, 0.008, Math.min(across, 1 - across));
  out.r = mix(0.3, 0.13, dark) * tint * (1 - 0.7 * gap);
  out.g = mix(0.155, 0.058, dark) * tint * (1 - 0.75 * gap);
  out.b = mix(0.075, 0.027, dark) * tint * (1 - 0.8 * gap);
  out.gloss = 0.1 * (1 - gap);
}

/** Limewashed plaster, out of focus: no feature smaller than a few pixels. */
export function wallSurface(x: number, y: number, out: Surface): void {
  const cloud = fractal(x * 0.8 + 7, y * 0.8, 1, 3);
  const trowel = fractal(x * 3.2, y * 5.1 + 0.6 * x, 8, 2);
  const level = 0.82 + 0.28 * cloud + 0.08 * trowel;
  out.r = 0.15 * level;
  out.g = 0.185 * level;
  out.b = 0.2 * level;
  out.gloss = 0;
}

/** What a mirror sees in direction (x, y, z): a dim room with one bright, barred window. */
export function roomLight(x: number, y: number, z: number, out: Float64Array): void {
  const up = clamp(y * 0.5 + 0.5, 0, 1);
  out[0] = mix(0.16, 0.4, up);
  out[1] = mix(0.1, 0.42, up);
  out[2] = mix(0.06, 0.45, up);
  if (y < 0.12) return;
  // The window is a rectangle on the plane z' = 1 of a frame that looks at it.
  const depth = x * -0.62 + y * 0.62 + z * 0.48;
  if (depth <= 0) return;
  const across = (x * 0.61 + z * 0.79) / depth;
  const high = (y * 0.78 - x * -0.49 - z * 0.38) / depth;
  const pane =
    smoothstep(0.34, 0.3, Math.abs(across)) *
    smoothstep(0.42, 0.38, Math.abs(high)) *
    smoothstep(0.02, 0.035, Math.abs(across)) *
    smoothstep(0.02, 0.035, Math.abs(high));
  out[0] = (out[0] as number) + 3.6 * pane;
  out[1] = (out[1] as number) + 3.7 * pane;
  out[2] = (out[2] as number) + 3.8 * pane;
}

/** Where a ray from the camera meets the room: the table (y = 0) or the wall. */
export function meetRoom(
  eye: readonly [number, number, number],
  [, dy, dz]: readonly [number, number, number],
): { readonly t: number; readonly onTable: boolean } {
  const toTable = dy < 0 ? -eye[1] / dy : Infinity;
  const toWall = dz < 0 ? (WALL_Z - eye[2]) / dz : Infinity;
  return toTable < toWall ? { t: toTable, onTable: true } : { t: toWall, onTable: false };
}
