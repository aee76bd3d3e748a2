export type Rgb = readonly [r: number, g: number, b: number];

/** Okabe and Ito's colours, told apart with every kind of colour vision, without their black, and Tol's wine. */
export const PALETTE: readonly Rgb[] = [
  [230, 159, 0],
  [86, 180, 233],
  [0, 158, 115],
  [240, 228, 66],
  [0, 114, 178],
  [213, 94, 0],
  [204, 121, 167],
  [136, 34, 85],
];

const WHITE: Rgb = [255, 255, 255];

/** FNV-1a over the UTF-16 units. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

/**
 * A colour for each id of a picture. An id keeps its colour from picture to picture; where two ids of one picture
 * would share one, the later in alphabetical order takes the next that is free, while there is one.
 */
export function coloursOf(ids: Iterable<string>): ReadonlyMap<string, Rgb> {
  const colours = new Map<string, Rgb>();
  const taken = new Set<number>();
  for (const id of [...new Set(ids)].sort()) {
    let index = hash(id) % PALETTE.length;
    if (taken.size < PALETTE.length) while (taken.has(index)) index = (index + 1) % PALETTE.length;
    taken.add(index);
    colours.set(id, PALETTE[index] ?? WHITE);
  }
  return colours;
}

/** Black or white, whichever is easier to read on `colour` (relative luminance of WCAG 2). */
export function inkOn([r, g, b]: Rgb): Rgb {
  const linear = (level: number): number => (level / 255) ** 2.2;
  const luminance = 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  return luminance > 0.18 ? [0, 0, 0] : [255, 255, 255];
}
