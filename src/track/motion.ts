import type { Box } from '../prompts/types.js';
import { type FrameSides, type Place, placeOf } from './place.js';

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
/** A side this much shorter than expected, in standard deviations, is partly covered. */
const COVERED_SURPRISE = 2;
/** How far pixels that were found again are from where they are, in the object's size; the same of its sides' logarithms. */
const REGISTERED_ERROR = 0.01;
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

  /** How far a measurement is from what is expected, in standard deviations of the two. */
  surprise(measured: number, error: number): number {
    return (measured - this.value) / Math.sqrt(this.#pp + error * error);
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

  keepWithin(low: number, high: number): void {
    if (this.value >= low && this.value <= high) return;
    this.value = Math.min(high, Math.max(low, this.value));
    this.speed = 0;
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

  /**
   * Steps on; time that does not pass, or runs back, moves nothing. An object that is not seen keeps its size: it comes
   * out again bit by bit, and none of these bits is all of it.
   */
  predict(elapsedMs: number, seen: boolean): void {
    const seconds = Math.min(MAX_STEP_S, Math.max(0, elapsedMs / 1000));
    if (!(seconds > 0)) return;
    const density = MIDDLE_DENSITY * this.size ** 2;
    this.#x.predict(seconds, density);
    this.#y.predict(seconds, density);
    if (!seen) return;
    this.#width.predict(seconds, SIDE_DENSITY);
    this.#height.predict(seconds, SIDE_DENSITY);
  }

  /**
   * Takes a mask's box in. Where the frame cuts it, the side is what it was before, and the other edge places it. A side
   * that is all at once much shorter than expected is covered by something: where the middle is, is known the less, the more of it is
   * missing. `trust`: how far to believe it, 1 as usual, towards 0 hardly.
   */
  correct([x1, y1, x2, y2]: Box, frame: FrameSides, trust = 1): void {
    const { size } = this;
    axis({ low: x1, high: x2, limit: frame.width, size, trust }, this.#x, this.#width);
    axis({ low: y1, high: y2, limit: frame.height, size, trust }, this.#y, this.#height);
  }

  /** Takes in where its pixels have gone: this is better known than where a mask ends. */
  register({ x, y, width, height }: Place): void {
    const { size } = this;
    this.#x.correct(x, REGISTERED_ERROR * size);
    this.#y.correct(y, REGISTERED_ERROR * size);
    this.#width.correct(Math.log(width), REGISTERED_ERROR);
    this.#height.correct(Math.log(height), REGISTERED_ERROR);
  }

  /** A box of some time ago, where it has got to since. */
  moved([x1, y1, x2, y2]: Box, elapsedMs: number): Box {
    const seconds = Math.min(MAX_STEP_S, Math.max(0, elapsedMs / 1000));
    const [byX, byY] = [this.#x.speed * seconds, this.#y.speed * seconds];
    return [x1 + byX, y1 + byY, x2 + byX, y2 + byY];
  }

  /** Keeps the middle within a rectangle; who runs against its border stays there. */
  keepWithin([x1, y1, x2, y2]: Box): void {
    this.#x.keepWithin(x1, x2);
    this.#y.keepWithin(y1, y2);
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
  readonly size: number;
  readonly trust: number;
}

function axis({ low, high, limit, size, trust }: Edges, middle: Coordinate, sideLog: Coordinate): void {
  const cutLow = low <= BORDER_PX;
  const cutHigh = high >= limit - BORDER_PX;
  const seen = Math.log(high - low);
  const expected = Math.exp(sideLog.value);
  if (!cutLow && !cutHigh) {
    const covered = sideLog.surprise(seen, SIDE_ERROR) < -COVERED_SURPRISE;
    const missing = covered ? Math.max(0, expected - (high - low)) / 2 : 0;
    middle.correct((low + high) / 2, (MIDDLE_ERROR * size + missing) / trust);
    if (!covered) sideLog.correct(seen, SIDE_ERROR / trust);
    return;
  }
  // A side that is seen to be longer than expected is at least that long, wherever it is cut.
  if (high - low > expected) sideLog.correct(seen, SIDE_ERROR / trust);
  if (cutLow && cutHigh) return;
  const whole = Math.exp(sideLog.value);
  middle.correct(cutLow ? high - whole / 2 : low + whole / 2, (2 * MIDDLE_ERROR * size) / trust);
}
