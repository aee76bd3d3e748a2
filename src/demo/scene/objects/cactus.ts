import { capsule, clamp, cylinder, mix, smoothUnion } from '../distance.js';
import { fractal } from '../noise.js';
import type { SceneObject, Surface } from '../types.js';

const POT_HEIGHT = 0.62;
const SOIL_LEVEL = 0.57;

function pot(x: number, y: number, z: number): number {
  const across = Math.sqrt(x * x + z * z);
  const wall = cylinder(across, y - 0.24, 0.3 + 0.1 * clamp(y / POT_HEIGHT, 0, 1), 0.24, 0.02);
  const rim = cylinder(across, y - 0.53, 0.455, 0.09, 0.03);
  const hollow = cylinder(across, y - 0.6, 0.375, 0.1, 0.01);
  return Math.max(Math.min(wall, rim), -hollow);
}

function soil(x: number, y: number, z: number): number {
  const across = Math.sqrt(x * x + z * z);
  return cylinder(across, y - SOIL_LEVEL + 0.05, 0.385, 0.05, 0.02);
}

/** Ribs of a column: its radius swells and shrinks round the axis. */
function ribbed(angle: number, depth: number): number {
  return depth * Math.cos(angle * 9);
}

function column(x: number, y: number, z: number): number {
  const trunk = capsule([x, y, z], [0, 0.5, 0], [0, 1.34, 0], 0.23, 0.215) - ribbed(Math.atan2(z, x), 0.016);
  const rightElbow = capsule([x, y, z], [0.1, 0.86, 0], [0.36, 0.92, 0.02], 0.1, 0.1);
  const rightArm =
    capsule([x, y, z], [0.37, 0.93, 0.02], [0.38, 1.22, 0.02], 0.105, 0.1) -
    ribbed(Math.atan2(z - 0.02, x - 0.375), 0.009);
  const leftElbow = capsule([x, y, z], [-0.1, 1.06, 0], [-0.34, 1.1, 0.03], 0.09, 0.09);
  const leftArm =
    capsule([x, y, z], [-0.35, 1.1, 0.03], [-0.36, 1.34, 0.03], 0.095, 0.09) -
    ribbed(Math.atan2(z - 0.03, x + 0.355), 0.009);
  const right = smoothUnion(rightElbow, rightArm, 0.07);
  const left = smoothUnion(leftElbow, leftArm, 0.07);
  return smoothUnion(trunk, Math.min(left, right), 0.07);
}

function distance(x: number, y: number, z: number): number {
  return Math.min(pot(x, y, z), soil(x, y, z), column(x, y, z));
}

function clayOrSoil(x: number, y: number, z: number, out: Surface): void {
  const grain = fractal(x * 14, y * 14, z * 14, 3);
  if (soil(x, y, z) < pot(x, y, z)) {
    out.r = 0.05 + 0.08 * grain;
    out.g = 0.03 + 0.055 * grain;
    out.b = 0.02 + 0.035 * grain;
    return;
  }
  const chalk = 0.2 * fractal(x * 3, y * 5, z * 3, 3);
  out.r = 0.4 + 0.12 * grain + chalk * 0.4;
  out.g = 0.135 + 0.05 * grain + chalk * 0.4;
  out.b = 0.06 + 0.03 * grain + chalk * 0.4;
}

function surface(x: number, y: number, z: number, out: Surface): void {
  const dColumn = column(x, y, z);
  if (Math.min(pot(x, y, z), soil(x, y, z)) < dColumn) {
    clayOrSoil(x, y, z, out);
    return;
  }
  const axis = x > 0.26 ? 0.375 : x < -0.25 ? -0.355 : 0;
  const rib = 0.5 + 0.5 * Math.cos(Math.atan2(z, x - axis) * 9);
  const mottled = fractal(x * 8, y * 8, z * 8, 3);
  // Areoles: pale tufts in rows along the crests.
  const tuft = rib > 0.86 && Math.abs(((((y * 11) % 1) + 1) % 1) - 0.5) < 0.17 ? 0.6 : 0;
  const shade = mix(0.55, 1.15, rib) * (0.75 + 0.5 * mottled);
  out.r = mix(0.085 * shade, 0.6, tuft);
  out.g = mix(0.2 * shade, 0.57, tuft);
  out.b = mix(0.06 * shade, 0.4, tuft);
  out.gloss = 0.08;
  out.shininess = 18;
}

export const cactus: SceneObject = {
  id: 'cactus',
  label: 'potted cactus',
  bound: { centreY: 0.78, radius: 0.98 },
  distance,
  stepScale: 0.8,
  surface,
};
