/**
 * A stroke font for the tags of overlays, of our own drawing: a bare machine has no font that SVG text could use,
 * and pictures come out the same everywhere.
 *
 * Each glyph is a set of polylines on a grid: x 0..6, y 0 (top of capitals) .. 9 (base line) .. c (12, lowest
 * descender); points are pairs of digits, lines are parted by `|`.
 */
const STROKES: Readonly<Record<string, string>> = {
  A: '09 30 69|16 56',
  B: '00 09 49 68 66 54 04|54 63 61 40 00',
  C: '61 40 20 02 07 29 49 68',
  D: '00 09 39 67 62 30 00',
  E: '60 00 09 69|04 44',
  F: '60 00 09|04 44',
  G: '61 40 20 02 07 29 49 67 65 35',
  H: '00 09|60 69|04 64',
  I: '10 50|30 39|19 59',
  J: '60 67 49 29 07',
  K: '00 09|60 05|23 69',
  L: '00 09 69',
  M: '09 00 35 60 69',
  N: '09 00 69 60',
  O: '20 40 62 67 49 29 07 02 20',
  P: '09 00 40 61 64 45 05',
  Q: '20 40 62 67 49 29 07 02 20|46 6a',
  R: '09 00 40 61 64 45 05|35 69',
  S: '61 40 20 01 03 24 44 65 67 49 29 08',
  T: '00 60|30 39',
  U: '00 07 29 49 67 60',
  V: '00 39 60',
  W: '00 19 34 59 60',
  X: '00 69|60 09',
  Y: '00 34 60|34 39',
  Z: '00 60 09 69',
  a: '63 69|65 43 23 05 07 29 49 67',
  b: '00 09|05 23 43 65 67 49 29 07',
  c: '64 43 23 05 07 29 49 68',
  d: '60 69|65 43 23 05 07 29 49 67',
  e: '06 66 65 43 23 05 07 29 49 68',
  f: '60 40 22 29|04 54',
  g: '63 6a 4c 2c 0b|65 43 23 05 07 29 49 67',
  h: '00 09|05 23 43 65 69',
  i: '13 33 39|19 59|30 30',
  j: '23 43 4a 3c 1c|40 40',
  k: '00 09|53 07|25 69',
  l: '10 30 39|19 59',
  m: '03 09|05 13 23 35 39|35 43 53 65 69',
  n: '03 09|05 23 43 65 69',
  o: '23 43 65 67 49 29 07 05 23',
  p: '03 0c|05 23 43 65 67 49 29 07',
  q: '63 6c|65 43 23 05 07 29 49 67',
  r: '13 19|16 33 53 64',
  s: '64 53 13 04 05 16 56 67 68 59 19 08',
  t: '20 27 39 59|03 53',
  u: '03 07 29 49 67|63 69',
  v: '03 39 63',
  w: '03 19 35 59 63',
  x: '03 69|63 09',
  y: '03 39|63 2c 0c',
  z: '03 63 09 69',
  '0': '20 40 62 67 49 29 07 02 20|42 27',
  '1': '12 30 39|19 59',
  '2': '02 20 40 62 63 09 69',
  '3': '01 20 40 62 63 44 24|44 66 67 49 29 08',
  '4': '49 40 06 66',
  '5': '60 00 04 44 66 67 49 29 08',
  '6': '61 40 20 02 07 29 49 67 66 44 24 06',
  '7': '00 60 29',
  '8': '24 03 02 20 40 62 63 44 24 06 07 29 49 67 66 44',
  '9': '08 29 49 67 62 40 20 02 03 25 45 63',
  ' ': '',
  '!': '30 36|39 39',
  '"': '20 22|40 42',
  '#': '20 19|50 49|03 63|06 66',
  $: '61 40 20 01 03 24 44 65 67 49 29 08|30 39',
  '%': '60 09|10 01 12 21 10|57 48 59 68 57',
  '&': '69 12 11 20 30 41 42 06 07 29 39 66',
  "'": '30 32',
  '(': '40 22 27 49',
  ')': '20 42 47 29',
  '*': '32 38|14 56|16 54',
  '+': '32 38|05 65',
  ',': '38 39 2b',
  '-': '15 55',
  '.': '39 39',
  '/': '60 09',
  ':': '34 34|39 39',
  ';': '34 34|38 39 2b',
  '<': '52 15 58',
  '=': '14 54|17 57',
  '>': '12 55 18',
  '?': '02 20 40 62 63 35 36|39 39',
  '@': '66 54 34 25 26 37 47 65 62 40 20 02 07 29 49',
  '[': '40 20 29 49',
  '\\': '00 69',
  ']': '20 40 49 29',
  '^': '03 30 63',
  _: '0b 6b',
  '`': '20 41',
  '{': '40 31 33 15 36 38 49',
  '|': '30 3b',
  '}': '20 31 33 55 36 38 29',
  '~': '06 14 24 46 56 64',
  '…': '19 19|39 39|59 59',
};

/** What stands for a character that the font lacks. */
const UNKNOWN = '10 50 59 19 10';

export const GLYPH_HEIGHT = 9;
export const GLYPH_DESCENT = 12;
export const GLYPH_ADVANCE = 8.4;

export type Polyline = readonly (readonly [x: number, y: number])[];

function parse(strokes: string): Polyline[] {
  if (strokes === '') return [];
  return strokes
    .split('|')
    .map((line) =>
      line
        .split(' ')
        .map((point) => [Number.parseInt(point[0] ?? '', 16), Number.parseInt(point[1] ?? '', 16)] as const),
    );
}

const GLYPHS = new Map(Object.entries(STROKES).map(([character, strokes]) => [character, parse(strokes)]));
const UNKNOWN_GLYPH = parse(UNKNOWN);

/** The lines of a character; of an accented letter, its base's; a box where there is none. */
export function glyphOf(character: string): readonly Polyline[] {
  const base = GLYPHS.has(character) ? character : (character.normalize('NFKD')[0] ?? '');
  return GLYPHS.get(base) ?? UNKNOWN_GLYPH;
}
