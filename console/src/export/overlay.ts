import type { FrameHeader } from '../../../src/http/live/protocol.js';
import type { MaskItem } from '../../../src/masks/types.js';
import { frameUrl } from '../api/cameras.js';
import type { ColourBook } from '../masks/colours.js';
import { MaskPainter } from '../masks/paint.js';
import { drawTags } from '../stage/tags.js';
import { fileStem } from './name.js';
import { saveFile } from './save.js';

const FILL = 0.45;
/** As the node's own overlays: 720 rows get lines of two pixels. */
const ROWS_PER_LINE_PX = 360;

export interface OverlayDownload {
  readonly frame: FrameHeader;
  readonly masks: readonly MaskItem[];
  readonly colours: ColourBook;
  /** What is shown of the frame: taken where the node has the frame itself no more. */
  readonly shown: ImageBitmap;
}

/** The frame at its own size with the masks drawn in, as PNG. */
export async function downloadOverlay({ frame, masks, colours, shown }: OverlayDownload): Promise<void> {
  const canvas = document.createElement('canvas');
  canvas.width = frame.width;
  canvas.height = frame.height;
  const context = canvas.getContext('2d');
  if (!context) return;
  // Drawn first, since it may be let go of while the node is asked.
  context.drawImage(shown, 0, 0, frame.width, frame.height);
  const whole = await wholeFrame(frame);
  if (whole) context.drawImage(whole, 0, 0, frame.width, frame.height);
  whole?.close();
  const line = Math.max(1, Math.round(Math.min(frame.width, frame.height) / ROWS_PER_LINE_PX));
  const byId = colours.of(masks.map(({ id }) => id));
  const layer = new ImageData(frame.width, frame.height);
  const painter = new MaskPainter();
  for (const mask of [...masks].sort((a, b) => b.area - a.area))
    painter.paint(layer, mask, { colour: byId.get(mask.id) ?? colours.one(mask.id), fill: FILL, line });
  context.drawImage(await createImageBitmap(layer), 0, 0);
  drawTags(context, masks, { colours: byId, frame, size: frame, density: line / 2 + 0.5 });
  const png = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'));
  if (png) saveFile(`${fileStem(frame)}-overlay.png`, png);
}

async function wholeFrame({ camera, seq }: FrameHeader): Promise<ImageBitmap | null> {
  try {
    const response = await fetch(frameUrl(camera, seq));
    return response.ok ? await createImageBitmap(await response.blob()) : null;
  } catch {
    return null;
  }
}
