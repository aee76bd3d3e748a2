import type { FrameHeader } from '../../../src/http/live/protocol.js';
import type { CocoRle, MaskItem } from '../../../src/masks/types.js';
import { fileStem } from './name.js';

/** Masks of one picture in COCO's format for annotations, as pycocotools reads it. */
export interface CocoFile {
  readonly info: { readonly description: string; readonly date_created: string };
  readonly images: readonly {
    readonly id: number;
    readonly file_name: string;
    readonly width: number;
    readonly height: number;
    readonly date_captured: string;
    /** Not COCO's own: which frame of which camera. */
    readonly camera: string;
    readonly seq: number;
  }[];
  readonly annotations: readonly {
    readonly id: number;
    readonly image_id: number;
    readonly category_id: number;
    readonly segmentation: CocoRle;
    /** [x, y, width, height]. */
    readonly bbox: readonly [number, number, number, number];
    readonly area: number;
    readonly iscrowd: 0;
    readonly score: number;
    /** Not COCO's own: the mask's id in Samwire. */
    readonly name: string;
  }[];
  readonly categories: readonly { readonly id: number; readonly name: string }[];
}

const IMAGE = 1;
/** The category of a mask without a label. */
const UNLABELLED = 'object';

/** Masks that are empty, or came without RLE, are left out. */
export function cocoFile(frame: FrameHeader, masks: readonly MaskItem[], now: number): CocoFile {
  const labelOf = ({ label }: MaskItem): string => label?.trim() || UNLABELLED;
  const drawn = masks.filter(({ rle, box }) => rle && box);
  const names = [...new Set(drawn.map(labelOf))].sort();
  return {
    info: { description: 'Masks made with Samwire', date_created: new Date(now).toISOString() },
    images: [
      {
        id: IMAGE,
        file_name: `${fileStem(frame)}.jpg`,
        width: frame.width,
        height: frame.height,
        date_captured: new Date(frame.timestamp).toISOString(),
        camera: frame.camera,
        seq: frame.seq,
      },
    ],
    annotations: drawn.flatMap((mask, i) => {
      const { rle, box, area, score, id } = mask;
      if (!rle || !box) return [];
      const bbox = [box[0], box[1], box[2] - box[0], box[3] - box[1]] as const;
      const category_id = names.indexOf(labelOf(mask)) + 1;
      const segmentation = { size: rle.size, counts: rle.counts };
      return [
        { id: i + 1, image_id: IMAGE, category_id, segmentation, bbox, area, iscrowd: 0, score, name: id },
      ];
    }),
    categories: names.map((name, i) => ({ id: i + 1, name })),
  };
}
