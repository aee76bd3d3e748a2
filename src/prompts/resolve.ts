/** From a message's prompts to prompts on one frame: pixels, inside the frame. */
import type { ErrorBody } from '../errors.js';
import { invalidMessage, rendered } from './json.js';
import type { MessagePrompt, PromptMessage } from './message.js';
import type { Box, FramePrompt, PromptPoint } from './types.js';

export interface FrameSize {
  readonly width: number;
  readonly height: number;
}

export interface FailedPrompt {
  readonly id: string;
  readonly error: ErrorBody;
}

export interface ResolvedPrompts {
  readonly prompts: readonly FramePrompt[];
  /** Each fails alone, with `invalid_message`; the others are served. */
  readonly failed: readonly FailedPrompt[];
}

/**
 * Prompts on a frame of this size. A box that reaches over the frame's edge is clipped to it. An inverted or empty
 * box, one wholly outside, a point outside (0..width and 0..height are inside, both ends included), or a mask of
 * another size fails its prompt alone. Whether a mask's runs add up is checked by the addon.
 */
export function resolvePrompts(
  message: Pick<PromptMessage, 'prompts' | 'normalized'>,
  size: FrameSize,
): ResolvedPrompts {
  const prompts: FramePrompt[] = [];
  const failed: FailedPrompt[] = [];
  const scale = message.normalized ? size : { width: 1, height: 1 };
  message.prompts.forEach((prompt, index) => {
    const fault = faultOf(prompt, scale, size);
    if (fault !== null) {
      const path = message.prompts.length === 1 ? fault.path : `prompts[${index}].${fault.path}`;
      failed.push({ id: prompt.id, error: invalidMessage([{ ...fault, path }]).toBody() });
      return;
    }
    const { box, points, ...rest } = prompt;
    prompts.push({
      ...rest,
      points: points.map((point) => scaledPoint(point, scale)),
      ...(box === undefined ? {} : { box: clipped(scaledBox(box, scale), size) }),
    });
  });
  return { prompts, failed };
}

interface Fault {
  readonly path: string;
  readonly expected: string;
  readonly got: string;
}

function faultOf(prompt: MessagePrompt, scale: FrameSize, size: FrameSize): Fault | null {
  const { box, points, mask } = prompt;
  const frame = `the frame's ${size.width}×${size.height} pixels`;
  if (box !== undefined) {
    const [x1, y1, x2, y2] = scaledBox(box, scale);
    if (!(x2 > x1 && y2 > y1)) {
      return { path: 'box', expected: 'a box [x1, y1, x2, y2] with x1 < x2 and y1 < y2', got: rendered(box) };
    }
    if (!(x2 > 0 && y2 > 0 && x1 < size.width && y1 < size.height)) {
      return { path: 'box', expected: `a box that touches ${frame}`, got: rendered(box) };
    }
  }
  for (const [index, point] of points.entries()) {
    const { x, y } = scaledPoint(point, scale);
    if (!(x >= 0 && y >= 0 && x <= size.width && y <= size.height)) {
      return {
        path: `points[${index}]`,
        expected: `a point within ${frame}`,
        got: rendered([point.x, point.y]),
      };
    }
  }
  if (mask !== undefined && (mask.size[0] !== size.height || mask.size[1] !== size.width)) {
    return {
      path: 'mask.size',
      expected: `the frame's [height, width], [${size.height}, ${size.width}]`,
      got: rendered(mask.size),
    };
  }
  return null;
}

function scaledPoint(point: PromptPoint, scale: FrameSize): PromptPoint {
  return { x: point.x * scale.width, y: point.y * scale.height, label: point.label };
}

function scaledBox([x1, y1, x2, y2]: Box, scale: FrameSize): Box {
  return [x1 * scale.width, y1 * scale.height, x2 * scale.width, y2 * scale.height];
}

function clipped([x1, y1, x2, y2]: Box, size: FrameSize): Box {
  return [Math.max(0, x1), Math.max(0, y1), Math.min(size.width, x2), Math.min(size.height, y2)];
}
