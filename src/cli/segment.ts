import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { SamwireError } from '../errors.js';
import { createLogger } from '../log.js';
import type { MaskItem, MasksMessage } from '../masks/types.js';
import { resolveModel } from '../models/catalogue.js';
import { loadAddon } from '../native/addon.js';
import type { NativeAddon } from '../native/types.js';
import { renderOverlay } from '../outputs/overlay.js';
import { maskFileName, maskPng } from '../outputs/png.js';
import { type LoadedImage, loadImage } from '../pipeline/image-file.js';
import { segmentImage } from '../pipeline/segment-image.js';
import { DEFAULT_PROMPT_LIMITS, type PromptMessage, parsePromptMessage } from '../prompts/message.js';
import { EXIT } from './exit.js';
import { makeFolder, readInput } from './files.js';
import { openModel } from './open-model.js';

const FORMATS = ['json', 'png', 'overlay'] as const;
const MAX_IMAGE_PIXELS = 200_000_000;

export interface SegmentCommand {
  readonly image: string;
  readonly prompts: string;
  readonly model: string;
  readonly backend: 'auto' | 'tensorrt' | 'onnx';
  readonly format: string;
  readonly threads: number;
  readonly json?: boolean;
  readonly out: string;
  readonly logLevel: string | undefined;
}

/** `samwire segment IMAGE`: masks.json, a PNG a mask and an overlay in `--out`. */
export async function segmentCommand(command: SegmentCommand): Promise<number> {
  const formats = command.format.split(',').map((name) => name.trim());
  const unknown = formats.filter((name) => !FORMATS.some((known) => known === name));
  if (unknown.length > 0) {
    process.stderr.write(
      `samwire: expected --format to name ${FORMATS.join(', ')}, got "${unknown.join(', ')}"\n`,
    );
    return EXIT.usage;
  }
  const message = await readPrompts(command.prompts);
  if (message.track)
    throw new SamwireError(
      'unsupported_prompt',
      'Expected "track": false; a single picture has nothing to follow.',
    );
  const addon = loadAddon();
  const model = await resolveModel(command.model);
  const image = await loadImage(await readInput(command.image), {
    addon,
    maxPixels: MAX_IMAGE_PIXELS,
    name: command.image,
  });
  try {
    await makeFolder(command.out);
    const log = createLogger({ level: command.logLevel ?? 'warn', pretty: process.stderr.isTTY });
    const segmenter = await openModel(model, command, log);
    if (!segmenter) return EXIT.interrupted;
    try {
      const answer = await segmentImage({
        addon,
        segmenter,
        frame: image.frame,
        message,
        encodings: message.encodings ?? ['rle'],
        polygonTolerancePx: 1,
      });
      const drawn = answer.drawable;
      await writeResults({ command, formats, message: answer.message, drawn, image, addon });
      return report(answer.message, command);
    } finally {
      await segmenter.close();
    }
  } finally {
    addon.releaseFrame(image.frame.id);
  }
}

interface Results {
  readonly command: SegmentCommand;
  readonly formats: readonly string[];
  readonly message: MasksMessage;
  /** The masks with their RLE, whatever encodings the message has. */
  readonly drawn: readonly MaskItem[];
  readonly image: LoadedImage;
  readonly addon: NativeAddon;
}

async function writeResults({ command, formats, message, drawn, image, addon }: Results): Promise<void> {
  const { width, height } = image.frame;
  const decode = (counts: string): Uint8Array => addon.rleToMask(counts, width, height);
  if (formats.includes('json'))
    await writeFile(join(command.out, 'masks.json'), `${JSON.stringify(message, null, 2)}\n`);
  if (formats.includes('png'))
    for (const { id, rle } of drawn)
      if (rle)
        await writeFile(
          join(command.out, fileOf(id)),
          await maskPng({ mask: decode(rle.counts), width, height }),
        );
  if (formats.includes('overlay'))
    await writeFile(
      join(command.out, 'overlay.png'),
      await renderOverlay({ rgb: image.rgb, width, height, masks: drawn, decode }),
    );
}

/** The overlay has a name of its own; a mask of that id is written under an escape that decodes to the same. */
function fileOf(id: string): string {
  return id === 'overlay' ? '%6Fverlay.png' : maskFileName(id);
}

function report(message: MasksMessage, { json, out }: SegmentCommand): number {
  const failed = message.masks.filter((mask) => 'error' in mask);
  if (json) process.stdout.write(`${JSON.stringify(message)}\n`);
  else {
    for (const mask of message.masks)
      process.stdout.write(
        'error' in mask
          ? `${mask.id}: ${mask.error.code}: ${mask.error.message}\n`
          : `${mask.id}: ${mask.area} pixels, score ${mask.score.toFixed(2)}, box ${mask.box ? mask.box.join(',') : 'none'}\n`,
      );
    const { encodeMs, decodeMs, maskMs } = message.timing;
    process.stdout.write(
      `${message.model} on ${message.backend}: encode ${encodeMs.toFixed(0)} ms, decode ${decodeMs.toFixed(0)} ms, masks ${maskMs.toFixed(1)} ms. Written to ${out}/\n`,
    );
  }
  return failed.length === message.masks.length && failed.length > 0 ? EXIT.failed : EXIT.done;
}

async function readPrompts(file: string): Promise<PromptMessage> {
  const payload = file === '-' ? await text(process.stdin) : await readInput(file);
  try {
    return parsePromptMessage(payload, {
      ...DEFAULT_PROMPT_LIMITS,
      maxBytes: 64 * 1024 * 1024,
      maxPrompts: 1024,
    });
  } catch (error) {
    if (!(error instanceof SamwireError)) throw error;
    throw new SamwireError(error.code, `${file === '-' ? 'Standard input' : file}: ${error.message}`, {
      details: error.details,
      cause: error,
    });
  }
}
