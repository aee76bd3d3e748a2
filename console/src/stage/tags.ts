import type { MaskItem } from '../../../src/masks/types.js';
import { inkOn, type Rgb } from '../../../src/outputs/palette.js';
import { css } from '../masks/colours.js';
import type { Size } from './coordinates.js';
import { nameOf, scoreText } from './words.js';

/** A picture full of masks would be hidden by tags. */
const MAX_TAGS = 24;
const MAX_CHARACTERS = 28;
const FONT_PX = 13;
const PADDING_PX = 4;

interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface TagsOptions {
  readonly colours: ReadonlyMap<string, Rgb>;
  /** Of the frame that the masks' boxes are in pixels of. */
  readonly frame: Size;
  /** Of the canvas. */
  readonly size: Size;
  /** Canvas pixels for each pixel of the page's layout. */
  readonly density: number;
}

/** Name and score at each mask's upper left corner, moved down where two would cover each other. */
export function drawTags(
  context: CanvasRenderingContext2D,
  masks: readonly MaskItem[],
  { colours, frame, size, density }: TagsOptions,
): void {
  if (masks.length > MAX_TAGS) return;
  const padding = PADDING_PX * density;
  context.font = `600 ${FONT_PX * density}px system-ui, sans-serif`;
  context.textBaseline = 'middle';
  const placed: Rectangle[] = [];
  for (const mask of masks) {
    const colour = colours.get(mask.id);
    if (!mask.box || !colour) continue;
    const text = tagText(mask);
    const tag = place(placed, size, {
      x: (mask.box[0] / frame.width) * size.width,
      y: (mask.box[1] / frame.height) * size.height,
      width: context.measureText(text).width + 2 * padding,
      height: FONT_PX * density + 2 * padding,
    });
    placed.push(tag);
    context.fillStyle = css(colour);
    context.beginPath();
    context.roundRect(tag.x, tag.y, tag.width, tag.height, 3 * density);
    context.fill();
    context.fillStyle = css(inkOn(colour));
    context.fillText(text, tag.x + padding, tag.y + tag.height / 2);
  }
}

export function tagText(mask: MaskItem): string {
  const name = nameOf(mask);
  const short = name.length > MAX_CHARACTERS ? `${name.slice(0, MAX_CHARACTERS - 1)}…` : name;
  return `${short} ${scoreText(mask.score)}`;
}

/** Above the corner where there is room, within the picture, below those that are in the way. */
function place(placed: readonly Rectangle[], size: Size, tag: Rectangle): Rectangle {
  const x = Math.max(0, Math.min(tag.x, size.width - tag.width));
  let y = Math.max(0, tag.y - tag.height);
  for (let tries = 0; tries < placed.length; tries++) {
    const hit = placed.find((other) => overlaps(other, { ...tag, x, y }));
    if (!hit) break;
    y = hit.y + hit.height + 1;
  }
  return { ...tag, x, y: Math.min(y, size.height - tag.height) };
}

function overlaps(a: Rectangle, b: Rectangle): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}
