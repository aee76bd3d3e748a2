import { SamwireError } from '../../../errors.js';
import { type FrameSize, imagePlacement } from '../../../models/geometry.js';
import type { EarlyFusionManifest } from '../../../models/manifest.js';
import type { Placement } from '../../../native/types.js';
import type { Box, FramePrompt, PromptPoint } from '../../../prompts/types.js';

type Channel = EarlyFusionManifest['prompt']['channels'][number];

/** Why an early-fusion network can't take a prompt; undefined where it can. */
export function unsupportedByFusion(
  { id, box, points, mask, refine }: FramePrompt,
  { name, prompt }: Pick<EarlyFusionManifest, 'name' | 'prompt'>,
): SamwireError | undefined {
  const lacks = (channel: Channel): boolean => !prompt.channels.includes(channel);
  const has = (label: 0 | 1): boolean => points.some((point) => point.label === label);
  const what =
    mask !== undefined
      ? 'a mask'
      : refine !== undefined
        ? 'refine'
        : box && lacks('box')
          ? 'a box'
          : has(1) && lacks('points')
            ? 'a foreground point'
            : has(0) && lacks('background')
              ? 'a background point'
              : undefined;
  if (what === undefined) return undefined;
  return new SamwireError(
    'unsupported_prompt',
    `Prompt "${id}" has ${what}, but model ${name} sees ${prompt.channels.join(', ')} only; leave it out`,
  );
}

/**
 * Draws a prompt into the network's channels [K, height, width], over whatever they held: a box filled, its edges
 * included; a disc around each point, its edge included (SqueezeSAM's EarlyFusion, whose pixels are at whole numbers).
 */
export function drawPrompt(
  prompt: FramePrompt,
  { image, prompt: block }: Pick<EarlyFusionManifest, 'image' | 'prompt'>,
  frame: FrameSize,
  out: Float32Array,
): void {
  const placed = imagePlacement({ image }, frame);
  const [width, height] = image.size;
  const { pointRadius: radius, offset } = block;
  for (const [k, channel] of block.channels.entries()) {
    const plane = { pixels: out.subarray(k * width * height, (k + 1) * width * height), width, height };
    plane.pixels.fill(0);
    if (channel === 'box') drawBox(plane, prompt.box && placedBox(prompt.box, placed, frame), block.noBox);
    else
      for (const { x, y } of labelled(prompt.points, channel === 'points' ? 1 : 0)) {
        const at = placedBox([x + offset, y + offset, 0, 0], placed, frame);
        drawDisc(plane, at[0], at[1], radius);
      }
  }
}

function labelled(points: readonly PromptPoint[], label: 0 | 1): readonly PromptPoint[] {
  return points.filter((point) => point.label === label);
}

/** Frame pixels to the network's. */
function placedBox(box: Box, placed: Placement, frame: FrameSize): Box {
  const [scaleX, scaleY] = [placed.width / frame.width, placed.height / frame.height];
  const [x1, y1, x2, y2] = box;
  return [placed.x + x1 * scaleX, placed.y + y1 * scaleY, placed.x + x2 * scaleX, placed.y + y2 * scaleY];
}

interface Plane {
  readonly pixels: Float32Array;
  readonly width: number;
  readonly height: number;
}

function drawBox(
  { pixels, width, height }: Plane,
  box: Box | undefined,
  noBox: EarlyFusionManifest['prompt']['noBox'],
): void {
  if (box === undefined) {
    if (noBox === 'ones') pixels.fill(1);
    return;
  }
  const [left, top] = [Math.max(0, Math.ceil(box[0])), Math.max(0, Math.ceil(box[1]))];
  const [right, bottom] = [Math.min(width - 1, Math.floor(box[2])), Math.min(height - 1, Math.floor(box[3]))];
  if (left > right) return;
  for (let y = top; y <= bottom; y++) pixels.fill(1, y * width + left, y * width + right + 1);
}

function drawDisc({ pixels, width, height }: Plane, x: number, y: number, radius: number): void {
  const top = Math.max(0, Math.ceil(y - radius));
  const bottom = Math.min(height - 1, Math.floor(y + radius));
  for (let row = top; row <= bottom; row++) {
    const reach = Math.sqrt(radius * radius - (row - y) ** 2);
    const left = Math.max(0, Math.ceil(x - reach));
    const right = Math.min(width - 1, Math.floor(x + reach));
    if (left <= right) pixels.fill(1, row * width + left, row * width + right + 1);
  }
}
