import type { FrameHeader } from '../../../src/http/live/protocol.js';
import type { MaskItem } from '../../../src/masks/types.js';
import type { ColourBook } from '../masks/colours.js';
import { type Box, boxOf, type Place, type Size } from './coordinates.js';
import { drawBox, drawCrosshair, drawDraft } from './marks.js';
import { type OverlayStyle, Overlays } from './overlays.js';
import { objectMasks, type Session } from './session.js';
import { drawTags } from './tags.js';
import type { ArrivedPicture, Layer } from './timeline.js';

/** What the keyboard and the pointer show of themselves; frame pixels. */
export interface Pointing {
  /** A box that is being drawn. */
  readonly stretch: readonly [Place, Place] | null;
  readonly crosshair: Place | null;
}

export interface SceneInput {
  readonly frame: ArrivedPicture<ImageBitmap>;
  readonly layers: readonly Layer[];
  /** Null: the picture is live, and has the layers. */
  readonly session: Session | null;
  readonly pointing: Pointing;
  /** Of everything that was found, under the pointer. */
  readonly hovered: MaskItem | null;
}

/** Finer ones take longer than a frame lasts on a small machine, and show no more. */
const MAX_OVERLAY_WIDTH = 1280;
const OBJECT_FILL = 0.45;
const FOUND_FILL = 0.4;
const CHOSEN_FILL = 0.75;
const HOVERED_FILL = 0.6;

/** Draws one camera's picture with all that lies on it. */
export class Scene {
  readonly #colours: ColourBook;
  readonly #overlays = new Overlays();

  constructor(colours: ColourBook) {
    this.#colours = colours;
  }

  /**
   * @param density canvas pixels for each pixel of the page's layout.
   * @returns the masks that are drawn.
   */
  draw(canvas: HTMLCanvasElement, input: SceneInput, density: number): readonly MaskItem[] {
    const context = canvas.getContext('2d');
    if (!context) return [];
    context.globalAlpha = 1;
    context.imageSmoothingQuality = 'high';
    context.drawImage(input.frame.picture, 0, 0, canvas.width, canvas.height);
    return input.session
      ? this.#session(context, input.session, input, density)
      : this.#live(context, input, density);
  }

  #live(context: CanvasRenderingContext2D, input: SceneInput, density: number): MaskItem[] {
    const masks = input.layers.flatMap((layer) => layer.masks.masks);
    const colours = this.#colours.of(masks.map(({ id }) => id));
    for (const { masks: of, opacity } of input.layers) {
      context.globalAlpha = opacity;
      this.#lay(context, of.masks, colours, density, OBJECT_FILL);
    }
    context.globalAlpha = 1;
    drawTags(context, masks, { colours, ...this.#sizes(context, input.frame.header), density });
    this.#pointing(context, input, input.frame.header, density);
    return masks;
  }

  #session(
    context: CanvasRenderingContext2D,
    session: Session,
    input: SceneInput,
    density: number,
  ): MaskItem[] {
    const { everything, frame, draft } = session;
    const objects = objectMasks(session);
    const colours = this.#colours.of([...objects, ...everything].map(({ id }) => id));
    const chosen = everything.filter(({ id }) => session.chosen.includes(id));
    if (everything.length > 0) this.#lay(context, everything, colours, density, FOUND_FILL);
    if (chosen.length > 0) this.#lay(context, chosen, colours, density, CHOSEN_FILL);
    if (input.hovered) this.#lay(context, [input.hovered], colours, density, HOVERED_FILL);
    if (objects.length > 0) this.#lay(context, objects, colours, density, OBJECT_FILL);
    const tagged = [...chosen, ...objects];
    const { hovered } = input;
    if (hovered && !chosen.includes(hovered)) tagged.push(hovered);
    const sizes = this.#sizes(context, frame);
    drawTags(context, tagged, { colours, ...sizes, density });
    drawDraft(context, draft, { ...sizes, density });
    this.#pointing(context, input, frame, density);
    return [...everything, ...objects];
  }

  #pointing(
    context: CanvasRenderingContext2D,
    { pointing }: SceneInput,
    frame: FrameHeader,
    density: number,
  ): void {
    const options = { ...this.#sizes(context, frame), density };
    const box: Box | null = pointing.stretch && boxOf(...pointing.stretch);
    if (box) drawBox(context, box, options, true);
    if (pointing.crosshair) drawCrosshair(context, pointing.crosshair, options);
  }

  #lay(
    context: CanvasRenderingContext2D,
    masks: readonly MaskItem[],
    colours: ReturnType<ColourBook['of']>,
    density: number,
    fill: number,
  ): void {
    const { width, height } = context.canvas;
    const scale = Math.min(1, MAX_OVERLAY_WIDTH / width);
    const size: Size = { width: Math.round(width * scale), height: Math.round(height * scale) };
    const style: OverlayStyle = { fill, line: Math.max(1, Math.round(2 * density * scale)) };
    context.drawImage(this.#overlays.of(masks, colours, { size, style }), 0, 0, width, height);
  }

  #sizes({ canvas }: CanvasRenderingContext2D, frame: FrameHeader): { frame: Size; size: Size } {
    return { frame, size: { width: canvas.width, height: canvas.height } };
  }
}
