import { createHash } from 'node:crypto';
import { UnavailableError } from '../errors.js';
import { type EvalSet, readAnnotations } from '../eval/annotations.js';
import { measurePicture } from '../eval/measure.js';
import { openProgressFile, type RunIdentity } from '../eval/progress-file.js';
import { type EvalReport, evalReport, type Percentiles } from '../eval/report.js';
import { type PictureRecord, type PromptKind, pictureRecordSchema } from '../eval/types.js';
import { createLogger } from '../log.js';
import { resolveModel } from '../models/catalogue.js';
import type { ModelDirectory } from '../models/directory.js';
import { loadAddon } from '../native/addon.js';
import type { Segmenter } from '../segment/segmenter.js';
import { measureEach } from './eval-progress.js';
import {
  finishProgress,
  interruptedRun,
  progressPath,
  type ReportFlags,
  writeReport,
} from './eval-report.js';
import { EXIT } from './exit.js';
import { interruptible } from './interrupt.js';
import { type ModelFlags, openModel } from './open-model.js';

export interface EvalCommand extends ModelFlags, ReportFlags {
  readonly annotations: string;
  readonly images: string;
  readonly model: string;
  readonly prompt: PromptKind;
  /** Pictures. */
  readonly limit?: number;
  readonly logLevel: string | undefined;
}

/**
 * `samwire eval`: mIoU, latency and throughput of a model over a COCO annotation file. 0 when all pictures were gone
 * through, 1 when no prompt had a mask, 130 when it was interrupted; what was measured is kept in the progress file then, where there is one.
 */
export async function evalCommand(command: EvalCommand): Promise<number> {
  const set = await readAnnotations(command.annotations);
  const images = set.images.slice(0, command.limit);
  if (images.length === 0)
    throw new UnavailableError(`${command.annotations} has no annotations that a model can be asked for.`);
  const model = await resolveModel(command.model);
  const log = createLogger({ level: command.logLevel ?? 'warn', pretty: process.stderr.isTTY });
  const segmenter = await openModel(model, command, log);
  if (!segmenter) return EXIT.interrupted;
  try {
    const path = progressPath(command);
    const progress =
      path &&
      (await openProgressFile(path, {
        identity: identityOf(model, segmenter, set, command),
        schema: pictureRecordSchema,
      }));
    const measuring = { folder: command.images, prompt: command.prompt, segmenter, addon: loadAddon() };
    const records = await interruptible((signal) =>
      measureEach({
        pictures: images,
        keyOf: ({ id }) => id,
        nameOf: ({ fileName }) => fileName,
        measure: (image) => measurePicture(image, measuring),
        signal,
        ...(progress && { progress }),
      }),
    );
    if (!records) return interruptedRun(path);
    refuseNothing(records, command);
    const { backend } = segmenter;
    const report = evalReport({
      model: segmenter.model,
      backend,
      prompt: command.prompt,
      records,
      crowds: set.crowds,
    });
    await writeReport(report, reportLines(report), command);
    await finishProgress(path, command);
    return report.failed.count === report.count && report.count > 0 ? EXIT.failed : EXIT.done;
  } finally {
    await segmenter.close();
  }
}

function identityOf(
  { manifest }: ModelDirectory,
  segmenter: Segmenter,
  { sha256 }: EvalSet,
  { prompt }: EvalCommand,
): RunIdentity {
  return {
    model: segmenter.model,
    // The manifest names its networks by their hashes.
    modelSha256: createHash('sha256').update(JSON.stringify(manifest)).digest('hex'),
    backend: segmenter.backend,
    prompt,
    annotationsSha256: sha256,
  };
}

/** @throws UnavailableError when not one picture could be measured, with the first reason. */
function refuseNothing(records: readonly PictureRecord[], { images, annotations }: EvalCommand): void {
  const [first] = records;
  if (!first || !('skipped' in first) || records.some((record) => 'scores' in record)) return;
  throw new UnavailableError(
    `None of the ${records.length} pictures of ${annotations} can be used from ${images}: ${first.file}: ${first.skipped}.`,
  );
}

const MAX_NAMED = 10;

function reportLines(report: EvalReport): string[] {
  const { mIoU, counts, oracleMIoU, latencyMs, throughput, skipped, failed } = report;
  const categories = Object.entries(report.byCategory).map(([name, { mIoU: mean, count }]) =>
    row(name, mean, count),
  );
  return [
    `${report.model} on ${report.backend}, ${report.prompt} prompts: ${report.count} masks of ${report.images} pictures`,
    row('mIoU', mIoU.all, report.count),
    ...(oracleMIoU == null ? [] : [row('best of the candidates', oracleMIoU, report.count)]),
    row('small (< 32²)', mIoU.small, counts.small),
    row('medium (< 96²)', mIoU.medium, counts.medium),
    row('large', mIoU.large, counts.large),
    ...categories,
    `encode ${times(latencyMs.encode)} a picture, decode ${times(latencyMs.decode)} a prompt (p50, p95); ` +
      `${throughput.imagesPerSecond ?? '–'} pictures/s, ${throughput.promptsPerSecond ?? '–'} prompts/s`,
    ...(failed.count === 0 ? [] : [`${failed.count} prompts failed, the first: ${failed.first}`]),
    ...(skipped.crowds === 0 ? [] : [`left out: ${skipped.crowds} crowds`]),
    ...(skipped.emptyMasks === 0 ? [] : [`left out: ${skipped.emptyMasks} empty masks`]),
    ...skipped.images.slice(0, MAX_NAMED).map(({ file, reason }) => `left out: ${file}: ${reason}`),
    ...(skipped.images.length > MAX_NAMED
      ? [`left out: ${skipped.images.length - MAX_NAMED} more pictures`]
      : []),
  ];
}

function row(name: string, mean: number | null, count: number): string {
  return `  ${name.padEnd(24)} ${mean === null ? '    –' : mean.toFixed(3)}  ${count}`;
}

function times(percentiles: Percentiles | null): string {
  return percentiles === null ? '–' : `${percentiles.p50.toFixed(1)}, ${percentiles.p95.toFixed(1)} ms`;
}
