import { clamp, mix, smoothstep } from '../distance.js';
import { fractal, noise } from '../noise.js';
import type { SceneObject, Surface } from '../types.js';

/** It lies on the table as an arc of this radius round [0, ·, ARC_CENTRE_Z], ±HALF_ANGLE. */
const ARC_RADIUS = 0.92;
const ARC_CENTRE_Z = 0.62;
const HALF_ANGLE = 1.0;
const THICKNESS = 0.205;

/** Where a point stands: `along` −1 (blossom end) … 1 (stem), `across` from the axis, `side` the cosine of its turn round it. */
function coordinates(x: number, y: number, z: number): { along: number; side: number; across: number } {
  const dz = z - ARC_CENTRE_Z;
  const angle = Math.atan2(x, -dz);
  const fromAxis = Math.sqrt(x * x + dz * dz) - ARC_RADIUS;
  const dy = y - THICKNESS * 0.93;
  const past = Math.abs(angle) > HALF_ANGLE;
  const tipX = Math.abs(x) - ARC_RADIUS * Math.sin(HALF_ANGLE);
  const tipZ = dz + ARC_RADIUS * Math.cos(HALF_ANGLE);
  return {
    along: clamp(angle / HALF_ANGLE, -1, 1),
    side: fromAxis / Math.sqrt(fromAxis * fromAxis + dy * dy + 1e-12),
    across: Math.sqrt(dy * dy + (past ? tipX * tipX + tipZ * tipZ : fromAxis * fromAxis)),
  };
}

/** `side` is the cosine of the turn: five flat sides, by Chebyshev's cos 5a. */
function thickness(along: number, side: number): number {
  const toEnd = Math.abs(along) * 0.98;
  const body = THICKNESS * Math.sqrt(Math.max(0.02, 1 - toEnd * toEnd * toEnd));
  const neck = mix(body, 0.062, smoothstep(0.66, 0.88, along));
  const blossom = mix(neck, 0.05, smoothstep(-0.86, -0.99, along));
  const squared = side * side;
  return blossom * (1 + 0.035 * side * (5 + squared * (16 * squared - 20)));
}

function distance(x: number, y: number, z: number): number {
  const at = coordinates(x, y, z);
  // Far off, the thickest part's radius is a safe guess, and much cheaper.
  if (at.across > 0.6) return at.across - THICKNESS * 1.04;
  return at.across - thickness(at.along, at.side);
}

function surface(x: number, y: number, z: number, out: Surface): void {
  const { along, side } = coordinates(x, y, z);
  const turn = Math.acos(clamp(side, -1, 1));
  const mottled = fractal(x * 6, y * 6, z * 6, 3);
  const edge = smoothstep(0.9, 1, Math.cos(5 * turn)) * 0.16;
  const freckle = smoothstep(0.74, 0.8, noise(along * 30, Math.cos(turn) * 7, Math.sin(turn) * 7));
  const green = smoothstep(0.55, 0.95, along) * 0.5;
  const tip = Math.max(smoothstep(-0.93, -0.97, along), smoothstep(0.975, 0.99, along));
  const brown = clamp(edge + freckle * 0.75 * smoothstep(0.35, 0.6, mottled) + tip, 0, 1);
  const light = 0.86 + 0.25 * mottled;
  out.r = mix(mix(0.76, 0.46, green) * light, 0.085, brown);
  out.g = mix(mix(0.45, 0.45, green) * light, 0.045, brown);
  out.b = mix(mix(0.05, 0.06, green), 0.02, brown);
  out.gloss = 0.16;
  out.shininess = 22;
}

export const banana: SceneObject = {
  id: 'banana',
  label: 'banana',
  bound: { centreY: 0.2, radius: 1.0 },
  distance,
  stepScale: 0.75,
  surface,
};
