import { Random } from './random.js';
import type { Clip, ClipFrame, ClipObject, Outline } from './types.js';

/** Pictures that are averaged over an exposure. */
const EXPOSURE_STEPS = 9;

/** Draws a clip's frame `index` with the sensor's noise. */
export function drawFrame(clip: Clip, index: number): ClipFrame {
  const { width, height, objects, exposureMs } = clip;
  const at = clip.timesMs[index];
  if (at === undefined) throw new Error(`${clip.name} has no frame ${index}`);
  const labels = new Uint8Array(width * height);
  const silhouettes: number[] = [];
  const light = new Float32Array(width * height * 3);
  drawWall(clip, at, light);
  for (const [k, object] of objects.entries())
    silhouettes.push(drawObject(clip, object, { at, light, labels, label: k + 1 }));
  if (exposureMs > 0) expose(clip, at, light);
  return {
    rgb: sensor(clip, index, light),
    labels,
    silhouettes,
    wholes: objects.map(({ outline, pose }) => {
      const place = pose(at);
      return place ? outlineArea(outline) * place.scale ** 2 : 0;
    }),
  };
}

function expose(clip: Clip, at: number, light: Float32Array): void {
  light.fill(0);
  const step = new Float32Array(light.length);
  for (let i = 0; i < EXPOSURE_STEPS; i++) {
    const time = at + clip.exposureMs * ((i + 0.5) / EXPOSURE_STEPS - 0.5);
    drawWall(clip, time, step);
    for (const object of clip.objects) drawObject(clip, object, { at: time, light: step });
    for (let j = 0; j < light.length; j++)
      light[j] = (light[j] as number) + (step[j] as number) / EXPOSURE_STEPS;
  }
}

function drawWall({ width, height, wall, pan }: Clip, at: number, light: Float32Array): void {
  const { data, margin } = wall;
  const stride = width + 2 * margin;
  const [panX, panY] = pan(at);
  const x0 = Math.floor(margin + panX);
  const y0 = Math.floor(margin + panY);
  const fx = margin + panX - x0;
  const fy = margin + panY - y0;
  const right = fx > 0 ? 3 : 0;
  const below = fy > 0 ? stride * 3 : 0;
  for (let y = 0; y < height; y++) {
    let from = ((y + y0) * stride + x0) * 3;
    let to = y * width * 3;
    for (let i = 0; i < width * 3; i++, from++, to++) {
      const top = (data[from] as number) * (1 - fx) + (data[from + right] as number) * fx;
      const bottom = (data[from + below] as number) * (1 - fx) + (data[from + below + right] as number) * fx;
      light[to] = top * (1 - fy) + bottom * fy;
    }
  }
}

interface Target {
  readonly at: number;
  readonly light: Float32Array;
  readonly labels?: Uint8Array;
  readonly label?: number;
}

/** Returns how many pixels of the frame its silhouette has. */
function drawObject(
  { width, height }: Clip,
  { outline, colour, pose }: ClipObject,
  { at, light, labels, label = 0 }: Target,
): number {
  const place = pose(at);
  if (!place) return 0;
  const reach = Math.ceil(Math.max(...outline) * place.scale) + 1;
  const x1 = Math.max(0, Math.floor(place.x - reach));
  const x2 = Math.min(width, Math.ceil(place.x + reach));
  const y1 = Math.max(0, Math.floor(place.y - reach));
  const y2 = Math.min(height, Math.ceil(place.y + reach));
  const cos = Math.cos(place.angle) / place.scale;
  const sin = Math.sin(place.angle) / place.scale;
  let pixels = 0;
  for (let y = y1; y < y2; y++) {
    for (let x = x1; x < x2; x++) {
      const dx = x + 0.5 - place.x;
      const dy = y + 0.5 - place.y;
      const u = dx * cos + dy * sin;
      const v = dy * cos - dx * sin;
      const cover = Math.min(1, (radius(outline, u, v) - Math.hypot(u, v)) * place.scale + 0.5);
      if (cover <= 0) continue;
      const pixel = y * width + x;
      const own = colour(u, v);
      for (let c = 0; c < 3; c++) {
        const before = light[pixel * 3 + c] as number;
        light[pixel * 3 + c] = before + (own[c as 0 | 1 | 2] - before) * cover;
      }
      if (cover < 0.5) continue;
      pixels++;
      if (labels) labels[pixel] = label;
    }
  }
  return pixels;
}

/** The outline's distance in the direction of (u, v). */
function radius(outline: Outline, u: number, v: number): number {
  const turn = ((Math.atan2(v, u) / (2 * Math.PI) + 1) % 1) * outline.length;
  const low = Math.floor(turn) % outline.length;
  const share = turn - Math.floor(turn);
  return (outline[low] as number) * (1 - share) + (outline[(low + 1) % outline.length] as number) * share;
}

function outlineArea(outline: Outline): number {
  return outline.reduce((sum, r) => sum + (r * r * Math.PI) / outline.length, 0);
}

function sensor(
  { light: factor, timesMs, noise, seed }: Clip,
  index: number,
  light: Float32Array,
): Uint8Array {
  const random = new Random(seed * 7919 + index);
  const gain = factor(timesMs[index] as number);
  const rgb = new Uint8Array(light.length);
  for (let i = 0; i < light.length; i++) {
    // The sum of two has a triangular density, of standard deviation 1 / √6.
    const grain = (random.next() + random.next() - 1) * noise * Math.sqrt(6);
    rgb[i] = Math.max(0, Math.min(255, Math.round((light[i] as number) * gain + grain)));
  }
  return rgb;
}
