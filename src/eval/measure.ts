import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { SamwireError } from '../errors.js';
import type { NativeAddon } from '../native/types.js';
import { type LoadedImage, loadImage } from '../pipeline/image-file.js';
import { invalidMessage } from '../prompts/json.js';
import type { Box } from '../prompts/types.js';
import type { Candidate, PromptResult, Segmenter, SegmentPrompt } from '../segment/segmenter.js';
import type { EvalAnnotation, EvalImage } from './annotations.js';
import { type TrueMask, trueMask } from './segmentation.js';
import type { MaskScore, PictureRecord, PromptKind } from './types.js';

const MAX_IMAGE_PIXELS = 200_000_000;

export interface MeasureOptions {
  /** Where the pictures are. */
  readonly folder: string;
  readonly prompt: PromptKind;
  readonly segmenter: Pick<Segmenter, 'segment'>;
  readonly addon: Pick<
    NativeAddon,
    'createFrame' | 'releaseFrame' | 'rleToMask' | 'maskToRle' | 'polygonsToRle' | 'rleIou' | 'rleDeepest'
  >;
}

/** An annotation with its mask and what the model is asked. */
interface Question {
  readonly annotation: EvalAnnotation;
  readonly truth: TrueMask;
  readonly prompt: SegmentPrompt;
}

/**
 * Asks a model for all annotations of a picture, in one request, and compares its masks with theirs.
 * @throws SamwireError of the model that fails, or `invalid_message` of a faulty annotation; a picture that can't be
 *   had is a record of its own.
 */
export async function measurePicture(image: EvalImage, options: MeasureOptions): Promise<PictureRecord> {
  const { folder, addon } = options;
  const name = { image: image.id, file: image.fileName };
  const picture = await loadPicture(join(folder, image.fileName), options);
  if (typeof picture === 'string') return { ...name, skipped: picture };
  try {
    const { width, height } = picture.frame;
    if (width !== image.width || height !== image.height)
      return {
        ...name,
        skipped: `it has ${width}×${height} pixels, its annotations ${image.width}×${image.height}`,
      };
    return { ...name, ...(await ask(image, picture, options)) };
  } finally {
    addon.releaseFrame(picture.frame.id);
  }
}

/** The picture, or why it is skipped. */
async function loadPicture(path: string, { addon }: MeasureOptions): Promise<LoadedImage | string> {
  try {
    await access(path);
  } catch {
    return 'it is missing';
  }
  try {
    return await loadImage(path, { addon, maxPixels: MAX_IMAGE_PIXELS, name: path });
  } catch (thrown) {
    if (!(thrown instanceof SamwireError)) throw thrown;
    return thrown.message;
  }
}

async function ask(
  image: EvalImage,
  { frame }: LoadedImage,
  { prompt: kind, segmenter, addon }: MeasureOptions,
): Promise<Pick<Extract<PictureRecord, { scores: unknown }>, 'scores' | 'empty' | 'encodeMs' | 'decodeMs'>> {
  const questions = image.annotations.flatMap((annotation) => {
    const truth = trueMask(annotation, image, addon);
    return truth.area === 0
      ? []
      : [{ annotation, truth, prompt: promptOf(annotation, truth, image, kind, addon) }];
  });
  const empty = image.annotations.length - questions.length;
  if (questions.length === 0) return { scores: [], empty, encodeMs: 0, decodeMs: 0 };
  const prompts = questions.map(({ prompt }) => prompt);
  const answer = await segmenter.segment({ frame, prompts, keepLogits: false });
  // The embedding is still there, so the candidates cost the decoder only; they are not part of the latency.
  const candidates =
    kind === 'point'
      ? await segmenter.segment({
          frame,
          prompts: prompts.map((prompt) => ({ ...prompt, multimask: true })),
          keepLogits: false,
        })
      : undefined;
  const { prepareMs, encodeMs, decodeMs, maskMs } = answer.timing;
  return {
    scores: questions.map((question, i) =>
      score(question, answer.results[i], candidates?.results[i], image, addon),
    ),
    empty,
    encodeMs: rounded(prepareMs + encodeMs),
    decodeMs: rounded(decodeMs + maskMs),
  };
}

function promptOf(
  annotation: EvalAnnotation,
  truth: TrueMask,
  image: EvalImage,
  kind: PromptKind,
  addon: Pick<NativeAddon, 'rleDeepest'>,
): SegmentPrompt {
  const { width, height } = image;
  const common = { id: annotation.path, multimask: false };
  if (kind === 'box') {
    const box = annotation.box ?? truth.box;
    return { ...common, points: [], ...(box && { box: clipped(box, image, `${annotation.path}.bbox`) }) };
  }
  const [x, y] = annotation.point ?? addon.rleDeepest(truth.counts, width, height) ?? [0, 0];
  if (x < 0 || y < 0 || x > width || y > height)
    throw outside(`${annotation.path}.point`, `[${x}, ${y}]`, image);
  return { ...common, points: [{ x, y, label: 1 }] };
}

/** Boxes of annotators may leave the picture by a pixel; prompts may not. */
function clipped([x1, y1, x2, y2]: Box, image: EvalImage, path: string): Box {
  const { width, height } = image;
  const box: Box = [Math.max(0, x1), Math.max(0, y1), Math.min(width, x2), Math.min(height, y2)];
  if (box[0] < box[2] && box[1] < box[3]) return box;
  throw outside(path, `[${[x1, y1, x2 - x1, y2 - y1]}]`, image);
}

function outside(path: string, got: string, { width, height }: EvalImage): SamwireError {
  return invalidMessage([{ path, expected: `a place within the picture's ${width}×${height} pixels`, got }]);
}

function score(
  { annotation, truth }: Question,
  result: PromptResult | undefined,
  candidates: PromptResult | undefined,
  { width, height }: EvalImage,
  addon: Pick<NativeAddon, 'rleIou'>,
): MaskScore {
  const best = (masks: readonly Candidate[]): number =>
    masks.reduce((most, { rle }) => Math.max(most, addon.rleIou(rle.counts, truth.counts, width, height)), 0);
  const failed = result && 'error' in result ? result.error.message : undefined;
  const answer = result && 'candidates' in result ? result.candidates.slice(0, 1) : [];
  return {
    annotation: annotation.id,
    category: annotation.category,
    area: annotation.area ?? truth.area,
    iou: best(answer),
    ...(candidates && { oracle: 'candidates' in candidates ? best(candidates.candidates) : 0 }),
    ...(failed === undefined ? {} : { failed }),
  };
}

/** Microseconds are enough. */
function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
