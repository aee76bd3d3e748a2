import { describe, expect, it } from 'vitest';
import { cropBoxes, pointGrid, pointsPerSide } from '../../src/everything/point-grid.js';

describe('the grid of points', () => {
  it('lies on the middles of equal cells, rows first', () => {
    expect(pointGrid(2)).toEqual([
      [0.25, 0.25],
      [0.75, 0.25],
      [0.25, 0.75],
      [0.75, 0.75],
    ]);
    expect(pointGrid(1)).toEqual([[0.5, 0.5]]);
  });

  it('has the very numbers of numpy.linspace', () => {
    // numpy.linspace(1/64, 1 - 1/64, 32)[[1, 10, 21, 31]] and (1/10, 1 - 1/10, 5)[[1, 3, 4]]
    const x32 = pointGrid(32).slice(0, 32);
    expect([1, 10, 21, 31].map((i) => x32[i]?.[0])).toEqual([0.046875, 0.328125, 0.671875, 0.984375]);
    const x5 = pointGrid(5).slice(0, 5);
    expect([1, 3, 4].map((i) => x5[i]?.[0])).toEqual([0.30000000000000004, 0.7000000000000001, 0.9]);
  });

  it('is thinned out layer by layer', () => {
    expect([0, 1, 2].map((layer) => pointsPerSide(32, 2, layer))).toEqual([32, 16, 8]);
    expect(pointsPerSide(7, 2, 1)).toBe(3);
  });
});

describe('the crops', () => {
  it('are the whole picture without layers', () => {
    expect(cropBoxes({ width: 640, height: 480, layers: 0, overlap: 0.3 })).toEqual([
      { box: [0, 0, 640, 480], layer: 0 },
    ]);
  });

  it('overlap, go column by column and end at the picture, as generate_crop_boxes has them', () => {
    // segment_anything.utils.amg.generate_crop_boxes((101, 150), 2, 512 / 1500), written out by hand
    const crops = cropBoxes({ width: 150, height: 101, layers: 2, overlap: 512 / 1500 });
    expect(crops.length).toBe(1 + 4 + 16);
    expect(crops.slice(1, 5).map(({ box }) => box)).toEqual([
      [0, 0, 92, 68],
      [0, 34, 92, 101],
      [58, 0, 150, 68],
      [58, 34, 150, 101],
    ]);
    // overlap int(0.3413 · 101 · 0.5) = 17; width ceil((17 · 3 + 150) / 4) = 51, height 38
    expect(crops[5]).toEqual({ box: [0, 0, 51, 38], layer: 2 });
    expect(crops[6]).toEqual({ box: [0, 21, 51, 59], layer: 2 });
    expect(crops.at(-1)).toEqual({ box: [102, 63, 150, 101], layer: 2 });
  });
});
