/**
 * COCO compressed RLE, written here from its description (runs down the columns, starting outside; numbers in 5-bit
 * groups from '0' on, from the fourth as the difference to the one two before), so that nothing is tested against itself.
 */
export function encodeRle(mask: Uint8Array, width: number, height: number): string {
  const runs: number[] = [];
  let value = 0;
  let run = 0;
  for (let x = 0; x < width; x++) {
    for (let y = 0; y < height; y++) {
      const here = mask[y * width + x] === 0 ? 0 : 1;
      if (here !== value) {
        runs.push(run);
        run = 0;
        value = here;
      }
      run++;
    }
  }
  runs.push(run);
  let text = '';
  runs.forEach((count, i) => {
    let rest = i > 2 ? count - (runs[i - 2] ?? 0) : count;
    for (let more = true; more; ) {
      const bits = rest & 31;
      rest >>= 5;
      more = bits & 16 ? rest !== -1 : rest !== 0;
      text += String.fromCharCode(48 + bits + (more ? 32 : 0));
    }
  });
  return text;
}

export function decodeRle(counts: string, width: number, height: number): Uint8Array {
  const runs: number[] = [];
  for (let at = 0; at < counts.length; ) {
    let number = 0;
    let shift = 0;
    for (;;) {
      const bits = counts.charCodeAt(at++) - 48;
      number |= (bits & 31) << shift;
      shift += 5;
      if (bits & 32) continue;
      if (bits & 16) number |= -1 << shift;
      break;
    }
    runs.push(runs.length > 2 ? number + (runs[runs.length - 2] ?? 0) : number);
  }
  const mask = new Uint8Array(width * height);
  let place = 0;
  runs.forEach((run, i) => {
    for (const end = place + run; place < end; place++) {
      if (i % 2 === 1) mask[(place % height) * width + Math.floor(place / height)] = 1;
    }
  });
  return mask;
}
