import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deepestPixel, sceneMasks } from '../../../src/demo/scene/masks.js';
import { placeObjects, SCENE_HEIGHT, SCENE_PERIOD_MS, SCENE_WIDTH } from '../../../src/demo/scene/scene.js';
import { createSolid } from '../../../src/demo/scene/solid.js';

describe('placeObjects', () => {
  it('repeats after one period, so that the clip loops without a seam', () => {
    for (const timeMs of [0, 1234, 11_960]) {
      const now = placeObjects(timeMs);
      const later = placeObjects(timeMs + SCENE_PERIOD_MS);
      now.forEach(({ object, pose }, i) => {
        expect(later[i]?.object.id).toBe(object.id);
        [pose.x, pose.y, pose.z, ...pose.rotation].forEach((value, k) => {
          const other = later[i]?.pose;
          expect(other && [other.x, other.y, other.z, ...other.rotation][k]).toBeCloseTo(value, 9);
        });
      });
    }
  });

  it('never lets two objects touch', () => {
    const touching = new Set<string>();
    for (let timeMs = 0; timeMs < SCENE_PERIOD_MS; timeMs += 400) {
      const solids = placeObjects(timeMs).map(createSolid);
      for (let x = -3.4; x < 3.4; x += 0.08) {
        for (let z = -2.4; z < 2.7; z += 0.08) {
          for (let y = 0.05; y < 1.5; y += 0.15) {
            const inside = solids.filter((solid) => solid.reaches(x, y, z, 0) && solid.distance(x, y, z) < 0);
            if (inside.length > 1) touching.add(`${inside.map(({ id }) => id)} at ${timeMs} ms`);
          }
        }
      }
    }
    expect([...touching]).toEqual([]);
  });
});

describe('sceneMasks', () => {
  const masks = sceneMasks(5000);

  it('shows all six objects, each with its own pixels', () => {
    expect(masks.map(({ id }) => id)).toEqual(['mug', 'apple', 'cactus', 'truck', 'ball', 'banana']);
    const owners = new Uint8Array(SCENE_WIDTH * SCENE_HEIGHT);
    for (const { mask } of masks) {
      mask.forEach((inside, i) => {
        owners[i] = (owners[i] as number) + inside;
      });
    }
    expect(Math.max(...new Set(owners))).toBe(1);
  });

  it('gives each mask its tight box, area, an inner point and its hidden share', () => {
    for (const { mask, box, area, innerPoint, occlusion } of masks) {
      const columns = new Set<number>();
      const rows = new Set<number>();
      let pixels = 0;
      mask.forEach((inside, i) => {
        if (inside === 0) return;
        pixels++;
        columns.add(i % SCENE_WIDTH);
        rows.add(Math.floor(i / SCENE_WIDTH));
      });
      expect(area).toBe(pixels);
      expect(box).toEqual([
        Math.min(...columns),
        Math.min(...rows),
        Math.max(...columns) + 1,
        Math.max(...rows) + 1,
      ]);
      expect(mask[innerPoint[1] * SCENE_WIDTH + innerPoint[0]]).toBe(1);
      expect(occlusion).toBeGreaterThanOrEqual(0);
      expect(occlusion).toBeLessThan(0.6);
    }
  });

  it('hides a part of the truck behind the apple when it passes there', () => {
    const passing = sceneMasks(3000);
    const truck = passing.find(({ id }) => id === 'truck');
    const apple = passing.find(({ id }) => id === 'apple');
    expect(apple?.occlusion).toBe(0);
    expect(truck?.occlusion).toBeGreaterThan(0.01);
  });
});

describe('deepestPixel', () => {
  it('finds a pixel whose distance to the outside is within the chamfer’s error of the largest', () => {
    const shape = fc
      .record({ width: fc.integer({ min: 1, max: 16 }), height: fc.integer({ min: 1, max: 16 }) })
      .chain(({ width, height }) =>
        fc.record({
          width: fc.constant(width),
          height: fc.constant(height),
          mask: fc
            .array(fc.integer({ min: 0, max: 9 }), { minLength: width * height, maxLength: width * height })
            .map((values) => Uint8Array.from(values, (value) => (value === 0 ? 0 : 1))),
        }),
      )
      .filter(({ mask }) => mask.includes(1));
    fc.assert(
      fc.property(shape, ({ mask, width, height }) => {
        const depth = (x: number, y: number): number => {
          let nearest = Infinity;
          for (let oy = -1; oy <= height; oy++) {
            for (let ox = -1; ox <= width; ox++) {
              const outside =
                ox < 0 || oy < 0 || ox === width || oy === height || mask[oy * width + ox] === 0;
              if (outside) nearest = Math.min(nearest, Math.hypot(ox - x, oy - y));
            }
          }
          return nearest;
        };
        let deepest = 0;
        for (let i = 0; i < mask.length; i++) {
          if (mask[i]) deepest = Math.max(deepest, depth(i % width, Math.floor(i / width)));
        }
        const [x, y] = deepestPixel(mask, width, height);
        expect(mask[y * width + x]).toBe(1);
        expect(depth(x, y)).toBeGreaterThanOrEqual(deepest * 0.9);
      }),
    );
  });
});
