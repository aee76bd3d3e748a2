/**
 * Signed distances to simple solids and ways to join them, after Inigo Quilez' catalogue
 * (https://iquilezles.org/articles/distfunctions/). Units are the scene's: 1 is about a decimetre.
 */

export function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

/** 0 below `from`, 1 above `to`, smooth between. `from` may be the larger: then it falls. */
export function smoothstep(from: number, to: number, value: number): number {
  const t = clamp((value - from) / (to - from), 0, 1);
  return t * t * (3 - 2 * t);
}

export function mix(a: number, b: number, t: number): number {
  return a + (b - a) * t;
}

export function sphere(x: number, y: number, z: number, radius: number): number {
  return Math.sqrt(x * x + y * y + z * z) - radius;
}

/** A box of half sizes hx, hy, hz whose edges are rounded by `round` inside those sizes. */
export function roundBox(
  x: number,
  y: number,
  z: number,
  hx: number,
  hy: number,
  hz: number,
  round: number,
): number {
  const qx = Math.abs(x) - hx + round;
  const qy = Math.abs(y) - hy + round;
  const qz = Math.abs(z) - hz + round;
  const ox = Math.max(qx, 0);
  const oy = Math.max(qy, 0);
  const oz = Math.max(qz, 0);
  return Math.sqrt(ox * ox + oy * oy + oz * oz) + Math.min(Math.max(Math.max(qx, qy), qz), 0) - round;
}

/** A solid of revolution's cylinder: `across` is the distance from its axis, `along` the place on it. */
export function cylinder(
  across: number,
  along: number,
  radius: number,
  halfLength: number,
  round: number,
): number {
  const a = across - radius + round;
  const b = Math.abs(along) - halfLength + round;
  const oa = Math.max(a, 0);
  const ob = Math.max(b, 0);
  return Math.sqrt(oa * oa + ob * ob) + Math.min(Math.max(a, b), 0) - round;
}

/** A capsule from a to b whose radius goes from ra to rb (exact enough where |ra − rb| is small). */
export function capsule(
  p: readonly [number, number, number],
  a: readonly [number, number, number],
  b: readonly [number, number, number],
  ra: number,
  rb: number,
): number {
  const bx = b[0] - a[0];
  const by = b[1] - a[1];
  const bz = b[2] - a[2];
  const px = p[0] - a[0];
  const py = p[1] - a[1];
  const pz = p[2] - a[2];
  const t = clamp((px * bx + py * by + pz * bz) / (bx * bx + by * by + bz * bz), 0, 1);
  return sphere(px - bx * t, py - by * t, pz - bz * t, ra + (rb - ra) * t);
}

/** The nearer of two solids, melted together over `width`. */
export function smoothUnion(a: number, b: number, width: number): number {
  const h = Math.max(width - Math.abs(a - b), 0) / width;
  return Math.min(a, b) - h * h * width * 0.25;
}

/** What of `a` lies outside `b`, with a rounded lip of `width`. */
export function smoothSubtract(a: number, b: number, width: number): number {
  return -smoothUnion(-a, b, width);
}
