/**
 * SAM's zero-shot edges in plain loops over full-size images, written from the paper (appendix D.2) and from the
 * description of Structured Edges' NMS, apart from native/edges.
 */
export interface Size {
  readonly width: number;
  readonly height: number;
}

type Image = ArrayLike<number>;

function reader(image: Image, { width, height }: Size): (x: number, y: number) => number {
  return (x, y) =>
    image[Math.min(height - 1, Math.max(0, y)) * width + Math.min(width - 1, Math.max(0, x))] ?? 0;
}

function filled(size: Size, value: (x: number, y: number) => number): Float64Array {
  return Float64Array.from({ length: size.width * size.height }, (_, i) =>
    value(i % size.width, Math.floor(i / size.width)),
  );
}

const AROUND = [-1, 0, 1];

/** Of full-size logits: the Sobel gradient of their sigmoid, where a mask's boundary runs. */
export function softEdges(logits: Image, size: Size): Float64Array {
  const logit = reader(logits, size);
  const p = (x: number, y: number): number => 1 / (1 + Math.exp(-logit(x, y)));
  return filled(size, (x, y) => {
    const near = AROUND.flatMap((v) => AROUND.map((u) => logit(x + u, y + v) > 0));
    if (near.every((inside) => inside === near[0])) return 0;
    const down = (u: number): number => p(x + u, y - 1) + 2 * p(x + u, y) + p(x + u, y + 1);
    const across = (v: number): number => p(x - 1, y + v) + 2 * p(x, y + v) + p(x + 1, y + v);
    return Math.hypot(down(1) - down(-1), across(1) - across(-1)) / 4;
  });
}

/** Triangle filter, mirrored at the border. */
function smoothed(image: Image, size: Size, radius: number): Float64Array {
  const mirror = (i: number, n: number): number => {
    const at = ((i % (2 * n)) + 2 * n) % (2 * n);
    return at < n ? at : 2 * n - 1 - at;
  };
  const sum = (value: (offset: number) => number): number => {
    let total = 0;
    for (let d = -radius; d <= radius; d++) total += (radius + 1 - Math.abs(d)) * value(d);
    return total / (radius + 1) ** 2;
  };
  const { width, height } = size;
  const rows = filled(size, (x, y) => sum((d) => image[y * width + mirror(x + d, width)] ?? 0));
  return filled(size, (x, y) => sum((d) => rows[mirror(y + d, height) * width + x] ?? 0));
}

/** Central differences, one-sided at the border. */
function slopes(image: Image, size: Size): [Float64Array, Float64Array] {
  const at = reader(image, size);
  const { width, height } = size;
  const step = (i: number, n: number): number => Math.min(n - 1, i + 1) - Math.max(0, i - 1);
  return [
    filled(size, (x, y) => (at(x + 1, y) - at(x - 1, y)) / step(x, width)),
    filled(size, (x, y) => (at(x, y + 1) - at(x, y - 1)) / step(y, height)),
  ];
}

/** Strengths → the map of 0..255: crests, scaled, thinned, faded at the border. */
export function thinned(strength: Image, size: Size): Float64Array {
  const { width, height } = size;
  const crest = smoothed(strength, size, 1);
  const strongest = crest.reduce((a, b) => Math.max(a, b));
  const weakest = crest.reduce((a, b) => Math.min(a, b));
  const edges = crest.map((value) => (value - weakest) / (strongest - weakest));
  const [ox, oy] = slopes(smoothed(edges, size, 4), size);
  const [oxx, oxy] = slopes(ox, size);
  const oyy = slopes(oy, size)[1];
  const between = (x: number, y: number): number => {
    const at = reader(edges, size);
    const [px, py] = [Math.min(width - 1, Math.max(0, x)), Math.min(height - 1, Math.max(0, y))];
    const [x0, y0] = [Math.floor(px), Math.floor(py)];
    const [u, v] = [px - x0, py - y0];
    const row = (yy: number): number => at(x0, yy) * (1 - u) + at(x0 + 1, yy) * u;
    return row(y0) * (1 - v) + row(y0 + 1) * v;
  };
  const fade = (i: number, n: number): number => Math.min(1, Math.min(i, n - 1 - i) / 5);
  return filled(size, (x, y) => {
    const i = y * width + x;
    const own = edges[i] ?? 0;
    const sign = (oxy[i] ?? 0) > 0 ? -1 : 1;
    const angle = Math.atan(((oyy[i] ?? 0) * sign) / ((oxx[i] ?? 0) + 1e-5));
    const [dx, dy] = [Math.cos(angle), Math.sin(angle)];
    if (own * 1.01 < Math.max(between(x + dx, y + dy), between(x - dx, y - dy))) return 0;
    return 255 * own * fade(x, width) * fade(y, height);
  });
}
