import type { NativeMaskSpec } from '../native/types.js';
import type { FrameSize } from './geometry.js';
import type { ImageBlock } from './manifest.js';

/**
 * How a sum of prototypes becomes a mask of a frame: the part of their grid that the frame lies under is enlarged to
 * the frame's size at once (Ultralytics' process_mask_native, which FastSAM's `retina_masks` takes; its int() of the
 * padding and its one gain for both axes included).
 */
export function prototypeSpec(
  { fit }: Pick<ImageBlock, 'fit'>,
  grid: FrameSize,
  frame: FrameSize,
): NativeMaskSpec {
  const gain = Math.min(grid.width / frame.width, grid.height / frame.height);
  const across = span(fit, grid.width, frame.width * gain);
  const down = span(fit, grid.height, frame.height * gain);
  return {
    gridWidth: grid.width,
    gridHeight: grid.height,
    placement: {
      x: across.start,
      y: down.start,
      width: across.length,
      height: down.length,
      tensorWidth: grid.width,
      tensorHeight: grid.height,
    },
    frameWidth: frame.width,
    frameHeight: frame.height,
    viaInput: false,
    threshold: 0,
    inclusive: false,
    stabilityOffset: 1,
  };
}

/** Cells of one axis under the frame, at least one. */
function span(fit: ImageBlock['fit'], cells: number, covered: number): { start: number; length: number } {
  if (fit === 'stretch') return { start: 0, length: cells };
  const padding = fit === 'letterbox-centred' ? (cells - covered) / 2 : 0;
  const start = Math.min(cells - 1, Math.trunc(padding));
  const end = fit === 'letterbox-centred' ? Math.trunc(cells - padding) : Math.trunc(covered);
  return { start, length: Math.max(1, end - start) };
}
