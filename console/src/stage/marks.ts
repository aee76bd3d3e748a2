import { type Box, type Place, type Size, toShown } from './coordinates.js';
import { boxStep, type Draft, pointsOf } from './session.js';

const FOREGROUND = '#16a34a';
const BACKGROUND = '#dc2626';
const POINT_PX = 7;

export interface MarksOptions {
  readonly frame: Size;
  readonly size: Size;
  /** Canvas pixels for each pixel of the page's layout. */
  readonly density: number;
}

/** What a person has set: points with + and −, the box. Shape and colour both say which is which. */
export function drawDraft(context: CanvasRenderingContext2D, draft: Draft, options: MarksOptions): void {
  const box = boxStep(draft);
  if (box) drawBox(context, box, options);
  for (const point of pointsOf(draft)) drawPoint(context, point, options);
}

function drawPoint(
  context: CanvasRenderingContext2D,
  point: Place & { readonly label: 0 | 1 },
  { frame, size, density }: MarksOptions,
): void {
  // A point is the middle of its pixel.
  const { x, y } = toShown({ x: point.x + 0.5, y: point.y + 0.5 }, size, frame);
  const radius = POINT_PX * density;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = point.label === 1 ? FOREGROUND : BACKGROUND;
  context.fill();
  context.lineWidth = 2 * density;
  context.strokeStyle = '#fff';
  context.stroke();
  context.beginPath();
  context.moveTo(x - radius / 2, y);
  context.lineTo(x + radius / 2, y);
  if (point.label === 1) {
    context.moveTo(x, y - radius / 2);
    context.lineTo(x, y + radius / 2);
  }
  context.stroke();
}

/** Two lines, so that it is seen on light and dark. `dashed`: not finished. */
export function drawBox(
  context: CanvasRenderingContext2D,
  [x1, y1, x2, y2]: Box,
  { frame, size, density }: MarksOptions,
  dashed = false,
): void {
  const from = toShown({ x: x1, y: y1 }, size, frame);
  const to = toShown({ x: x2, y: y2 }, size, frame);
  const lines = [
    { width: 4, colour: 'rgb(0 0 0 / 0.6)' },
    { width: 2, colour: '#fff' },
  ];
  if (dashed) context.setLineDash([6 * density, 4 * density]);
  for (const { width, colour } of lines) {
    context.lineWidth = width * density;
    context.strokeStyle = colour;
    context.strokeRect(from.x, from.y, to.x - from.x, to.y - from.y);
  }
  context.setLineDash([]);
}

export function drawCrosshair(
  context: CanvasRenderingContext2D,
  at: Place,
  { frame, size, density }: MarksOptions,
): void {
  const { x, y } = toShown(at, size, frame);
  for (const { width, colour } of [
    { width: 3, colour: 'rgb(0 0 0 / 0.6)' },
    { width: 1, colour: '#fff' },
  ]) {
    context.lineWidth = width * density;
    context.strokeStyle = colour;
    context.beginPath();
    context.moveTo(x, 0);
    context.lineTo(x, size.height);
    context.moveTo(0, y);
    context.lineTo(size.width, y);
    context.stroke();
  }
}
