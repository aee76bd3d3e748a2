/** Numbers of 0..1 that look random and are the same for the same seed: mulberry32. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.next();
  }

  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.next() * items.length)] as T;
  }

  sign(): 1 | -1 {
    return this.next() < 0.5 ? -1 : 1;
  }
}

const LATTICE = 64;

/** Smooth noise of 0..1 over the plane, 64 units wide before it repeats: octaves of value noise. */
export class Noise {
  readonly #lattice: Float32Array;

  constructor(random: Random) {
    this.#lattice = Float32Array.from({ length: LATTICE * LATTICE }, () => random.next());
  }

  at(x: number, y: number): number {
    const column = Math.floor(x);
    const row = Math.floor(y);
    const fx = smooth(x - column);
    const fy = smooth(y - row);
    const top = mix(this.#point(column, row), this.#point(column + 1, row), fx);
    const bottom = mix(this.#point(column, row + 1), this.#point(column + 1, row + 1), fx);
    return mix(top, bottom, fy);
  }

  octaves(x: number, y: number, count: number): number {
    let [sum, weight, scale, total] = [0, 1, 1, 0];
    for (let i = 0; i < count; i++) {
      sum += weight * this.at(x * scale + 17 * i, y * scale + 31 * i);
      total += weight;
      weight /= 2;
      scale *= 2;
    }
    return sum / total;
  }

  #point(column: number, row: number): number {
    return this.#lattice[(row & (LATTICE - 1)) * LATTICE + (column & (LATTICE - 1))] as number;
  }
}

function smooth(t: number): number {
  return t * t * (3 - 2 * t);
}

export function mix(a: number, b: number, share: number): number {
  return a + (b - a) * share;
}
