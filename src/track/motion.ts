import type { Box } from '../prompts/types.js';

/** Pixels of the frame that a mask lies in. */
export interface FrameSides {
  readonly width: number;
  readonly height: number;
}

/** A box by its middle and sides, px; it may lie partly or wholly outside of the frame. */
export interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A mask's edge this near the frame's is where the frame cuts the object, px. */
const BORDER_PX = 2;
/** Of the longest stretch that is extrapolated, s: behind it nothing is known of where an object went. */
const MAX_STEP_S = 1;

/** Spectral density of the acceleration of an object's middle, its own size² / s³. */
const MIDDLE_DENSITY = 9;
/** How far a mask's middle is from the object's, in its own size: standard deviation. */
const MIDDLE_ERROR = 0.03;
/** The same of the sides, as logarithms: 1 / s³, and without unit. */
const SIDE_DENSITY = 0.3;
const SIDE_ERROR = 0.06;
/** What an object may move at when it is seen first, its own size / s, and its sides' growth, 1 / s. */
const FIRST_SPEED = 3;
const FIRST_GROWTH = 0.5;

/** Position and speed of one coordinate with their covariance: a Kalman filter of constant velocity. */
class Coordinate {
  value: number;
  speed = 0;
  #pp: number;
  #pv = 0;
  #vv: number;

  constructor(value: number, error: number, speedError: number) {
    this.value = value;
    this.#pp = error * error;
    this.#vv = speedError * speedError;
  }

  get error(): number {
    return Math.sqrt(this.#pp);
  }

  predict(seconds: number, density: number): void {
    this.value += this.speed * seconds;
    this.#pp += seconds * (2 * this.#pv + seconds * this.#vv) + (density * seconds ** 3) / 3;
    this.#pv += seconds * this.#vv + (density * seconds ** 2) / 2;
    this.#vv += density * seconds;
  }

  correct(measured: number, error: number): void {
    const innovation = measured - this.value;
    const variance = this.#pp + error * error;
    const gain = this.#pp / variance;
    const speedGain = this.#pv / variance;
    this.value += gain * innovation;
    this.speed += speedGain * innovation;
    this.#vv -= speedGain * this.#pv;
    this.#pp *= 1 - gain;
    this.#pv *= 1 - gain;
  }

  scale(factor: number): void {
    this.value *= factor;
    this.speed *= factor;
    this.#pp *= factor * factor;
    this.#pv *= factor * factor;
    this.#vv *= factor * factor;
  }

  move(by: number): void {
    this.value += by;
  }
}

/**
 * Where an object's box goes: middle and logarithms of the sides at constant velocity (as SORT, Bewley et al. 2016), in
 * seconds of capture time, since the frames that are looked at come at no fixed rate. All noise is in the object's own
 * size, so that one set of numbers serves a cup and a lorry.
 */
export class Motion {
  readonly #x: Coordinate;
  readonly #y: Coordinate;
  readonly #width: Coordinate;
  readonly #height: Coordinate;

  constructor(box: Box) {
    const { x, y, width, height } = placeOf(box);
    const size = Math.sqrt(width * height);
    this.#x = new Coordinate(x, MIDDLE_ERROR * size, FIRST_SPEED * size);
    this.#y = new Coordinate(y, MIDDLE_ERROR * size, FIRST_SPEED * size);
    this.#width = new Coordinate(Math.log(width), SIDE_ERROR, FIRST_GROWTH);
    this.#height = new Coordinate(Math.log(height), SIDE_ERROR, FIRST_GROWTH);
  }

  get place(): Place {
    return {
      x: this.#x.value,
      y: this.#y.value,
      width: Math.exp(this.#width.value),
      height: Math.exp(this.#height.value),
    };
  }

  get size(): number {
    return Math.exp((this.#width.value + this.#height.value) / 2);
  }

  /** Standard deviation of the middle, px. */
  get error(): number {
    return Math.hypot(this.#x.error, this.#y.error);
  }

  /** Steps on; time that does not pass, or runs back, moves nothing. */
  predict(elapsedMs: number): void {
    const seconds = Math.min(MAX_STEP_S, Math.max(0, elapsedMs / 1000));
    if (!(seconds > 0)) return;
    const density = MIDDLE_DENSITY * this.size ** 2;
    this.#x.predict(seconds, density);
    this.#y.predict(seconds, density);
    this.#width.predict(seconds, SIDE_DENSITY);
    this.#height.predict(seconds, SIDE_DENSITY);
  }

  /** Takes a mask's box in: where the frame cuts it, the side is what it was before, and the other edge places it. */
  correct(box: Box, frame: FrameSides): void {
    const { place, size } = this;
    axis({ low: box[0], high: box[2], limit: frame.width, side: place.width, size }, this.#x, this.#width);
    axis({ low: box[1], high: box[3], limit: frame.height, side: place.height, size }, this.#y, this.#height);
  }

  /** Forgets how fast it went, as after a jump. */
  stop(): void {
    for (const coordinate of [this.#x, this.#y, this.#width, this.#height]) coordinate.speed = 0;
  }

  move(byX: number, byY: number): void {
    this.#x.move(byX);
    this.#y.move(byY);
  }

  /** The frame has other sides from here on. */
  scale(byX: number, byY: number): void {
    this.#x.scale(byX);
    this.#y.scale(byY);
    this.#width.move(Math.log(byX));
    this.#height.move(Math.log(byY));
  }
}

interface Edges {
  readonly low: number;
  readonly high: number;
  readonly limit: number;
  /** Expected, px. */
  readonly side: number;
  readonly size: number;
}

function axis({ low, high, limit, side, size }: Edges, middle: Coordinate, sideLog: Coordinate): void {
  const cutLow = low <= BORDER_PX;
  const cutHigh = high >= limit - BORDER_PX;
  const seen = high - low;
  const error = MIDDLE_ERROR * size;
  if (!cutLow && !cutHigh) {
    middle.correct((low + high) / 2, error);
    sideLog.correct(Math.log(seen), SIDE_ERROR);
    return;
  }
  // A side that is seen to be longer than expected is at least that long, wherever it is cut.
  if (seen > side) sideLog.correct(Math.log(seen), SIDE_ERROR);
  if (cutLow && cutHigh) return;
  const whole = Math.exp(sideLog.value);
  middle.correct(cutLow ? high - whole / 2 : low + whole / 2, 2 * error);
}

export function placeOf([x1, y1, x2, y2]: Box): Place {
  return { x: (x1 + x2) / 2, y: (y1 + y2) / 2, width: x2 - x1, height: y2 - y1 };
}

/** The part of a place that lies in the frame; null where it has no pixel there. */
export function boxWithin({ x, y, width, height }: Place, frame: FrameSides): Box | null {
  const x1 = Math.max(0, x - width / 2);
  const y1 = Math.max(0, y - height / 2);
  const x2 = Math.min(frame.width, x + width / 2);
  const y2 = Math.min(frame.height, y + height / 2);
  return x2 - x1 >= 1 && y2 - y1 >= 1 ? [x1, y1, x2, y2] : null;
}

export function boxArea([x1, y1, x2, y2]: Box): number {
  return Math.max(0, x2 - x1) * Math.max(0, y2 - y1);
}

export function boxIou(a: Box, b: Box): number {
  const shared = boxArea([
    Math.max(a[0], b[0]),
    Math.max(a[1], b[1]),
    Math.min(a[2], b[2]),
    Math.min(a[3], b[3]),
  ]);
  const union = boxArea(a) + boxArea(b) - shared;
  return union > 0 ? shared / union : 0;
}
