import { apple } from './objects/apple.js';
import { BALL_RADIUS, ball } from './objects/ball.js';
import { banana } from './objects/banana.js';
import { cactus } from './objects/cactus.js';
import { mug } from './objects/mug.js';
import { truck } from './objects/truck.js';
import type { PlacedObject, Pose } from './types.js';

export const SCENE_WIDTH = 1280;
export const SCENE_HEIGHT = 720;
export const SCENE_FPS = 25;
/** One turn of every motion: the clip's length, and why it loops without a seam. */
export const SCENE_PERIOD_MS = 12_000;
export const SCENE_FRAMES = (SCENE_PERIOD_MS / 1000) * SCENE_FPS;

/** Where the table ends and the wall stands. */
export const WALL_Z = -2.5;

type Rotation = Pose['rotation'];

/** Turns an object's +x towards (dx, dz) on the table. */
function facing(dx: number, dz: number): Rotation {
  const length = Math.hypot(dx, dz);
  const x = dx / length;
  const z = dz / length;
  return [x, 0, -z, 0, 1, 0, z, 0, x];
}

function yaw(angle: number): Rotation {
  return facing(Math.cos(angle), -Math.sin(angle));
}

/** Rolled about the scene's z axis, after a fixed tilt that shows the seam. */
function rolled(angle: number): Rotation {
  const c = Math.cos(angle);
  const s = Math.sin(angle);
  const tc = Math.cos(0.6);
  const ts = Math.sin(0.6);
  return [c, -s * tc, s * ts, s, c * tc, -c * ts, 0, ts, tc];
}

function still(x: number, z: number, rotation: Rotation): Pose {
  return { x, y: 0, z, rotation };
}

const MUG_POSE = still(2.69, -1.16, yaw(-0.85));
const APPLE_POSE = still(0.2, 1.42, yaw(0.5));
const CACTUS_POSE = still(-2.72, -1.16, yaw(0.15));

/** Once round on the rear half of the table, past the mug and the cactus. */
function truckPose(phase: number): Pose {
  const x = 1.45 * Math.cos(phase);
  const z = -0.55 + 0.78 * Math.sin(phase);
  return still(x, z, facing(-1.45 * Math.sin(phase), 0.78 * Math.cos(phase)));
}

/** Rolls to and fro at the front without slipping. */
function ballPose(phase: number): Pose {
  const x = -1.25 + 0.83 * Math.sin(2 * phase);
  return { x, y: BALL_RADIUS, z: 2.04, rotation: rolled(-x / BALL_RADIUS) };
}

function bananaPose(phase: number): Pose {
  return still(1.62 + 0.1 * Math.cos(phase), 1.45, yaw(-0.02 - 0.22 * Math.sin(phase)));
}

/** The first objects of {@link placeObjects} never move: their light is worked out once for the whole clip. */
export const STILL_OBJECTS = 3;

/** The six objects as they stand `timeMs` into the clip (any time: the scene repeats). */
export function placeObjects(timeMs: number): readonly PlacedObject[] {
  const phase = (timeMs / SCENE_PERIOD_MS) * 2 * Math.PI;
  return [
    { object: mug, pose: MUG_POSE },
    { object: apple, pose: APPLE_POSE },
    { object: cactus, pose: CACTUS_POSE },
    { object: truck, pose: truckPose(phase) },
    { object: ball, pose: ballPose(phase) },
    { object: banana, pose: bananaPose(phase) },
  ];
}
