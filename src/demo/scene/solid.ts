import { sphereBounds } from './camera.js';
import type { PlacedObject, Surface } from './types.js';

/** Nearer than this to a surface, in scene units, a ray has hit it: about a sixth of a pixel. */
const HIT = 0.0008;
const MAX_STEPS = 110;

/** An object standing in the scene: rays in scene coordinates, answers from its own distance function. */
export interface Solid {
  readonly id: string;
  /** The picture's rectangle outside of which no ray can hit it. */
  readonly bounds: readonly [number, number, number, number];
  /** Length along the ray to the surface, or Infinity. */
  hit(ox: number, oy: number, oz: number, dx: number, dy: number, dz: number): number;
  distance(x: number, y: number, z: number): number;
  /** False only where `distance` is sure to be more than `reach`; much cheaper than asking it. */
  reaches(x: number, y: number, z: number, reach: number): boolean;
  /** The outward unit normal into `out`. */
  normal(x: number, y: number, z: number, out: Float64Array): void;
  surface(x: number, y: number, z: number, out: Surface): void;
  /** False only where the object can neither shade the point from `lamp` nor stand close to it. */
  affects(x: number, y: number, z: number, lamp: readonly [number, number, number]): boolean;
  /** How much of the lamp is seen past this object from a point, 0..1; `softness` is larger for sharper edges. */
  light(
    x: number,
    y: number,
    z: number,
    towards: readonly [number, number, number],
    softness: number,
  ): number;
}

/** Where a ray enters and leaves a sphere; null when it misses it. */
function crossSphere(
  ox: number,
  oy: number,
  oz: number,
  dx: number,
  dy: number,
  dz: number,
  radius: number,
): [number, number] | null {
  const b = ox * dx + oy * dy + oz * dz;
  const c = ox * ox + oy * oy + oz * oz - radius * radius;
  const h = b * b - c;
  if (h <= 0) return null;
  const s = Math.sqrt(h);
  if (s - b <= 0) return null;
  return [Math.max(0, -b - s), s - b];
}

/** The half-shadow reaches past the object by less than this: no object is higher than 1.7, and the lamp stands high. */
const PENUMBRA = 0.32;
/** Farther from an object than this a point is not darkened by its closeness. */
export const CLOSENESS = 0.35;

export function createSolid({ object, pose }: PlacedObject): Solid {
  const [m0, m1, m2, m3, m4, m5, m6, m7, m8] = pose.rotation;
  const { centreY, radius } = object.bound;
  const sdf = object.distance;
  const step = object.stepScale;
  /** The bound's centre stands straight above the origin: every pose turns it about y, or has it in the origin. */
  const heart = pose.y + centreY;
  const localX = (x: number, y: number, z: number): number => m0 * x + m3 * y + m6 * z;
  const localY = (x: number, y: number, z: number): number => m1 * x + m4 * y + m7 * z;
  const localZ = (x: number, y: number, z: number): number => m2 * x + m5 * y + m8 * z;

  function distance(x: number, y: number, z: number): number {
    const px = x - pose.x;
    const py = y - pose.y;
    const pz = z - pose.z;
    return sdf(localX(px, py, pz), localY(px, py, pz), localZ(px, py, pz));
  }

  function reaches(x: number, y: number, z: number, reach: number): boolean {
    return (x - pose.x) ** 2 + (y - heart) ** 2 + (z - pose.z) ** 2 < (radius + reach) ** 2;
  }

  function hit(ox: number, oy: number, oz: number, dx: number, dy: number, dz: number): number {
    const px = ox - pose.x;
    const py = oy - pose.y;
    const pz = oz - pose.z;
    const x = localX(px, py, pz);
    const y = localY(px, py, pz);
    const z = localZ(px, py, pz);
    const u = localX(dx, dy, dz);
    const v = localY(dx, dy, dz);
    const w = localZ(dx, dy, dz);
    const span = crossSphere(x, y - centreY, z, u, v, w, radius);
    if (!span) return Infinity;
    let t = span[0];
    for (let i = 0; i < MAX_STEPS && t < span[1]; i++) {
      const d = sdf(x + u * t, y + v * t, z + w * t);
      if (d < HIT) return t;
      t += d * step;
    }
    return Infinity;
  }

  function normal(x: number, y: number, z: number, out: Float64Array): void {
    const e = 0.0015;
    const a = distance(x + e, y - e, z - e);
    const b = distance(x - e, y - e, z + e);
    const c = distance(x - e, y + e, z - e);
    const d = distance(x + e, y + e, z + e);
    const nx = a - b - c + d;
    const ny = -a - b + c + d;
    const nz = -a + b - c + d;
    const length = Math.sqrt(nx * nx + ny * ny + nz * nz) || 1;
    out[0] = nx / length;
    out[1] = ny / length;
    out[2] = nz / length;
  }

  function surface(x: number, y: number, z: number, out: Surface): void {
    const px = x - pose.x;
    const py = y - pose.y;
    const pz = z - pose.z;
    object.surface(localX(px, py, pz), localY(px, py, pz), localZ(px, py, pz), out);
  }

  function affects(x: number, y: number, z: number, lamp: readonly [number, number, number]): boolean {
    if (reaches(x, y, z, CLOSENESS + 0.01)) return true;
    return crossSphere(x - pose.x, y - heart, z - pose.z, ...lamp, radius + PENUMBRA) !== null;
  }

  function light(
    ox: number,
    oy: number,
    oz: number,
    [dx, dy, dz]: readonly [number, number, number],
    softness: number,
  ): number {
    const px = ox - pose.x;
    const py = oy - pose.y;
    const pz = oz - pose.z;
    const span = crossSphere(px, oy - heart, pz, dx, dy, dz, radius + PENUMBRA);
    if (!span) return 1;
    const x = localX(px, py, pz);
    const y = localY(px, py, pz);
    const z = localZ(px, py, pz);
    const u = localX(dx, dy, dz);
    const v = localY(dx, dy, dz);
    const w = localZ(dx, dy, dz);
    let t = Math.max(0.015, span[0]);
    let seen = 1;
    for (let i = 0; i < 60 && t < span[1]; i++) {
      const d = sdf(x + u * t, y + v * t, z + w * t);
      seen = Math.min(seen, (softness * d) / t);
      if (seen < -0.9) break;
      t += Math.min(Math.max(Math.abs(d) * 0.75, 0.018), 0.14);
    }
    // Letting the ray pass through a little (down to −1) makes the half-shadow symmetric about the hard edge.
    const s = Math.max(seen, -1);
    return 0.25 * (1 + s) * (1 + s) * (2 - s);
  }

  const bounds = sphereBounds([pose.x, heart, pose.z], radius);
  return { id: object.id, bounds, hit, distance, reaches, normal, surface, affects, light };
}
