import type { MaskItem } from '../../../src/masks/types.js';
import { downloadCoco, downloadPngs, MAX_PNGS } from '../export/download.js';
import { downloadOverlay } from '../export/overlay.js';
import type { StageModel } from './model.js';
import { downloadable } from './session.js';
import type { ArrivedPicture } from './timeline.js';
import type { Note } from './words.js';

export type DownloadKind = 'png' | 'coco' | 'overlay';

const NOTHING: Note = { kind: 'hint', text: 'There is no mask to download yet: click an object first.' };

/** Saves the masks of the held picture, or those that are shown on the moving one; says what was saved. */
export async function download(model: StageModel, kind: DownloadKind): Promise<void> {
  const now = shown(model);
  if (!now || now.masks.length === 0) {
    model.say(NOTHING);
    return;
  }
  const { masks, picture } = now;
  const frame = picture.header;
  if (kind === 'coco') downloadCoco(frame, masks);
  if (kind === 'overlay')
    await downloadOverlay({ frame, masks, colours: model.colours, shown: picture.picture });
  const saved = kind === 'png' ? await downloadPngs(frame, masks) : masks.length;
  model.say(savedNote(kind, saved, masks.length));
}

function shown({ feed, state }: StageModel): {
  readonly masks: readonly MaskItem[];
  readonly picture: ArrivedPicture<ImageBitmap>;
} | null {
  const { session } = state.get();
  const { pinned } = feed.timeline;
  if (session && pinned) return { masks: downloadable(session), picture: pinned };
  const view = feed.timeline.view(performance.now());
  return view && { masks: view.layers.flatMap(({ masks }) => masks.masks), picture: view.frame };
}

function savedNote(kind: DownloadKind, saved: number, all: number): Note {
  if (kind === 'overlay') return { kind: 'result', text: 'Saved the picture with its masks' };
  const count = `${saved} ${saved === 1 ? 'mask' : 'masks'}`;
  if (saved === all) return { kind: 'result', text: `Saved ${count}` };
  return {
    kind: 'result',
    text: `Saved the first ${count} of ${all}: at most ${MAX_PNGS} PNG files at once. Choose some, or take COCO JSON`,
  };
}
