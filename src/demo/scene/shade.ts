import { clamp, mix, smoothstep } from './distance.js';
import { LAMP, roomLight } from './room.js';
import { WALL_Z } from './scene.js';
import { CLOSENESS, type Solid } from './solid.js';
import type { Surface } from './types.js';

const LAMP_COLOUR = [2.0, 1.86, 1.64] as const;
const SKY = [0.72, 0.74, 0.78] as const;
/** Light that comes back from the table. */
const BOUNCE = [0.3, 0.2, 0.12] as const;

export interface ShadePoint {
  readonly position: readonly [number, number, number];
  readonly normal: Float64Array;
  /** The unit direction from the camera to the point. */
  readonly view: readonly [number, number, number];
  readonly surface: Surface;
  /** The object that the point belongs to; null on the table and the wall. */
  readonly owner: Solid | null;
}

const mirrored = new Float64Array(3);

/** How open the point is to the room: 1 free … 0 in a crease. Five looks along the normal, at growing distance. */
function openness(point: ShadePoint, solids: readonly Solid[]): number {
  const [x, y, z] = point.position;
  const [nx, ny, nz] = point.normal as unknown as [number, number, number];
  let closed = 0;
  let weight = 1.5;
  for (let i = 1; i <= 5; i++) {
    const reach = (CLOSENESS / 5) * i;
    const px = x + nx * reach;
    const py = y + ny * reach;
    const pz = z + nz * reach;
    let d = Math.min(reach, point.owner ? py : pz - WALL_Z + (ny > 0.5 ? 0 : reach));
    for (const solid of solids) {
      if (solid.reaches(px, py, pz, reach)) d = Math.min(d, solid.distance(px, py, pz));
    }
    closed += (weight * (reach - Math.max(d, 0))) / (0.35 * 2.2);
    weight *= 0.8;
  }
  return clamp(1 - closed, 0.12, 1);
}

/** Light that leaves a point towards the camera: linear RGB into `out`. */
export function shade(point: ShadePoint, solids: readonly Solid[], out: Float64Array): void {
  const [x, y, z] = point.position;
  const nx = point.normal[0] as number;
  const ny = point.normal[1] as number;
  const nz = point.normal[2] as number;
  const { surface, view } = point;
  const facing = nx * LAMP[0] + ny * LAMP[1] + nz * LAMP[2];
  let lit = Math.max(facing, 0);
  for (const solid of solids) {
    if (lit <= 0) break;
    lit *= solid.light(x + nx * 0.006, y + ny * 0.006, z + nz * 0.006, LAMP, point.owner === null ? 7 : 9);
  }
  const open = openness(point, solids);
  const up = 0.5 + 0.5 * ny;
  const cosine = clamp(-(nx * view[0] + ny * view[1] + nz * view[2]), 0, 1);
  const rim = surface.fuzz * (1 - cosine) ** 2.5;
  const k = 2 * (nx * view[0] + ny * view[1] + nz * view[2]);
  roomLight(view[0] - k * nx, view[1] - k * ny, view[2] - k * nz, mirrored);
  const fresnel = (0.035 + 0.6 * (1 - cosine) ** 5) * surface.gloss;
  const hx = LAMP[0] - view[0];
  const hy = LAMP[1] - view[1];
  const hz = LAMP[2] - view[2];
  const half = clamp((nx * hx + ny * hy + nz * hz) / Math.hypot(hx, hy, hz), 0, 1);
  const highlight = surface.gloss * 0.1 * half ** surface.shininess * lit * (surface.shininess / 20 + 1);
  const albedo = [surface.r, surface.g, surface.b] as const;
  for (let c = 0; c < 3; c++) {
    const ambient = mix(BOUNCE[c] as number, SKY[c] as number, up) * open;
    const diffuse = (albedo[c] as number) * ((LAMP_COLOUR[c] as number) * lit + ambient) * (1 + rim * 1.6);
    out[c] = diffuse + fresnel * (mirrored[c] as number) * open + highlight * (LAMP_COLOUR[c] as number);
  }
}

/** Linear light to an 8-bit sRGB level, with a filmic shoulder (Narkowicz' fit of the ACES curve). */
export function toLevel(light: number): number {
  const v = light * 0.62;
  const film = clamp((v * (2.51 * v + 0.03)) / (v * (2.43 * v + 0.59) + 0.14), 0, 1);
  const srgb = film <= 0.0031308 ? film * 12.92 : 1.055 * film ** (1 / 2.4) - 0.055;
  return Math.round(srgb * 255);
}

/** The lens: corners are a little darker. */
export function vignette(u: number, v: number): number {
  const r = (u - 0.5) ** 2 + (v - 0.5) ** 2;
  return 1 - 0.38 * smoothstep(0.12, 0.62, r);
}
