import type { MaskItem } from '../../../src/masks/types.js';
import type { Rgb } from '../../../src/outputs/palette.js';
import { MaskPainter } from '../masks/paint.js';
import type { Size } from './coordinates.js';

export interface OverlayStyle {
  /** Opacity within the outlines, 0..1. */
  readonly fill: number;
  /** Thickness of the outlines, pixels of the overlay. */
  readonly line: number;
}

interface Overlay {
  readonly masks: readonly MaskItem[];
  readonly key: string;
  readonly canvas: HTMLCanvasElement;
}

const MAX_OVERLAYS = 8;

/** Pictures of masks to lay over a frame, painted once as long as masks, colours and size stay. */
export class Overlays {
  readonly #painter = new MaskPainter();
  /** The one used last at the end. */
  #kept: Overlay[] = [];
  #pixels: ImageData | null = null;

  /** Larger masks lie below smaller ones. */
  of(
    masks: readonly MaskItem[],
    colours: ReadonlyMap<string, Rgb>,
    { size, style }: { readonly size: Size; readonly style: OverlayStyle },
  ): HTMLCanvasElement {
    const key = [
      size.width,
      size.height,
      style.fill,
      style.line,
      ...masks.map(({ id }) => colours.get(id)?.join()),
    ].join(' ');
    const known = this.#kept.findIndex((overlay) => overlay.key === key && isSame(overlay.masks, masks));
    const [found] = known < 0 ? [] : this.#kept.splice(known, 1);
    const spare = found || this.#kept.length < MAX_OVERLAYS ? undefined : this.#kept.shift()?.canvas;
    const overlay = found ?? { masks, key, canvas: this.#paint(masks, colours, { size, style }, spare) };
    this.#kept.push(overlay);
    return overlay.canvas;
  }

  #paint(
    masks: readonly MaskItem[],
    colours: ReadonlyMap<string, Rgb>,
    { size, style }: { readonly size: Size; readonly style: OverlayStyle },
    spare = document.createElement('canvas'),
  ): HTMLCanvasElement {
    const pixels = this.#cleared(size);
    for (const mask of [...masks].sort((a, b) => b.area - a.area)) {
      const colour = colours.get(mask.id);
      if (colour) this.#painter.paint(pixels, mask, { colour, ...style });
    }
    spare.width = size.width;
    spare.height = size.height;
    spare.getContext('2d')?.putImageData(pixels, 0, 0);
    return spare;
  }

  #cleared({ width, height }: Size): ImageData {
    const before = this.#pixels;
    if (before?.width === width && before.height === height) {
      before.data.fill(0);
      return before;
    }
    this.#pixels = new ImageData(width, height);
    return this.#pixels;
  }
}

function isSame(a: readonly MaskItem[], b: readonly MaskItem[]): boolean {
  return a.length === b.length && a.every((mask, i) => mask.rle === b[i]?.rle && mask.id === b[i]?.id);
}
