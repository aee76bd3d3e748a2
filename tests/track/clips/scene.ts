import { barOutline, outlineOf, type Paint, surfaceOf, wallOf } from './look.js';
import { Random } from './random.js';
import type { Clip, ClipObject, Pose } from './types.js';

export const WIDTH = 640;
export const HEIGHT = 360;
const MARGIN = 48;
const FRAME_MS = 40;

export interface SceneOptions {
  readonly name: string;
  readonly seed: number;
  readonly frames: number;
  readonly frameMs?: number;
  readonly exposureMs?: number;
  readonly noise?: number;
  readonly light?: Clip['light'];
  /** How far the camera swings, px. */
  readonly swing?: number;
}

/** A scene that is being put together: all that is random in it comes of its seed. */
export class Scene {
  readonly random: Random;
  readonly #options: SceneOptions;
  readonly #objects: ClipObject[] = [];
  readonly #firstHue: number;

  constructor(options: SceneOptions) {
    this.#options = options;
    this.random = new Random(options.seed);
    this.#firstHue = this.random.next();
  }

  /** The k-th of paints that differ from each other. */
  paint(k: number): Paint {
    return {
      hue: (this.#firstHue + k * 0.381966) % 1,
      saturation: this.random.between(0.45, 0.85),
      value: this.random.between(0.45, 0.95),
    };
  }

  object(size: number, paint: Paint, pose: ClipObject['pose']): void {
    const outline = outlineOf(this.random, size);
    const colour = surfaceOf(this.random, size, paint);
    this.#objects.push({ id: `object-${this.#objects.length}`, outline, colour, pose, followed: true });
  }

  /** Something that stands in the way, and is not followed. */
  bar(width: number, height: number, x: number, y: number): void {
    const outline = barOutline(width, height);
    const colour = surfaceOf(this.random, Math.min(width, height), {
      ...this.paint(this.#objects.length + 3),
      saturation: 0.25,
    });
    const pose = { x, y, scale: 1, angle: 0 };
    this.#objects.push({
      id: `bar-${this.#objects.length}`,
      outline,
      colour,
      pose: () => pose,
      followed: false,
    });
  }

  clip(): Clip {
    const { name, seed, frames, frameMs = FRAME_MS, exposureMs = 0, noise = 3, swing = 0 } = this.#options;
    const { random } = this;
    const period = random.between(2500, 4000);
    const phase = random.between(0, 6);
    return {
      name,
      width: WIDTH,
      height: HEIGHT,
      timesMs: Array.from({ length: frames }, (_, i) => i * frameMs),
      objects: this.#objects,
      wall: { data: wallOf(random, { width: WIDTH, height: HEIGHT, margin: MARGIN }), margin: MARGIN },
      pan: (t) =>
        swing === 0
          ? [0, 0]
          : [
              swing * Math.sin((2 * Math.PI * t) / period + phase),
              0.5 * swing * Math.cos((2 * Math.PI * t) / period),
            ],
      light: this.#options.light ?? (() => 1),
      exposureMs,
      noise,
      seed,
    };
  }
}

/** To and fro between two numbers, at constant speed but for soft turns. */
export function between(
  low: number,
  high: number,
  periodMs: number,
  phase: number,
): (timeMs: number) => number {
  return (timeMs) => {
    const turn = timeMs / periodMs + phase;
    const wave = (2 / Math.PI) * Math.asin(0.98 * Math.sin(2 * Math.PI * turn));
    return (low + high) / 2 + ((high - low) / 2) * wave;
  };
}

/** A pose whose parts change by themselves. */
export function poseOf(parts: {
  readonly x: (timeMs: number) => number;
  readonly y: (timeMs: number) => number;
  readonly scale?: (timeMs: number) => number;
  readonly turnsPerSecond?: number;
}): (timeMs: number) => Pose {
  const { x, y, scale = () => 1, turnsPerSecond = 0 } = parts;
  return (t) => ({ x: x(t), y: y(t), scale: scale(t), angle: (2 * Math.PI * turnsPerSecond * t) / 1000 });
}
