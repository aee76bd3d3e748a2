import type { MaskColours } from '../native/colours.js';

/** Chances of colours that neither the object nor its surroundings were seen with. */
const UNSEEN = 2e-4;

/**
 * Bhattacharyya's coefficient of two histograms: 1 the same, 0 nothing in common (Comaniciu, Ramesh and Meer, "Kernel-based
 * object tracking", 2003).
 */
export function alike(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.sqrt((a[i] as number) * (b[i] as number));
  return sum;
}

/** How an object looks, and what it stands before: colours, learnt slowly, with those that it was given with. */
export class Appearance {
  readonly #first: Float32Array;
  readonly #inside: Float32Array;
  readonly #around: Float32Array;
  #chances: Float32Array | undefined;

  constructor({ inside, around }: MaskColours) {
    this.#first = inside;
    this.#inside = inside.slice();
    this.#around = around.slice();
  }

  /** 0..1, to what it is now or was at first, whichever is nearer. */
  likeness({ inside }: MaskColours): number {
    return Math.max(alike(inside, this.#inside), alike(inside, this.#first));
  }

  /** Whether a mask looks more like what was around the object than like the object. */
  isSurroundings({ inside }: MaskColours): boolean {
    return alike(inside, this.#around) > this.likeness({ inside, around: inside });
  }

  /** How likely each colour is the object's and not its surroundings', 0..1. */
  get chances(): Float32Array {
    this.#chances ??= this.#inside.map((own, i) => {
      const other = this.#around[i] as number;
      return own / (own + other + UNSEEN);
    });
    return this.#chances;
  }

  /** `share`, 0..1: of what is seen now in what is known from here on. */
  learn({ inside, around }: MaskColours, share: number): void {
    blend(this.#inside, inside, share);
    blend(this.#around, around, share);
    this.#chances = undefined;
  }
}

function blend(known: Float32Array, seen: Float32Array, share: number): void {
  for (let i = 0; i < known.length; i++)
    known[i] = (known[i] as number) * (1 - share) + (seen[i] as number) * share;
}
