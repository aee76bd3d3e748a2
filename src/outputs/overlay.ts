import sharp from 'sharp';
import type { FailedMaskItem, MaskItem } from '../masks/types.js';
import type { FramePrompt } from '../prompts/types.js';
import {
  blend,
  type Canvas,
  drawStroke,
  drawText,
  fillRectangle,
  type Rectangle,
  textHeight,
  textWidth,
} from './canvas.js';
import { coloursOf, inkOn, type Rgb } from './palette.js';

export interface OverlayOptions {
  /** Packed RGB rows; not written to. */
  readonly rgb: Buffer;
  readonly width: number;
  readonly height: number;
  /** Masks with their RLE; those without are drawn as their box, failed ones not at all. */
  readonly masks: readonly (MaskItem | FailedMaskItem)[];
  /** What was asked, drawn as boxes and points. */
  readonly prompts?: readonly FramePrompt[];
  /** False: no id and score beside each mask, as they would hide a picture full of masks. */
  readonly tags?: boolean;
  /** COCO counts → row-major mask, non-zero inside: the addon's `rleToMask`. */
  readonly decode: (counts: string, width: number, height: number) => Uint8Array;
}

const FILL_SHARE = 0.45;
const TAG_MAX_CHARACTERS = 40;

/** Lines and letters grow with the picture: 720 rows get 2-pixel contours and 14-pixel capitals. */
interface Scale {
  readonly line: number;
  readonly text: number;
}

function scaleOf({ width, height }: Canvas): Scale {
  const side = Math.min(width, height);
  return { line: Math.max(1, Math.round(side / 360)), text: Math.max(8, Math.round(side / 52)) };
}

/** Fills a mask and draws its contour inside its edge, so that touching masks keep a line each. */
function drawMask(
  canvas: Canvas,
  mask: Uint8Array,
  item: MaskItem,
  paint: { colour: Rgb; line: number },
): void {
  const { width, height } = canvas;
  if (!item.box) return;
  const [x1, y1, x2, y2] = item.box;
  const { colour, line } = paint;
  for (let y = Math.max(0, y1); y < Math.min(height, y2); y++) {
    for (let x = Math.max(0, x1); x < Math.min(width, x2); x++) {
      const at = y * width + x;
      if (mask[at] === 0) continue;
      const inside =
        x >= line &&
        x < width - line &&
        y >= line &&
        y < height - line &&
        mask[at - line] !== 0 &&
        mask[at + line] !== 0 &&
        mask[at - line * width] !== 0 &&
        mask[at + line * width] !== 0;
      blend(canvas, at, colour, inside ? FILL_SHARE : 1);
    }
  }
}

function drawBox(canvas: Canvas, box: readonly number[], paint: { colour: Rgb; line: number }): void {
  const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = box;
  const half = paint.line / 2;
  const corners = [
    [x1 + half, y1 + half],
    [x2 - half, y1 + half],
    [x2 - half, y2 - half],
    [x1 + half, y2 - half],
  ] as const;
  corners.forEach((from, i) => {
    drawStroke(canvas, {
      from,
      to: corners[(i + 1) % 4] ?? from,
      thickness: paint.line,
      colour: paint.colour,
    });
  });
}

const WHITE: Rgb = [255, 255, 255];
const BLACK: Rgb = [0, 0, 0];

/** A foreground point is a plus on black, a background point a minus on white: told apart without colours. */
function drawPoint(canvas: Canvas, point: FramePrompt['points'][number], scale: Scale): void {
  const arm = scale.line * 2.5;
  // SAM's x = 0 is the leftmost column: its pixel's centre is drawn at 0.5.
  const x = point.x + 0.5;
  const y = point.y + 0.5;
  const [disc, ink] = point.label === 1 ? [BLACK, WHITE] : [WHITE, BLACK];
  const dot = (thickness: number, colour: Rgb): void =>
    drawStroke(canvas, { from: [x, y], to: [x, y], thickness, colour });
  dot(arm * 3.6, ink);
  dot(arm * 3, disc);
  drawStroke(canvas, { from: [x - arm, y], to: [x + arm, y], thickness: scale.line, colour: ink });
  if (point.label === 1) {
    drawStroke(canvas, { from: [x, y - arm], to: [x, y + arm], thickness: scale.line, colour: ink });
  }
}

function overlaps(a: Rectangle, b: Rectangle): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

/** Above the mask's box, else inside its top; moved into the picture, and down past tags that are there already. */
function placeTag(
  canvas: Canvas,
  size: { width: number; height: number },
  item: MaskItem,
  placed: Rectangle[],
) {
  const [x1, y1] = item.box ?? [0, 0];
  const x = Math.max(0, Math.min(x1, canvas.width - size.width));
  const above = y1 - size.height;
  let tag: Rectangle = { x, y: above >= 0 ? above : y1, ...size };
  for (let tries = 0; tries <= placed.length; tries++) {
    const hit = placed.find((other) => overlaps(tag, other));
    if (!hit) break;
    tag = { ...tag, y: hit.y + hit.height };
  }
  return { ...tag, y: Math.max(0, Math.min(tag.y, canvas.height - size.height)) };
}

/** The tag's text, shortened so that it fits the picture's width. */
function tagText(item: MaskItem, maxCharacters: number): string {
  const name = [...(item.label ?? item.id)];
  const score = item.score.toFixed(2);
  const room = Math.min(TAG_MAX_CHARACTERS, maxCharacters) - score.length - 1;
  if (room < 2) return score;
  return `${name.length <= room ? name.join('') : `${name.slice(0, room - 1).join('')}…`} ${score}`;
}

interface TagStyle {
  readonly colour: Rgb;
  readonly scale: Scale;
}

function drawTag(canvas: Canvas, item: MaskItem, style: TagStyle, placed: Rectangle[]): void {
  const { text: size } = style.scale;
  const padding = Math.round(size * 0.4);
  const fitting = Math.floor((canvas.width - 2 * padding) / textWidth('m', size));
  const text = tagText(item, fitting);
  const width = Math.ceil(textWidth(text, size)) + 2 * padding;
  const height = Math.ceil(textHeight(size)) + padding;
  if (width > canvas.width || height > canvas.height) return;
  const tag = placeTag(canvas, { width, height }, item, placed);
  placed.push(tag);
  fillRectangle(canvas, tag, { colour: style.colour, share: 1 });
  drawText(canvas, text, { x: tag.x + padding, y: tag.y + padding, size, colour: inkOn(style.colour) });
}

/**
 * The picture with its masks drawn on it: a fill and a contour in each id's colour, the largest first, tags with
 * label (else id) and score above, prompts on top. Returns packed RGB rows.
 */
export function drawOverlay(options: OverlayOptions): Buffer {
  const steps = overlaySteps(options);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** {@link drawOverlay}, a mask or a tag at a time: for who must not hold up others on its thread. */
export function* overlaySteps(options: OverlayOptions): Generator<void, Buffer> {
  const { rgb, width, height, decode, prompts = [], tags = true } = options;
  if (rgb.length !== width * height * 3) {
    throw new RangeError(
      `Expected ${width}×${height}×3 = ${width * height * 3} bytes of RGB, got ${rgb.length}`,
    );
  }
  const canvas: Canvas = { rgb: Buffer.from(rgb), width, height };
  const scale = scaleOf(canvas);
  const masks = options.masks.filter((item): item is MaskItem => !('error' in item));
  const colours = coloursOf([...masks, ...prompts].map(({ id }) => id));
  const colourOf = (id: string): Rgb => colours.get(id) ?? WHITE;
  const bySize = [...masks].sort((a, b) => b.area - a.area);
  for (const item of bySize) {
    const paint = { colour: colourOf(item.id), line: scale.line };
    if (item.rle) drawMask(canvas, decode(item.rle.counts, width, height), item, paint);
    else if (item.box) drawBox(canvas, item.box, paint);
    yield;
  }
  for (const { id, box } of prompts) {
    if (box) drawBox(canvas, box, { colour: colourOf(id), line: Math.max(1, scale.line - 1) });
  }
  const placed: Rectangle[] = [];
  for (const item of bySize) {
    if (item.box && tags) drawTag(canvas, item, { colour: colourOf(item.id), scale }, placed);
    yield;
  }
  for (const { points } of prompts) for (const point of points) drawPoint(canvas, point, scale);
  return canvas.rgb;
}

/**
 * {@link drawOverlay} as a PNG (quick to write rather than small), or as a JPEG of quality 90.
 */
export async function renderOverlay(
  options: OverlayOptions & { readonly format?: 'png' | 'jpeg' },
): Promise<Buffer> {
  const { width, height, format = 'png' } = options;
  const picture = sharp(drawOverlay(options), { raw: { width, height, channels: 3 } });
  return format === 'jpeg'
    ? picture.jpeg({ quality: 90 }).toBuffer()
    : picture.png({ compressionLevel: 2 }).toBuffer();
}
