import { GLYPH_ADVANCE, GLYPH_DESCENT, GLYPH_HEIGHT, glyphOf } from './glyphs.js';
import type { Rgb } from './palette.js';

/** Packed RGB rows that are drawn on in place. */
export interface Canvas {
  readonly rgb: Buffer;
  readonly width: number;
  readonly height: number;
}

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export function blend({ rgb }: Canvas, pixel: number, colour: Rgb, share: number): void {
  const at = pixel * 3;
  rgb[at] = (rgb[at] as number) + (colour[0] - (rgb[at] as number)) * share + 0.5;
  rgb[at + 1] = (rgb[at + 1] as number) + (colour[1] - (rgb[at + 1] as number)) * share + 0.5;
  rgb[at + 2] = (rgb[at + 2] as number) + (colour[2] - (rgb[at + 2] as number)) * share + 0.5;
}

/** Fills a rectangle, clipped to the canvas. */
export function fillRectangle(canvas: Canvas, area: Rectangle, paint: { colour: Rgb; share: number }): void {
  const x2 = Math.min(canvas.width, Math.ceil(area.x + area.width));
  const y2 = Math.min(canvas.height, Math.ceil(area.y + area.height));
  for (let y = Math.max(0, Math.floor(area.y)); y < y2; y++) {
    for (let x = Math.max(0, Math.floor(area.x)); x < x2; x++) {
      blend(canvas, y * canvas.width + x, paint.colour, paint.share);
    }
  }
}

export interface Stroke {
  readonly from: readonly [x: number, y: number];
  readonly to: readonly [x: number, y: number];
  readonly thickness: number;
  readonly colour: Rgb;
}

/** A line with round ends and smooth edges (coverage from the distance to the segment), clipped to the canvas. */
export function drawStroke(canvas: Canvas, { from, to, thickness, colour }: Stroke): void {
  const [ax, ay] = from;
  const dx = to[0] - ax;
  const dy = to[1] - ay;
  const squared = dx * dx + dy * dy;
  const reach = thickness / 2 + 0.5;
  const x1 = Math.max(0, Math.floor(Math.min(ax, to[0]) - reach));
  const y1 = Math.max(0, Math.floor(Math.min(ay, to[1]) - reach));
  const x2 = Math.min(canvas.width - 1, Math.ceil(Math.max(ax, to[0]) + reach));
  const y2 = Math.min(canvas.height - 1, Math.ceil(Math.max(ay, to[1]) + reach));
  for (let y = y1; y <= y2; y++) {
    for (let x = x1; x <= x2; x++) {
      const px = x + 0.5 - ax;
      const py = y + 0.5 - ay;
      const t = squared === 0 ? 0 : Math.min(1, Math.max(0, (px * dx + py * dy) / squared));
      const cover = reach - Math.hypot(px - t * dx, py - t * dy);
      if (cover > 0) blend(canvas, y * canvas.width + x, colour, Math.min(1, cover));
    }
  }
}

/** Width in pixels of a text whose capitals are `size` pixels high. */
export function textWidth(text: string, size: number): number {
  return ([...text].length * GLYPH_ADVANCE * size) / GLYPH_HEIGHT;
}

/** Height of a text with what hangs below its line. */
export function textHeight(size: number): number {
  return (size * GLYPH_DESCENT) / GLYPH_HEIGHT;
}

/** Text whose capitals stand between `y` and `y + size`; no font file is needed. */
export function drawText(
  canvas: Canvas,
  text: string,
  style: { readonly x: number; readonly y: number; readonly size: number; readonly colour: Rgb },
): void {
  const scale = style.size / GLYPH_HEIGHT;
  const thickness = Math.max(1, style.size * 0.14);
  let left = style.x + scale;
  for (const character of text) {
    for (const line of glyphOf(character)) {
      let previous = line[0];
      for (const next of line.slice(1)) {
        const [ax, ay] = previous ?? next;
        const [bx, by] = next;
        drawStroke(canvas, {
          from: [left + ax * scale, style.y + ay * scale],
          to: [left + bx * scale, style.y + by * scale],
          thickness,
          colour: style.colour,
        });
        previous = next;
      }
    }
    left += GLYPH_ADVANCE * scale;
  }
}
