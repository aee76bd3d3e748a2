import { describe, expect, it } from 'vitest';
import { halfToEven } from '../../../src/models/geometry.js';
import { boxToFrame, type YoloOutput, yoloBoxes } from '../../../src/segment/onnx/yolo/boxes.js';

const LIMITS = { minScore: 0.4, nmsIou: 0.9, maxBoxes: 300, borderPx: 0 };
const SIZE: [number, number] = [100, 100];

/** Columns of centre x, centre y, width, height and scores, laid out as the network gives them. */
function output(columns: readonly (readonly number[])[], classes = 1): YoloOutput {
  const rows = columns[0]?.length ?? 0;
  const data = Float32Array.from({ length: rows * columns.length }, (_, i) => {
    return columns[i % columns.length]?.[Math.floor(i / columns.length)] ?? 0;
  });
  return { data, columns: columns.length, classes };
}

describe('the candidates of a YOLOv8', () => {
  it('become corners, the surest first, those above the score alone', () => {
    const found = yoloBoxes(
      output([
        [50, 40, 20, 10, 0.5],
        [20, 20, 10, 10, 0.4],
        [70, 70, 4, 6, 0.75],
      ]),
      LIMITS,
      SIZE,
    );
    expect(found).toEqual([
      { box: [68, 67, 72, 73], score: 0.75, column: 2 },
      { box: [40, 35, 60, 45], score: 0.5, column: 0 },
    ]);
  });

  it('are of their best class, and suppressed within it only', () => {
    const columns = [
      [50, 50, 20, 20, 0.5, 0.1],
      [50, 50, 20, 20, 0.2, 0.6],
      [50, 50, 20, 19.9, 0.45, 0.3],
    ];
    expect(yoloBoxes(output(columns, 2), LIMITS, SIZE).map(({ column }) => column)).toEqual([1, 0]);
    const first = { ...LIMITS, classes: [0] };
    expect(yoloBoxes(output(columns, 2), first, SIZE).map(({ column }) => column)).toEqual([0]);
  });

  it('are at most as many as are asked for', () => {
    const columns = Array.from({ length: 20 }, (_, i) => [5 * i, 5, 4, 4, 0.5 + i / 100]);
    const found = yoloBoxes(output(columns), { ...LIMITS, maxBoxes: 2 }, SIZE);
    expect(found.map(({ column }) => column)).toEqual([19, 18]);
  });

  it('that are no numbers are none', () => {
    const columns = [
      [50, 50, 20, 20, Number.NaN],
      [50, 50, 20, 20, 0.9],
    ];
    expect(yoloBoxes(output(columns), LIMITS, SIZE).map(({ column }) => column)).toEqual([1]);
  });

  it('move onto the border where they are near it', () => {
    const columns = [[50, 50, 70, 62, 0.9]];
    const [found] = yoloBoxes(output(columns), { ...LIMITS, borderPx: 20 }, SIZE);
    expect(found?.box).toEqual([0, 0, 100, 100]);
    const [exact] = yoloBoxes(output([[50, 50, 60, 60, 0.9]]), { ...LIMITS, borderPx: 20 }, SIZE);
    expect(exact?.box).toEqual([20, 20, 80, 80]);
  });
});

describe('a box of the input, in the frame', () => {
  const size: [number, number] = [100, 100];

  it('goes back over the padding of a centred letterbox, clipped', () => {
    const image = { fit: 'letterbox-centred', size } as const;
    expect(boxToFrame([10, 30, 120, 95], image, { width: 200, height: 100 })).toEqual([20, 10, 200, 100]);
    expect(boxToFrame([-5, 30, 40, 20], image, { width: 50, height: 100 })).toEqual([0, 30, 15, 20]);
  });

  it('goes back over the padding at the end, and over a stretch', () => {
    const frame = { width: 200, height: 100 };
    expect(boxToFrame([10, 30, 50, 45], { fit: 'letterbox', size }, frame)).toEqual([20, 60, 100, 90]);
    expect(boxToFrame([10, 30, 50, 45], { fit: 'stretch', size }, frame)).toEqual([20, 30, 100, 45]);
  });

  it('is rounded as Python does where it is a prompt', () => {
    expect([0.5, 1.5, 2.5, 3.5, 2.4, 2.6].map(halfToEven)).toEqual([0, 2, 2, 4, 2, 3]);
  });
});
