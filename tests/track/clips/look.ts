import { mix, Noise, type Random } from './random.js';
import type { Colour, Outline } from './types.js';

const DIRECTIONS = 256;

/** A closed shape round its middle, of about `size` px across: lobed, long or nearly round. */
export function outlineOf(random: Random, size: number): Outline {
  const lobes = random.pick([2, 3, 4, 5]);
  const depth = random.between(0.05, 0.22);
  const length = random.between(0.75, 1.35);
  const phase = random.between(0, 2 * Math.PI);
  const second = random.between(0, 0.08);
  const secondPhase = random.between(0, 2 * Math.PI);
  return Float32Array.from({ length: DIRECTIONS }, (_, i) => {
    const angle = (i / DIRECTIONS) * 2 * Math.PI;
    const ellipse = 1 / Math.hypot(Math.cos(angle) / length, Math.sin(angle) * length);
    const wave = 1 + depth * Math.cos(lobes * angle + phase) + second * Math.cos(7 * angle + secondPhase);
    return (size / 2) * ellipse * wave;
  });
}

/** A bar of `width` by `height` px. */
export function barOutline(width: number, height: number): Outline {
  return Float32Array.from({ length: DIRECTIONS }, (_, i) => {
    const angle = (i / DIRECTIONS) * 2 * Math.PI;
    return Math.min(
      width / 2 / Math.max(1e-6, Math.abs(Math.cos(angle))),
      height / 2 / Math.max(1e-6, Math.abs(Math.sin(angle))),
    );
  });
}

/** Hue in turns, saturation and value 0..1. */
export function colourOf(hue: number, saturation: number, value: number): Colour {
  const channel = (shift: number): number => {
    const k = (shift + hue * 6) % 6;
    return 255 * value * (1 - saturation * Math.max(0, Math.min(k, 4 - k, 1)));
  };
  return [channel(5), channel(3), channel(1)];
}

export interface Paint {
  readonly hue: number;
  readonly saturation: number;
  readonly value: number;
}

/** A surface of one paint with a second shade in stripes or patches, lit from above. */
export function surfaceOf(
  random: Random,
  size: number,
  { hue, saturation, value }: Paint,
): (u: number, v: number) => Colour {
  const noise = new Noise(random);
  const first = colourOf(hue, saturation, value);
  const second = colourOf(
    (hue + random.between(-0.06, 0.06) + 1) % 1,
    saturation * random.between(0.6, 1),
    value * random.between(0.6, 0.85),
  );
  const striped = random.next() < 0.4;
  const period = size / random.between(2.5, 5);
  const tilt = random.between(0, Math.PI);
  return (u, v) => {
    const across = (u * Math.cos(tilt) + v * Math.sin(tilt)) / period;
    const patch = striped ? across - Math.floor(across) : noise.octaves(u / period + 20, v / period + 20, 2);
    const share = Math.min(1, Math.max(0, (patch - 0.5) * 6 + 0.5));
    const grain = 0.9 + 0.2 * noise.at(u / 3 + 9, v / 3 + 9);
    const shade = (1 - (0.25 * v) / size - (0.1 * u) / size) * grain;
    return [0, 1, 2].map((c) => mix(first[c as 0], second[c as 0], share) * shade) as unknown as Colour;
  };
}

export interface WallSize {
  readonly width: number;
  readonly height: number;
  readonly margin: number;
}

/** A wall of blotches, lines and grain: what is behind the objects. */
export function wallOf(random: Random, { width, height, margin }: WallSize): Float32Array {
  const noise = new Noise(random);
  const hue = random.next();
  const near = colourOf(hue, random.between(0.05, 0.3), random.between(0.35, 0.75));
  const far = colourOf(
    (hue + random.between(0.1, 0.5)) % 1,
    random.between(0.05, 0.35),
    random.between(0.3, 0.8),
  );
  const lines = random.between(40, 110);
  const strength = random.between(0.0, 0.12);
  const columns = width + 2 * margin;
  const rows = height + 2 * margin;
  const data = new Float32Array(columns * rows * 3);
  for (let y = 0; y < rows; y++)
    for (let x = 0; x < columns; x++) {
      const blotch = Math.min(1, Math.max(0, (noise.octaves(x / 90, y / 90, 3) - 0.5) * 2.5 + 0.5));
      const line = x % lines < 2 || y % lines < 2 ? 1 - strength : 1;
      const grain = 0.92 + 0.16 * noise.octaves(x / 5, y / 5, 2);
      for (let c = 0; c < 3; c++)
        data[(y * columns + x) * 3 + c] = mix(near[c as 0], far[c as 0], blotch) * line * grain;
    }
  return data;
}
