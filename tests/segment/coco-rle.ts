/**
 * COCO's compressed run-length encoding, written from its description (pycocotools' maskApi) and apart from the
 * addon's, so that a test does not hold Samwire against itself. Masks are row-major, one byte a pixel.
 */
export interface Rle {
  readonly size: readonly [height: number, width: number];
  readonly counts: string;
}

/** @throws Error when the runs do not sum to the size. */
export function decodeRle({ size: [height, width], counts }: Rle): Uint8Array {
  const runs: number[] = [];
  for (let at = 0; at < counts.length; ) {
    let [run, shift, code] = [0, 0, 32];
    while (code & 32) {
      code = counts.charCodeAt(at++) - 48;
      run |= (code & 31) << shift;
      shift += 5;
    }
    if (code & 16) run |= -1 << shift;
    runs.push(runs.length > 2 ? run + (runs.at(-2) ?? 0) : run);
  }
  const mask = new Uint8Array(width * height);
  let from = 0;
  runs.forEach((run, i) => {
    for (let at = from; i % 2 === 1 && at < from + run; at++)
      mask[(at % height) * width + Math.floor(at / height)] = 1;
    from += run;
  });
  if (from !== width * height) throw new Error(`the runs sum to ${from}, expected ${width * height}`);
  return mask;
}

export function encodeRle(mask: ArrayLike<number>, width: number, height: number): Rle {
  const runs: number[] = [];
  let [value, length] = [0, 0];
  for (let at = 0; at < width * height; at++) {
    const pixel = mask[(at % height) * width + Math.floor(at / height)] ? 1 : 0;
    if (pixel !== value) {
      runs.push(length);
      [value, length] = [pixel, 0];
    }
    length++;
  }
  runs.push(length);
  return { size: [height, width], counts: compress(runs) };
}

/** Five bits a character, each run from the third on as the difference to that two before. */
export function compress(runs: readonly number[]): string {
  let text = '';
  runs.forEach((run, i) => {
    let rest = i > 2 ? run - (runs[i - 2] ?? 0) : run;
    for (;;) {
      const bits = rest & 31;
      rest >>= 5;
      const done = bits & 16 ? rest === -1 : rest === 0;
      text += String.fromCharCode(48 + (done ? bits : bits | 32));
      if (done) break;
    }
  });
  return text;
}
