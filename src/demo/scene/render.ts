import { EYE_POSITION, rayThrough } from './camera.js';
import { LAMP, meetRoom, tableSurface, wallSurface } from './room.js';
import { placeObjects, SCENE_HEIGHT, SCENE_WIDTH, STILL_OBJECTS } from './scene.js';
import { shade, toLevel, vignette } from './shade.js';
import { createSolid, type Solid } from './solid.js';
import type { Surface } from './types.js';

const [EX, EY, EZ] = EYE_POSITION;

/** Colours of the bare room, sampled finely once, because its texture never moves: albedo per pixel, RGB. */
interface Room {
  readonly albedo: Float32Array;
}

const ROOM_SAMPLES = 3;

function matt(): Surface {
  return { r: 0, g: 0, b: 0, gloss: 0, shininess: 10, fuzz: 0 };
}

function createRoom(): Room {
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

/** Samples the pixels of `chosen` anew: once each, then finely where they differ from their neighbours. */
function drawPixels(
  target: { levels: Buffer; ids: Int8Array },
  chosen: Uint8Array,
  scene: { room: Room; solids: readonly Solid[] },
): void {
  const { levels, ids } = target;
  const light = new Float64Array(3);
  const sum = new Float64Array(3);
  const eachChosen = (draw: (x: number, y: number, at: number, lens: number) => void): void => {
    for (let at = 0; at < chosen.length; at++) {
      if (chosen[at] === 0) continue;
      const x = at % SCENE_WIDTH;
      const y = Math.floor(at / SCENE_WIDTH);
      draw(x, y, at, vignette(x / SCENE_WIDTH, y / SCENE_HEIGHT));
    }
  };
  eachChosen((x, y, at, lens) => {
    ids[at] = sample(scene.room, scene.solids, x + 0.5, y + 0.5, light);
    for (let c = 0; c < 3; c++) levels[at * 3 + c] = toLevel((light[c] as number) * lens);
  });
  const coarse = Uint8Array.from(levels);
  eachChosen((x, y, at, lens) => {
    const inner = x > 0 && y > 0 && x < SCENE_WIDTH - 1 && y < SCENE_HEIGHT - 1;
    if (!inner || !needsFine(coarse, ids, x, y)) return;
    sum.fill(0);
    // Averaged after the film curve: else one bright sample owns the edge and it looks jagged.
    for (const [dx, dy] of FINE) {
      sample(scene.room, scene.solids, x + dx, y + dy, light);
      for (let c = 0; c < 3; c++) sum[c] = (sum[c] as number) + toLevel((light[c] as number) * lens);
    }
    for (let c = 0; c < 3; c++) levels[at * 3 + c] = Math.round((sum[c] as number) / FINE.length);
  });
}

/** The room with the objects that never move, drawn once: most pixels of most frames are its pixels. */
export interface StillLife {
  readonly room: Room;
  readonly levels: Buffer;
  readonly ids: Int8Array;
  /** Length of each pixel's ray. */
  readonly depth: Float64Array;
}

export function createStillLife(): StillLife {
  const room = createRoom();
  const solids = placeObjects(0).slice(0, STILL_OBJECTS).map(createSolid);
  const count = SCENE_WIDTH * SCENE_HEIGHT;
  const levels = Buffer.alloc(count * 3);
  const ids = new Int8Array(count);
  drawPixels({ levels, ids }, new Uint8Array(count).fill(1), { room, solids });
  const depth = new Float64Array(count);
  for (let at = 0; at < count; at++) {
    const [x, y] = [(at % SCENE_WIDTH) + 0.5, Math.floor(at / SCENE_WIDTH) + 0.5];
    const ray = rayThrough(x, y);
    depth[at] = Math.min(firstHit(solids, x, y, ray).t, meetRoom(EYE_POSITION, ray).t);
  }
  return { room, levels, ids, depth };
}

/** Pixels where an object that moves is seen, throws its shadow or stands close: 1 where the still life won't do. */
function changedPixels({ depth }: StillLife, moving: readonly Solid[]): Uint8Array {
  const changed = new Uint8Array(depth.length);
  for (let at = 0; at < depth.length; at++) {
    const [x, y] = [(at % SCENE_WIDTH) + 0.5, Math.floor(at / SCENE_WIDTH) + 0.5];
    const ray = rayThrough(x, y);
    const t = depth[at] as number;
    const [px, py, pz] = [EX + ray[0] * t, EY + ray[1] * t, EZ + ray[2] * t];
    const differs =
      firstHit(moving, x, y, ray).t < t || moving.some((solid) => solid.affects(px, py, pz, LAMP));
    if (!differs) continue;
    // Its neighbours too, for their edges are drawn with it.
    for (const near of [at, at - 1, at + 1, at - SCENE_WIDTH, at + SCENE_WIDTH]) changed[near] = 1;
  }
  return changed;
}

/** The frame at `timeMs` as packed RGB rows, SCENE_WIDTH × SCENE_HEIGHT × 3. */
export function renderFrame(still: StillLife, timeMs: number): Buffer {
  const solids = placeObjects(timeMs).map(createSolid);
  const levels = Buffer.from(still.levels);
  const changed = changedPixels(still, solids.slice(STILL_OBJECTS));
  drawPixels({ levels, ids: Int8Array.from(still.ids) }, changed, { room: still.room, solids });
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
