import type { FrameHeader } from '../../../src/http/live/protocol.js';
import type { MaskItem } from '../../../src/masks/types.js';
import { maskPixels } from '../masks/rle.js';
import { cocoFile } from './coco.js';
import { filePart, fileStem } from './name.js';
import { greyPng } from './png.js';
import { saveFile } from './save.js';

/** Browsers ask, or refuse, when a page saves many files at once. */
export const MAX_PNGS = 10;

/**
 * Each mask as a file of its own: 8-bit greyscale of the frame's size, 255 inside, 0 outside.
 * @returns how many were saved; at most {@link MAX_PNGS}.
 */
export async function downloadPngs(frame: FrameHeader, masks: readonly MaskItem[]): Promise<number> {
  const drawn = masks.filter(({ rle }) => rle).slice(0, MAX_PNGS);
  for (const { id, label, rle } of drawn) {
    if (!rle) continue;
    const [height, width] = rle.size;
    const png = await greyPng(maskPixels(rle), { width, height });
    const name = [fileStem(frame), filePart(id), ...(label ? [filePart(label)] : [])].join('-');
    saveFile(`${name}.png`, new Blob([png], { type: 'image/png' }));
  }
  return drawn.length;
}

export function downloadCoco(frame: FrameHeader, masks: readonly MaskItem[]): void {
  const text = JSON.stringify(cocoFile(frame, masks, Date.now()));
  saveFile(`${fileStem(frame)}-coco.json`, new Blob([text], { type: 'application/json' }));
}
