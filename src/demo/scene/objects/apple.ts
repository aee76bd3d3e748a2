import { capsule, clamp, mix, smoothstep } from '../distance.js';
import { fractal, noise } from '../noise.js';
import type { SceneObject, Surface } from '../types.js';

/** The apple below is drawn at this scale. */
const SCALE = 0.88;
const CENTRE = 0.4;

/** A circle turned about an axis that it overlaps: a ball with a dimple at both ends, wider above than below. */
function flesh(x: number, y: number, z: number): number {
  const up = y - CENTRE;
  const taper = 1 + 0.16 * clamp(up, -0.5, 0.5);
  const lobes = 1 + 0.012 * Math.cos(5 * Math.atan2(z, x)) * smoothstep(0, -0.4, up);
  const across = Math.sqrt(x * x + z * z) / (taper * lobes);
  const ring = across - 0.14;
  return Math.sqrt(ring * ring + up * up * 0.76) - 0.34;
}

function stem(x: number, y: number, z: number): number {
  return capsule([x, y, z], [0, 0.68, 0], [0.07, 0.98, 0.02], 0.022, 0.034);
}

function leaf(x: number, y: number, z: number): number {
  const lx = x - 0.235;
  const ly = y - 0.92 + (lx - 0.02) * (lx - 0.02) * 1.6 - lx * 0.2;
  const blade = 0.1 * clamp(1 - (lx / 0.2) ** 2, 0, 1);
  return Math.max(Math.abs(ly) - 0.012, Math.abs(z - 0.02) - blade, Math.abs(lx) - 0.2) * 0.7;
}

function distance(sx: number, sy: number, sz: number): number {
  const x = sx / SCALE;
  const y = sy / SCALE;
  const z = sz / SCALE;
  return SCALE * Math.min(flesh(x, y, z), stem(x, y, z), leaf(x, y, z));
}

function surface(sx: number, sy: number, sz: number, out: Surface): void {
  const x = sx / SCALE;
  const y = sy / SCALE;
  const z = sz / SCALE;
  const dFlesh = flesh(x, y, z);
  const dLeaf = leaf(x, y, z);
  if (stem(x, y, z) < Math.min(dFlesh, dLeaf)) {
    out.r = 0.13;
    out.g = 0.07;
    out.b = 0.03;
    return;
  }
  if (dLeaf < dFlesh) {
    const vein = smoothstep(0.012, 0.004, Math.abs(z - 0.02)) * 0.4;
    out.r = 0.09 + 0.1 * vein;
    out.g = 0.26 + 0.2 * vein;
    out.b = 0.035;
    out.gloss = 0.25;
    out.shininess = 40;
    return;
  }
  // Red streaks run from pole to pole over a yellow ground that shows in the dimple; pale dots (lenticels).
  const angle = Math.atan2(z, x);
  const across = Math.sqrt(x * x + z * z);
  const streak = fractal(Math.cos(angle) * 7, y * 1.6, Math.sin(angle) * 7, 4);
  const inDimple = smoothstep(0.2, 0.06, across) * (y > CENTRE ? 1 : 0);
  const yellow = clamp(0.9 * inDimple + smoothstep(0.56, 0.78, streak) * 0.55, 0, 1);
  const dot = noise(x * 21, y * 21, z * 21) > 0.86 ? 0.12 : 0;
  const shade = 0.75 + 0.5 * streak;
  out.r = mix(0.46, 0.62, yellow) * shade + dot;
  out.g = mix(0.018, 0.36, yellow) * shade + dot * 0.7;
  out.b = mix(0.02, 0.06, yellow) * shade + dot * 0.35;
  out.gloss = 0.55;
  out.shininess = 70;
}

export const apple: SceneObject = {
  id: 'apple',
  label: 'apple',
  bound: { centreY: 0.48 * SCALE, radius: 0.62 * SCALE },
  distance,
  stepScale: 0.85,
  surface,
};
