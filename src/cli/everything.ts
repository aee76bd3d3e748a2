import { writeFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { progressBar } from '../build/progress-line.js';
import { SamwireError } from '../errors.js';
import { cocoRecords } from '../everything/coco.js';
import { type EdgeMapResult, edgeMapOf } from '../everything/edges.js';
import { segmentEverything } from '../everything/generate.js';
import { everythingOptions } from '../everything/options.js';
import type {
  EverythingMask,
  EverythingOptions,
  EverythingProgress,
  EverythingResult,
  Strategy,
} from '../everything/types.js';
import { createLogger } from '../log.js';
import { finishTiming } from '../masks/timing.js';
import type { MasksMessage } from '../masks/types.js';
import { resolveModel } from '../models/catalogue.js';
import type { ModelDirectory } from '../models/directory.js';
import { loadAddon } from '../native/addon.js';
import { edgePng } from '../outputs/edge-png.js';
import { renderOverlay } from '../outputs/overlay.js';
import { toItem } from '../pipeline/answer.js';
import { boxesOn } from '../pipeline/everything.js';
import { type LoadedImage, loadImage } from '../pipeline/image-file.js';
import { checkEverythingRequest } from '../prompts/everything.js';
import type { Segmenter } from '../segment/segmenter.js';
import { type EdgeSegmenter, openForEdges } from './edge-model.js';
import { EXIT } from './exit.js';
import { makeFolder, readInput } from './files.js';
import { interruptible } from './interrupt.js';
import { type ModelFlags, openModel } from './open-model.js';

const MAX_IMAGE_PIXELS = 200_000_000;
/** A GPU's largest bucket; the CPU takes 8 a run, and is asked for two runs at a time. */
const PROMPTS_PER_RUN = { onnx: 16, tensorrt: 64 } as const;

export interface EverythingCommand extends ModelFlags {
  readonly image: string;
  readonly model: string;
  readonly strategy?: Strategy;
  readonly grid?: number;
  readonly crops?: number;
  readonly minScore?: number;
  readonly minStability?: number;
  readonly nms?: number;
  readonly minArea?: number;
  /** A file of boxes: a JSON array, or an object as of `request/everything`. */
  readonly boxes?: string;
  /** An edge map as well. */
  readonly edges?: boolean;
  readonly json?: boolean;
  readonly out: string;
  readonly logLevel: string | undefined;
}

/** `samwire everything IMAGE`: masks.json, the generator's own COCO file, an overlay, and edges.png with `--edges`. */
export async function everythingCommand(command: EverythingCommand): Promise<number> {
  const addon = loadAddon();
  const given = command.boxes === undefined ? undefined : await readBoxes(command.boxes);
  const model = await resolveModel(command.model);
  const image = await loadImage(await readInput(command.image), {
    addon,
    maxPixels: MAX_IMAGE_PIXELS,
    name: command.image,
  });
  try {
    const boxes = given && boxesOn(image.frame, given.boxes ?? [], given.normalized);
    await makeFolder(command.out);
    const log = createLogger({ level: command.logLevel ?? 'warn', pretty: process.stderr.isTTY });
    const edgeSegmenter = command.edges ? await openForEdges(model, command, log) : undefined;
    const segmenter = edgeSegmenter ?? (await openModel(model, command, log));
    if (!segmenter) return interrupted();
    try {
      const options = optionsOf(command, { ...(boxes && { boxes }), model, segmenter });
      const startedAt = performance.now();
      const result = await interruptible((signal) => generate({ image, segmenter, options, signal }));
      if (!result) return interrupted();
      const ms = performance.now() - startedAt;
      const edges =
        edgeSegmenter && (await interruptible((signal) => makeEdges(image, edgeSegmenter, signal)));
      if (edgeSegmenter && !edges) return interrupted();
      const message = await toMessage(result, image, segmenter);
      await writeResults({ command, message, masks: result.masks, image });
      if (edges) await writeFile(join(command.out, 'edges.png'), (await edgePng(edges.map)).png);
      report({ command, message, result, options, ms });
      return EXIT.done;
    } finally {
      await segmenter.close();
    }
  } finally {
    addon.releaseFrame(image.frame.id);
  }
}

function interrupted(): number {
  process.stderr.write('samwire: interrupted; nothing was written.\n');
  return EXIT.interrupted;
}

interface Generation {
  readonly image: LoadedImage;
  readonly segmenter: Segmenter;
  readonly options: EverythingOptions;
  readonly signal: AbortSignal;
}

async function generate({ image, segmenter, options, signal }: Generation): Promise<EverythingResult> {
  const progress = promptProgress();
  const { proposals, everything } = segmenter;
  try {
    return await segmentEverything({
      frame: image.frame,
      segment: (request) => segmenter.segment(request),
      ...(proposals ? { proposals: proposals.bind(segmenter) } : {}),
      ...(everything ? { everything: everything.bind(segmenter) } : {}),
      addon: loadAddon(),
      options,
      promptsPerRun: PROMPTS_PER_RUN[segmenter.backend],
      signal,
      onProgress: progress.update,
    });
  } finally {
    progress.close();
  }
}

/** By a grid of its own, whatever the masks' options are (docs/edges.md). */
async function makeEdges(
  { frame }: LoadedImage,
  segmenter: EdgeSegmenter,
  signal: AbortSignal,
): Promise<EdgeMapResult> {
  const progress = promptProgress();
  try {
    return await edgeMapOf({
      frame,
      segment: (request) => segmenter.segment(request),
      edges: (request) => segmenter.edges(request),
      addon: loadAddon(),
      promptsPerRun: PROMPTS_PER_RUN.onnx,
      signal,
      onProgress: progress.update,
    });
  } finally {
    progress.close();
  }
}

/** A bar on a terminal; elsewhere nothing. */
function promptProgress(): { update(progress: EverythingProgress): void; close(): void } {
  const { stderr } = process;
  if (!stderr.isTTY) return { update: () => undefined, close: () => undefined };
  const bar = progressBar(
    (text) => void stderr.write(text),
    () => stderr.columns,
  );
  return {
    update: ({ done, total }) => bar.update({ fraction: done / total, step: `${done}/${total} prompts` }),
    close: bar.close,
  };
}

interface OptionSource {
  readonly boxes?: EverythingOptions['boxes'];
  readonly model: ModelDirectory;
  readonly segmenter: Segmenter;
}

function optionsOf(command: EverythingCommand, { boxes, model, segmenter }: OptionSource): EverythingOptions {
  const { manifest } = model;
  return everythingOptions(
    {
      strategy: command.strategy ?? (boxes ? 'boxes' : 'hierarchical'),
      grid: command.grid,
      cropLayers: command.crops,
      minScore: command.minScore,
      minStability: command.minStability,
      nmsIou: command.nms,
      minRegionArea: command.minArea,
      boxes,
    },
    { segmenter, thresholds: 'everything' in manifest ? manifest.everything : undefined },
  );
}

/** @throws SamwireError with every fault of the file. */
async function readBoxes(file: string): Promise<ReturnType<typeof checkEverythingRequest>> {
  const text = (await readInput(file)).toString('utf8');
  try {
    const value: unknown = JSON.parse(text);
    const object = Array.isArray(value) ? { boxes: value } : value;
    if (typeof object !== 'object' || object === null || !('boxes' in object))
      throw new SamwireError(
        'invalid_message',
        'Expected an array of boxes [x1, y1, x2, y2], or an object with "boxes".',
      );
    const { boxes, normalized } = { normalized: undefined, ...object };
    return checkEverythingRequest({
      camera: 'none',
      boxes,
      ...(normalized === undefined ? {} : { normalized }),
    });
  } catch (cause) {
    if (cause instanceof SyntaxError)
      throw new SamwireError('invalid_json', `${file} is no JSON: ${cause.message}`, { cause });
    if (!(cause instanceof SamwireError)) throw cause;
    throw new SamwireError(cause.code, `${file}: ${cause.message}`, { details: cause.details, cause });
  }
}

/** Ids are the masks' places in the generator's order. */
async function toMessage(
  { masks, timing }: EverythingResult,
  { frame }: LoadedImage,
  segmenter: Segmenter,
): Promise<MasksMessage> {
  const encoding = { encodings: ['rle'], addon: loadAddon(), polygonTolerancePx: 1 } as const;
  const items = await Promise.all(masks.map((mask, i) => toItem(String(i), undefined, mask, encoding)));
  const { seq, timestamp, width, height } = frame;
  const waited = { ageMs: 0, queueMs: 0, publishMs: 0, captureToPublishMs: 0 };
  return {
    source: 'everything',
    camera: null,
    frame: { seq, timestamp, width, height, skewMs: 0 },
    masks: items,
    model: segmenter.model,
    backend: segmenter.backend,
    timing: finishTiming({ ...waited, ...timing }, 0),
  };
}

interface Results {
  readonly command: EverythingCommand;
  readonly message: MasksMessage;
  readonly masks: readonly EverythingMask[];
  readonly image: LoadedImage;
}

async function writeResults({ command, message, masks, image }: Results): Promise<void> {
  const addon = loadAddon();
  const { width, height } = image.frame;
  await writeFile(join(command.out, 'masks.json'), `${JSON.stringify(message, null, 2)}\n`);
  await writeFile(join(command.out, cocoName(command.image)), JSON.stringify(cocoRecords(masks)));
  const decode = (counts: string): Uint8Array => addon.rleToMask(counts, width, height);
  await writeFile(
    join(command.out, 'overlay.png'),
    await renderOverlay({ rgb: image.rgb, width, height, masks: message.masks, tags: false, decode }),
  );
}

/** As scripts/amg.py names it; a picture called masks.png would take the place of the masks message. */
function cocoName(image: string): string {
  const name = basename(image, extname(image));
  return name === 'masks' ? '%6Dasks.json' : `${name}.json`;
}

interface Reported {
  readonly command: EverythingCommand;
  readonly message: MasksMessage;
  readonly result: EverythingResult;
  readonly options: EverythingOptions;
  readonly ms: number;
}

function report({ command, message, result, options, ms }: Reported): void {
  if (command.json) {
    process.stdout.write(`${JSON.stringify(message)}\n`);
    return;
  }
  const { masks, prompts, timing } = result;
  const seconds = (value: number): string => `${(value / 1000).toFixed(1)} s`;
  process.stdout.write(
    `${message.model} on ${message.backend}: ${masks.length} masks of ${prompts} prompts in ${seconds(ms)} ` +
      `(encode ${seconds(timing.encodeMs)}, decode ${seconds(timing.decodeMs)}, masks ${seconds(timing.maskMs)}). ` +
      `Written to ${command.out}/\n`,
  );
  if (masks.length === 0 && prompts > 0)
    process.stdout.write(
      `No mask has a score above ${options.minScore} and a stability of ${options.minStability}: try a lower --min-score or --min-stability.\n`,
    );
}
