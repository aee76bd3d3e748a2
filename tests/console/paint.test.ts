import { describe, expect, it } from 'vitest';
import { ColourBook } from '../../console/src/masks/colours.js';
import { MaskPainter, type Pixels } from '../../console/src/masks/paint.js';
import { encodePixels } from '../../console/src/masks/rle.js';
import type { MaskItem } from '../../src/masks/types.js';
import { coloursOf, PALETTE, type Rgb } from '../../src/outputs/palette.js';

const RED: Rgb = [255, 0, 0];

function target(width: number, height: number): Pixels {
  return { data: new Uint8ClampedArray(width * height * 4), width, height };
}

/** A filled rectangle as a mask of a frame. */
function rectangle(
  frame: { width: number; height: number },
  box: [number, number, number, number],
): MaskItem {
  const pixels = new Uint8Array(frame.width * frame.height);
  const [x1, y1, x2, y2] = box;
  for (let y = y1; y < y2; y++) pixels.fill(1, y * frame.width + x1, y * frame.width + x2);
  const area = (x2 - x1) * (y2 - y1);
  return { id: 'a', score: 1, stability: 1, area, box, centroid: null, rle: encodePixels(pixels, frame) };
}

const alphas = ({ data, width }: Pixels): number[][] => {
  const rows: number[][] = [];
  for (let at = 3; at < data.length; at += 4) {
    if ((at - 3) % (width * 4) === 0) rows.push([]);
    rows.at(-1)?.push(data[at] ?? 0);
  }
  return rows;
};

describe('a mask drawn', () => {
  it('is filled faintly and has an outline, at the scale of the frame', () => {
    const at = target(6, 5);
    new MaskPainter().paint(at, rectangle({ width: 6, height: 5 }, [1, 1, 5, 4]), {
      colour: RED,
      fill: 0.4,
      line: 1,
    });
    expect(alphas(at)).toEqual([
      [0, 0, 0, 0, 0, 0],
      [0, 255, 255, 255, 255, 0],
      [0, 255, 102, 102, 255, 0],
      [0, 255, 255, 255, 255, 0],
      [0, 0, 0, 0, 0, 0],
    ]);
  });

  it('shows in each pixel of a smaller or larger picture what is at its centre', () => {
    const mask = rectangle({ width: 8, height: 8 }, [2, 4, 8, 8]);
    for (const [width, height] of [
      [4, 4],
      [16, 24],
      [3, 5],
    ] as const) {
      const at = target(width, height);
      new MaskPainter().paint(at, mask, { colour: RED, fill: 1, line: 1 });
      const expected = Array.from({ length: height }, (_, y) =>
        Array.from({ length: width }, (_, x) =>
          ((x + 0.5) * 8) / width >= 2 && ((y + 0.5) * 8) / height >= 4 ? 255 : 0,
        ),
      );
      expect(alphas(at)).toEqual(expected);
    }
  });

  it('leaves nothing behind for the next mask', () => {
    const painter = new MaskPainter();
    const frame = { width: 9, height: 9 };
    painter.paint(target(9, 9), rectangle(frame, [0, 0, 9, 9]), { colour: RED, fill: 1, line: 1 });
    const at = target(9, 9);
    painter.paint(at, rectangle(frame, [4, 4, 5, 5]), { colour: RED, fill: 1, line: 1 });
    expect(
      alphas(at)
        .flat()
        .filter((alpha) => alpha > 0),
    ).toEqual([255]);
  });

  it('draws nothing of a mask that is empty or has no pixels told', () => {
    const at = target(4, 4);
    const { rle: _, ...bare } = rectangle({ width: 4, height: 4 }, [0, 0, 4, 4]);
    new MaskPainter().paint(at, bare, { colour: RED, fill: 1, line: 1 });
    new MaskPainter().paint(
      at,
      { ...bare, box: null, area: 0, rle: { size: [4, 4], counts: '`0' } },
      { colour: RED, fill: 1, line: 1 },
    );
    expect(at.data.every((value) => value === 0)).toBe(true);
  });
});

describe('the colours', () => {
  const ids = ['cup', 'hand', 'book', 'plate', 'pen'];

  it("are those of the node's own overlays", () => {
    expect(new ColourBook().of(ids)).toEqual(new Map(ids.map((id) => [id, coloursOf(ids).get(id)])));
  });

  it('stay with their ids, whichever others come and go', () => {
    const book = new ColourBook();
    const first = book.of(ids);
    for (const some of [['cup'], ['aaa', 'cup', 'pen'], ['pen', 'zzz', 'a', 'b', 'hand'], ids]) {
      const now = book.of(some);
      for (const id of ids) if (now.has(id)) expect(now.get(id)).toEqual(first.get(id));
      if (some.length <= PALETTE.length) expect(new Set(now.values()).size).toBe(some.length);
    }
  });

  it('are remembered for a bounded number of ids', () => {
    const book = new ColourBook();
    for (let i = 0; i < 600; i++) book.of([`track-${i}`]);
    expect(book.of(['track-599']).size).toBe(1);
    const many = Array.from({ length: 1000 }, (_, i) => `m${i}`);
    expect(book.of(many).size).toBe(1000);
  });
});
