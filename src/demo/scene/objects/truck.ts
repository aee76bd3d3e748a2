import { cylinder, mix, roundBox } from '../distance.js';
import { fractal } from '../noise.js';
import type { SceneObject, Surface } from '../types.js';

const WHEEL_RADIUS = 0.225;
const AXLES = [-0.58, 0.62] as const;
const HALF_WIDTH = 0.4;

/** The truck drives towards +x. Parts are told apart when a point is coloured: the nearest one owns it. */
function cab(x: number, y: number, z: number): number {
  // The windscreen leans back: the box is sheared along x with height.
  const lean = x + Math.max(y - 0.62, 0) * 0.3;
  const house = roundBox(lean - 0.4, y - 0.66, z, 0.3, 0.42, HALF_WIDTH - 0.03, 0.09);
  const bonnet = roundBox(x - 0.76, y - 0.42, z, 0.28, 0.2, HALF_WIDTH - 0.03, 0.09);
  return Math.min(house * 0.9, bonnet);
}

function bed(x: number, y: number, z: number): number {
  const outside = roundBox(x + 0.47, y - 0.56, z, 0.56, 0.27, HALF_WIDTH, 0.04);
  const inside = roundBox(x + 0.47, y - 0.72, z, 0.5, 0.3, HALF_WIDTH - 0.065, 0.03);
  return Math.max(outside, -inside);
}

function chassis(x: number, y: number, z: number): number {
  const beam = roundBox(x, y - 0.26, z, 0.98, 0.07, HALF_WIDTH - 0.1, 0.03);
  const bumper = roundBox(x - 1.03, y - 0.25, z, 0.05, 0.075, HALF_WIDTH - 0.02, 0.04);
  return Math.min(beam, bumper);
}

/** Distance from the nearer axle's line. */
function fromAxle(x: number, y: number): number {
  const dx = x - (x > (AXLES[0] + AXLES[1]) / 2 ? AXLES[1] : AXLES[0]);
  const dy = y - WHEEL_RADIUS;
  return Math.sqrt(dx * dx + dy * dy);
}

function wheels(x: number, y: number, z: number): number {
  const along = Math.abs(z) - HALF_WIDTH + 0.04;
  return cylinder(fromAxle(x, y), along, WHEEL_RADIUS, 0.09, 0.035);
}

function arches(x: number, y: number): number {
  return fromAxle(x, y) - 0.27;
}

function lamps(x: number, y: number, z: number): number {
  const across = Math.sqrt((y - 0.44) ** 2 + (Math.abs(z) - 0.24) ** 2);
  return cylinder(across, x - 1.03, 0.075, 0.03, 0.02);
}

function body(x: number, y: number, z: number): number {
  return Math.max(Math.min(cab(x, y, z), bed(x, y, z)), -arches(x, y));
}

function distance(x: number, y: number, z: number): number {
  return Math.min(Math.min(body(x, y, z), chassis(x, y, z)), Math.min(wheels(x, y, z), lamps(x, y, z)));
}

function wheelSurface(x: number, y: number, z: number, out: Surface): void {
  const across = fromAxle(x, y);
  const hub = across < 0.12 && Math.abs(z) > HALF_WIDTH - 0.02;
  const level = hub ? (across < 0.035 ? 0.1 : 0.62) : 0.022;
  out.r = level;
  out.g = level;
  out.b = hub ? level * 0.95 : level;
  out.gloss = hub ? 0.3 : 0.05;
  out.shininess = hub ? 60 : 10;
}

/** Side, front and rear windows of the cab, as regions of its paint. */
function isGlass(x: number, y: number, z: number): boolean {
  if (y < 0.7 || y > 0.98) return false;
  const lean = x + (y - 0.62) * 0.3;
  const side = Math.abs(z) > HALF_WIDTH - 0.05 && lean > 0.2 && lean < 0.6;
  const end = Math.abs(z) < HALF_WIDTH - 0.1 && (lean > 0.66 || lean < 0.14);
  return side || end;
}

function paint(x: number, y: number, z: number, out: Surface): void {
  const inCab = cab(x, y, z) < bed(x, y, z);
  if (inCab && isGlass(x, y, z)) {
    out.r = 0.02;
    out.g = 0.03;
    out.b = 0.045;
    out.gloss = 1;
    out.shininess = 200;
    return;
  }
  const wear = 0.88 + 0.24 * fractal(x * 5, y * 5, z * 5, 3);
  const grille =
    x > 0.98 && y > 0.36 && y < 0.52 && Math.abs(z) < 0.14 && Math.abs(((y * 26) % 1) - 0.5) < 0.25;
  const dark = grille ? 0.12 : 1;
  out.r = 0.03 * wear * dark;
  out.g = mix(0.13, 0.11, inCab ? 0 : 1) * wear * dark;
  out.b = mix(0.5, 0.42, inCab ? 0 : 1) * wear * dark;
  const stripe = !inCab && y > 0.6 && y < 0.68 && Math.abs(z) > HALF_WIDTH - 0.02;
  if (stripe) {
    out.r = 0.6;
    out.g = 0.62;
    out.b = 0.64;
  }
  out.gloss = 0.5;
  out.shininess = 80;
}

function surface(x: number, y: number, z: number, out: Surface): void {
  const dBody = body(x, y, z);
  const dWheels = wheels(x, y, z);
  const dChassis = chassis(x, y, z);
  const dLamps = lamps(x, y, z);
  const nearest = Math.min(dBody, dWheels, dChassis, dLamps);
  if (nearest === dWheels) wheelSurface(x, y, z, out);
  else if (nearest === dLamps) {
    out.r = 0.85;
    out.g = 0.78;
    out.b = 0.55;
    out.gloss = 0.8;
    out.shininess = 120;
  } else if (nearest === dChassis) {
    out.r = out.g = out.b = 0.05;
    out.gloss = 0.1;
  } else paint(x, y, z, out);
}

export const truck: SceneObject = {
  id: 'truck',
  label: 'toy truck',
  bound: { centreY: 0.5, radius: 1.24 },
  distance,
  stepScale: 0.9,
  surface,
};
