import { EYE_POSITION, rayThrough } from './camera.js';
import { meetRoom, tableSurface, wallSurface } from './room.js';
import { placeObjects, SCENE_HEIGHT, SCENE_WIDTH } from './scene.js';
import { shade, toLevel, vignette } from './shade.js';
import { createSolid, type Solid } from './solid.js';
import type { Surface } from './types.js';

const [EX, EY, EZ] = EYE_POSITION;

/** Colours of the bare room, sampled finely once, because its texture never moves: albedo per pixel, RGB. */
export interface Room {
  readonly albedo: Float32Array;
}

const ROOM_SAMPLES = 3;

function matt(): Surface {
  return { r: 0, g: 0, b: 0, gloss: 0, shininess: 10, fuzz: 0 };
}

export function createRoom(): Room {
  const albedo = new Float32Array(SCENE_WIDTH * SCENE_HEIGHT * 3);
  const surface = matt();
  const share = 1 / (ROOM_SAMPLES * ROOM_SAMPLES);
  for (let y = 0; y < SCENE_HEIGHT; y++) {
    for (let x = 0; x < SCENE_WIDTH; x++) {
      const at = (y * SCENE_WIDTH + x) * 3;
      for (let s = 0; s < ROOM_SAMPLES * ROOM_SAMPLES; s++) {
        const sx = x + ((s % ROOM_SAMPLES) + 0.5) / ROOM_SAMPLES;
        const sy = y + (Math.floor(s / ROOM_SAMPLES) + 0.5) / ROOM_SAMPLES;
        const ray = rayThrough(sx, sy);
        const { t, onTable } = meetRoom(EYE_POSITION, ray);
        if (onTable) tableSurface(ray[0] * t + EX, ray[2] * t + EZ, surface);
        else wallSurface(ray[0] * t + EX, ray[1] * t + EY, surface);
        albedo[at] = (albedo[at] as number) + surface.r * share;
        albedo[at + 1] = (albedo[at + 1] as number) + surface.g * share;
        albedo[at + 2] = (albedo[at + 2] as number) + surface.b * share;
      }
    }
  }
  return { albedo };
}

/** The solid first met by the ray through a picture point, and how far; −1 where the room is seen. */
function firstHit(
  solids: readonly Solid[],
  x: number,
  y: number,
  ray: readonly [number, number, number],
): { index: number; t: number } {
  let index = -1;
  let nearest = Infinity;
  for (let i = 0; i < solids.length; i++) {
    const solid = solids[i] as Solid;
    const [x1, y1, x2, y2] = solid.bounds;
    if (x < x1 || x >= x2 || y < y1 || y >= y2) continue;
    const t = solid.hit(EX, EY, EZ, ray[0], ray[1], ray[2]);
    if (t < nearest) {
      nearest = t;
      index = i;
    }
  }
  return { index, t: nearest };
}

const normal = new Float64Array(3);
const surface = matt();

/** Colour of one ray through picture point (x, y), linear, into `out`; returns the index of the solid seen or −1. */
function sample(room: Room, solids: readonly Solid[], x: number, y: number, out: Float64Array): number {
  const ray = rayThrough(x, y);
  const { index, t } = firstHit(solids, x, y, ray);
  const owner = solids[index];
  surface.gloss = 0;
  surface.fuzz = 0;
  surface.shininess = 10;
  if (owner) {
    const position = [EX + ray[0] * t, EY + ray[1] * t, EZ + ray[2] * t] as const;
    owner.normal(...position, normal);
    owner.surface(...position, surface);
    shade({ position, normal, view: ray, surface, owner }, solids, out);
  } else {
    const met = meetRoom(EYE_POSITION, ray);
    const position = [EX + ray[0] * met.t, EY + ray[1] * met.t, EZ + ray[2] * met.t] as const;
    normal[0] = 0;
    normal[1] = met.onTable ? 1 : 0;
    normal[2] = met.onTable ? 0 : 1;
    const at = (Math.floor(y) * SCENE_WIDTH + Math.floor(x)) * 3;
    surface.r = room.albedo[at] as number;
    surface.g = room.albedo[at + 1] as number;
    surface.b = room.albedo[at + 2] as number;
    surface.gloss = met.onTable ? 0.12 : 0;
    surface.shininess = 14;
    shade({ position, normal, view: ray, surface, owner: null }, solids, out);
  }
  return index;
}

/** Sub-pixel places of the second pass, a rotated grid. */
const FINE = [
  [0.125, 0.375],
  [0.375, 0.875],
  [0.625, 0.125],
  [0.875, 0.625],
] as const;

/** Pixels that differ much from a neighbour, where at least one of the two shows an object, are sampled again finely. */
function needsFine(levels: Uint8Array, ids: Int8Array, x: number, y: number): boolean {
  const at = y * SCENE_WIDTH + x;
  for (const other of [at - 1, at + 1, at - SCENE_WIDTH, at + SCENE_WIDTH]) {
    if (ids[at] !== ids[other]) return true;
    if (ids[at] === -1) continue;
    for (let c = 0; c < 3; c++) {
      if (Math.abs((levels[at * 3 + c] as number) - (levels[other * 3 + c] as number)) > 14) return true;
    }
  }
  return false;
}

/** The frame at `timeMs` as packed RGB rows, SCENE_WIDTH × SCENE_HEIGHT × 3. */
export function renderFrame(room: Room, timeMs: number): Buffer {
  const solids = placeObjects(timeMs).map(createSolid);
  const levels = Buffer.alloc(SCENE_WIDTH * SCENE_HEIGHT * 3);
  const ids = new Int8Array(SCENE_WIDTH * SCENE_HEIGHT);
  const light = new Float64Array(3);
  const sum = new Float64Array(3);
  for (let y = 0; y < SCENE_HEIGHT; y++) {
    for (let x = 0; x < SCENE_WIDTH; x++) {
      const at = y * SCENE_WIDTH + x;
      ids[at] = sample(room, solids, x + 0.5, y + 0.5, light);
      const lens = vignette(x / SCENE_WIDTH, y / SCENE_HEIGHT);
      for (let c = 0; c < 3; c++) levels[at * 3 + c] = toLevel((light[c] as number) * lens);
    }
  }
  const coarse = Uint8Array.from(levels);
  for (let y = 1; y < SCENE_HEIGHT - 1; y++) {
    for (let x = 1; x < SCENE_WIDTH - 1; x++) {
      if (!needsFine(coarse, ids, x, y)) continue;
      sum.fill(0);
      const lens = vignette(x / SCENE_WIDTH, y / SCENE_HEIGHT);
      // Averaged after the film curve: else one bright sample owns the edge and it looks jagged.
      for (const [dx, dy] of FINE) {
        sample(room, solids, x + dx, y + dy, light);
        for (let c = 0; c < 3; c++) sum[c] = (sum[c] as number) + toLevel((light[c] as number) * lens);
      }
      for (let c = 0; c < 3; c++)
        levels[(y * SCENE_WIDTH + x) * 3 + c] = Math.round((sum[c] as number) / FINE.length);
    }
  }
  return levels;
}

export interface Visibility {
  /** Which object each pixel's centre shows: an index into `placeObjects`, −1 for the room. Row by row. */
  readonly ids: Int8Array;
  /** By the same index: pixels that the object would cover if it stood alone. */
  readonly aloneAreas: readonly number[];
}

/** Who is seen where at `timeMs`, by the same rays as {@link renderFrame}'s, without light and colour. */
export function renderVisibility(timeMs: number): Visibility {
  const solids = placeObjects(timeMs).map(createSolid);
  const ids = new Int8Array(SCENE_WIDTH * SCENE_HEIGHT).fill(-1);
  const nearest = new Float64Array(ids.length).fill(Infinity);
  const aloneAreas = solids.map((solid, index) => {
    const [x1, y1, x2, y2] = solid.bounds;
    let area = 0;
    for (let y = y1; y < y2; y++) {
      for (let x = x1; x < x2; x++) {
        const t = solid.hit(EX, EY, EZ, ...rayThrough(x + 0.5, y + 0.5));
        if (t === Infinity) continue;
        area++;
        const at = y * SCENE_WIDTH + x;
        if (t >= (nearest[at] as number)) continue;
        nearest[at] = t;
        ids[at] = index;
      }
    }
    return area;
  });
  return { ids, aloneAreas };
}
