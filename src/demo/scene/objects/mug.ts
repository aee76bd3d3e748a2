import { cylinder, mix, smoothSubtract, smoothstep, smoothUnion } from '../distance.js';
import { fractal, noise } from '../noise.js';
import type { SceneObject, Surface } from '../types.js';

const HEIGHT = 1.02;
const RADIUS = 0.46;
const COFFEE_LEVEL = 0.84;

function distance(x: number, y: number, z: number): number {
  const across = Math.sqrt(x * x + z * z);
  const outer = cylinder(across, y - HEIGHT / 2, RADIUS, HEIGHT / 2, 0.07);
  // The handle: a ring in the plane through the axis, taller than wide.
  const hx = x - RADIUS;
  const hy = (y - 0.52) * 0.82;
  const ring = Math.sqrt(hx * hx + hy * hy) - 0.255;
  const handle = Math.sqrt(ring * ring + z * z * 0.7) - 0.058;
  const body = smoothUnion(outer, handle, 0.06);
  const hollow = cylinder(across, y - HEIGHT + 0.3, RADIUS - 0.055, 0.68, 0.05);
  const cup = smoothSubtract(body, hollow, 0.035);
  const coffee = cylinder(across, y - COFFEE_LEVEL / 2, RADIUS - 0.05, COFFEE_LEVEL / 2, 0.01);
  return Math.min(cup, Math.max(coffee, outer));
}

function surface(x: number, y: number, z: number, out: Surface): void {
  const across = Math.sqrt(x * x + z * z);
  if (across < RADIUS - 0.056 && y < COFFEE_LEVEL + 0.006 && y > 0.3) {
    const crema = smoothstep(0.28, 0.41, across) * 0.6 + 0.25 * fractal(x * 9, 3, z * 9, 3);
    out.r = mix(0.035, 0.2, crema);
    out.g = mix(0.014, 0.095, crema);
    out.b = mix(0.006, 0.035, crema);
    out.gloss = 0.5;
    out.shininess = 200;
    return;
  }
  // Cream glaze with iron speckles that thins to brown on the lip; raw clay at the foot.
  const flow = 0.86 + 0.2 * fractal(x * 5, y * 2.2, z * 5, 3);
  const lip = smoothstep(HEIGHT - 0.035, HEIGHT - 0.005, y) * 0.75;
  const speckle = noise(x * 42, y * 42, z * 42) > 0.84 ? 0.6 : 1;
  out.r = mix(0.62, 0.3, lip) * flow * speckle;
  out.g = mix(0.56, 0.17, lip) * flow * speckle;
  out.b = mix(0.43, 0.08, lip) * flow * speckle;
  out.gloss = 0.9;
  out.shininess = 120;
  const clay = smoothstep(0.1, 0.085, y + 0.02 * noise(Math.atan2(z, x) * 4, 0, 1));
  out.r = mix(out.r, 0.34, clay);
  out.g = mix(out.g, 0.23, clay);
  out.b = mix(out.b, 0.15, clay);
  out.gloss *= 1 - clay;
}

export const mug: SceneObject = {
  id: 'mug',
  label: 'mug',
  bound: { centreY: 0.51, radius: 0.84 },
  distance,
  stepScale: 0.85,
  surface,
};
