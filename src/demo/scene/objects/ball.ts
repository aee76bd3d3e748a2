import { mix, smoothstep, sphere } from '../distance.js';
import { fractal } from '../noise.js';
import type { SceneObject, Surface } from '../types.js';

export const BALL_RADIUS = 0.37;

/** The tennis ball's seam, a closed curve on the unit sphere (a = 0.75 + 0.25, c = √3/2 closes it on the sphere). */
const SEAM: readonly (readonly [number, number, number])[] = Array.from({ length: 180 }, (_, index) => {
  const t = (index / 180) * 2 * Math.PI;
  return [
    0.75 * Math.cos(t) + 0.25 * Math.cos(3 * t),
    0.75 * Math.sin(t) - 0.25 * Math.sin(3 * t),
    Math.sqrt(0.75) * Math.sin(2 * t),
  ];
});

function distance(x: number, y: number, z: number): number {
  return sphere(x, y, z, BALL_RADIUS);
}

function surface(x: number, y: number, z: number, out: Surface): void {
  let nearest = 4;
  const ux = x / BALL_RADIUS;
  const uy = y / BALL_RADIUS;
  const uz = z / BALL_RADIUS;
  for (const [sx, sy, sz] of SEAM) {
    const squared = (ux - sx) ** 2 + (uy - sy) ** 2 + (uz - sz) ** 2;
    if (squared < nearest) nearest = squared;
  }
  const seam = smoothstep(0.06, 0.04, Math.sqrt(nearest));
  const felt = 0.8 + 0.36 * fractal(x * 38, y * 38, z * 38, 3);
  out.r = mix(0.44 * felt, 0.6, seam);
  out.g = mix(0.53 * felt, 0.63, seam);
  out.b = mix(0.07 * felt, 0.42, seam);
  out.gloss = 0;
  out.shininess = 4;
  out.fuzz = 0.55 * (1 - seam);
}

/** Its origin is its centre, so that it rolls. */
export const ball: SceneObject = {
  id: 'ball',
  label: 'tennis ball',
  bound: { centreY: 0, radius: BALL_RADIUS + 0.01 },
  distance,
  stepScale: 1,
  surface,
};
