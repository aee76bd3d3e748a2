import { SCENE_HEIGHT, SCENE_WIDTH } from './scene.js';

type Vector = readonly [number, number, number];

const EYE: Vector = [0, 3.05, 6.6];
const TARGET: Vector = [0, 0.42, 0.12];
const FIELD_OF_VIEW_Y = 0.5;

function normalise([x, y, z]: Vector): Vector {
  const length = Math.hypot(x, y, z);
  return [x / length, y / length, z / length];
}

const FORWARD = normalise([TARGET[0] - EYE[0], TARGET[1] - EYE[1], TARGET[2] - EYE[2]]);
const RIGHT = normalise([-FORWARD[2], 0, FORWARD[0]]);
const UP: Vector = [
  RIGHT[1] * FORWARD[2] - RIGHT[2] * FORWARD[1],
  RIGHT[2] * FORWARD[0] - RIGHT[0] * FORWARD[2],
  RIGHT[0] * FORWARD[1] - RIGHT[1] * FORWARD[0],
];
/** Pixels per unit at distance 1. */
const FOCAL = SCENE_HEIGHT / 2 / Math.tan(FIELD_OF_VIEW_Y / 2);

export const EYE_POSITION = EYE;

/** The unit direction of the ray through picture point (x, y); a pixel's centre is at +0.5. */
export function rayThrough(x: number, y: number): Vector {
  const u = (x - SCENE_WIDTH / 2) / FOCAL;
  const v = (SCENE_HEIGHT / 2 - y) / FOCAL;
  // The three axes are at right angles and of length 1, so the sum's length is known.
  const scale = 1 / Math.sqrt(1 + u * u + v * v);
  return [
    (FORWARD[0] + RIGHT[0] * u + UP[0] * v) * scale,
    (FORWARD[1] + RIGHT[1] * u + UP[1] * v) * scale,
    (FORWARD[2] + RIGHT[2] * u + UP[2] * v) * scale,
  ];
}

/** The picture's rectangle, clipped, that is sure to hold a sphere: [x1, y1, exclusive x2, y2]. */
export function sphereBounds(centre: Vector, radius: number): [number, number, number, number] {
  const d: Vector = [centre[0] - EYE[0], centre[1] - EYE[1], centre[2] - EYE[2]];
  const depth = d[0] * FORWARD[0] + d[1] * FORWARD[1] + d[2] * FORWARD[2];
  const x = SCENE_WIDTH / 2 + (FOCAL * (d[0] * RIGHT[0] + d[1] * RIGHT[1] + d[2] * RIGHT[2])) / depth;
  const y = SCENE_HEIGHT / 2 - (FOCAL * (d[0] * UP[0] + d[1] * UP[1] + d[2] * UP[2])) / depth;
  // A sphere off the axis is drawn as an ellipse; this factor covers it at this field of view.
  const reach = (1.15 * FOCAL * radius) / (depth - radius);
  return [
    Math.max(0, Math.floor(x - reach)),
    Math.max(0, Math.floor(y - reach)),
    Math.min(SCENE_WIDTH, Math.ceil(x + reach)),
    Math.min(SCENE_HEIGHT, Math.ceil(y + reach)),
  ];
}
