import type { JSX } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { MaskItem } from '../../../src/masks/types.js';
import { MaskPainter } from '../masks/paint.js';
import { useStore } from '../state/store.js';
import type { Box } from './coordinates.js';
import type { StageModel } from './model.js';
import { scoreText } from './words.js';

const THUMBNAIL = { width: 144, height: 108 };
/** Round the mask, as a share of its size. */
const MARGIN = 0.15;

/** The masks that the model proposes for one prompt, to choose from. */
export function Candidates({ model }: { readonly model: StageModel }): JSX.Element | null {
  const answer = useStore(model.state, ({ session }) => session?.answer ?? null);
  const multimask = useStore(model.state, (state) => state.multimask);
  if (!answer || answer.masks.length < 2)
    // Their room is kept, so that the picture does not shrink under the pointer when they come.
    return multimask ? <p class="candidates dim">The candidates for a click appear here.</p> : null;
  const area = aroundAll(answer.masks);
  return (
    <fieldset class="candidates" data-testid="candidates">
      <legend>Candidates</legend>
      {answer.masks.map((mask, i) => (
        <label key={mask.id} class="candidate">
          <input
            type="radio"
            name="candidate"
            checked={i === answer.chosen}
            aria-label={`Candidate ${i + 1}, score ${scoreText(mask.score)}`}
            onChange={() => model.choose(i)}
          />
          <Thumbnail model={model} mask={mask} area={area} />
          <span aria-hidden="true">{scoreText(mask.score)}</span>
        </label>
      ))}
    </fieldset>
  );
}

interface ThumbnailProps {
  readonly model: StageModel;
  readonly mask: MaskItem;
  /** Of the frame. */
  readonly area: Box;
}

function Thumbnail({ model, mask, area }: ThumbnailProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [x1, y1, x2, y2] = area;
  const key = `${mask.rle?.counts.length} ${x1} ${y1} ${x2} ${y2}`;
  useLayoutEffect(() => {
    const context = canvas.current?.getContext('2d');
    const pinned = model.feed.timeline.pinned;
    if (!context || !pinned) return;
    const { header, picture } = pinned;
    const scale = Math.min(THUMBNAIL.width / (x2 - x1), THUMBNAIL.height / (y2 - y1));
    const whole = { width: Math.round(header.width * scale), height: Math.round(header.height * scale) };
    context.canvas.width = Math.max(1, Math.round((x2 - x1) * scale));
    context.canvas.height = Math.max(1, Math.round((y2 - y1) * scale));
    const at = [-x1 * scale, -y1 * scale] as const;
    context.drawImage(picture, ...at, whole.width, whole.height);
    const overlay = document.createElement('canvas');
    overlay.width = whole.width;
    overlay.height = whole.height;
    const pixels = new ImageData(whole.width, whole.height);
    const colour = model.colours.one(mask.id.replace(/#\d+$/, ''));
    new MaskPainter().paint(pixels, mask, { colour, fill: 0.5, line: 2 });
    overlay.getContext('2d')?.putImageData(pixels, 0, 0);
    context.drawImage(overlay, ...at);
  }, [model, mask, key]);
  return <canvas ref={canvas} />;
}

/** A box that shows all of them, with something of what is around; so that they can be compared. */
function aroundAll(masks: readonly MaskItem[]): Box {
  const [height, width] = masks[0]?.rle?.size ?? [1, 1];
  const boxes = masks.flatMap(({ box }) => (box ? [box] : []));
  if (boxes.length === 0) return [0, 0, width, height];
  const [x1, y1, x2, y2] = [0, 1, 2, 3].map((i) =>
    (i < 2 ? Math.min : Math.max)(...boxes.map((box) => box[i] ?? 0)),
  ) as [number, number, number, number];
  // A tiny mask is not blown up until nothing can be recognised.
  const margin = Math.max((x2 - x1) * MARGIN, (y2 - y1) * MARGIN, width / 40);
  return [
    Math.max(0, x1 - margin),
    Math.max(0, y1 - margin),
    Math.min(width, x2 + margin),
    Math.min(height, y2 + margin),
  ];
}
