import { coloursOf, PALETTE, type Rgb } from '../../../src/outputs/palette.js';

/** Ids that are remembered; the one not seen for the longest time is forgotten first. */
const MAX_IDS = 256;

/**
 * The colours of `samwire`'s overlays, kept while ids come and go: an id keeps the colour that it got, and a new one
 * whose own colour is in the picture already takes the next that is free.
 */
export class ColourBook {
  readonly #known = new Map<string, Rgb>();

  /** A colour for each id of one picture. */
  of(ids: readonly string[]): ReadonlyMap<string, Rgb> {
    const unique = [...new Set(ids)];
    const taken = new Set(unique.map((id) => this.#known.get(id)).filter((colour) => colour !== undefined));
    for (const id of [...unique].sort()) {
      const colour = this.#known.get(id) ?? free(id, taken);
      taken.add(colour);
      this.#known.delete(id);
      this.#known.set(id, colour);
    }
    while (this.#known.size > Math.max(MAX_IDS, unique.length)) {
      const [oldest] = this.#known.keys();
      this.#known.delete(oldest ?? '');
    }
    return new Map(unique.map((id) => [id, this.#known.get(id) ?? ownColour(id)]));
  }

  /** The colour that an id has, or would have alone in a picture. */
  one(id: string): Rgb {
    return this.#known.get(id) ?? ownColour(id);
  }
}

function ownColour(id: string): Rgb {
  return coloursOf([id]).get(id) ?? (PALETTE[0] as Rgb);
}

function free(id: string, taken: ReadonlySet<Rgb>): Rgb {
  const own = PALETTE.indexOf(ownColour(id));
  const inTurn = [...PALETTE.slice(own), ...PALETTE.slice(0, own)];
  return inTurn.find((colour) => !taken.has(colour)) ?? ownColour(id);
}

export function css([r, g, b]: Rgb, alpha = 1): string {
  return `rgb(${r} ${g} ${b} / ${alpha})`;
}
