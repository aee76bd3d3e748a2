/** Value noise from an integer hash: the same numbers on every machine, no tables, no random generator. */

function lattice(x: number, y: number, z: number): number {
  let h = Math.imul(x, 0x27d4eb2d) ^ Math.imul(y, 0x165667b1) ^ Math.imul(z, 0x9e3779b1);
  h = Math.imul(h ^ (h >>> 15), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 0) / 4294967296;
}

function fade(t: number): number {
  return t * t * (3 - 2 * t);
}

function square(ix: number, iy: number, iz: number, u: number, v: number): number {
  const a = lattice(ix, iy, iz);
  const b = lattice(ix, iy + 1, iz);
  const top = a + (lattice(ix + 1, iy, iz) - a) * u;
  const bottom = b + (lattice(ix + 1, iy + 1, iz) - b) * u;
  return top + (bottom - top) * v;
}

/** Smooth noise in 0..1, one feature per unit. */
export function noise(x: number, y: number, z: number): number {
  const ix = Math.floor(x);
  const iy = Math.floor(y);
  const iz = Math.floor(z);
  const u = fade(x - ix);
  const v = fade(y - iy);
  const w = fade(z - iz);
  const near = square(ix, iy, iz, u, v);
  return near + (square(ix, iy, iz + 1, u, v) - near) * w;
}

/** Octaves of {@link noise}, each of half the size and half the weight; in 0..1. */
export function fractal(x: number, y: number, z: number, octaves: number): number {
  let sum = 0;
  let weight = 0.5;
  let total = 0;
  for (let octave = 0; octave < octaves; octave++) {
    sum += weight * noise(x, y, z);
    total += weight;
    weight *= 0.5;
    x = x * 2.03 + 17.1;
    y = y * 2.03 + 5.7;
    z = z * 2.03 + 11.3;
  }
  return sum / total;
}

/** A number in 0..1 that belongs to an integer (a plank, a speckle's cell). */
export function hash(n: number, salt = 0): number {
  return lattice(n, salt, 91);
}
