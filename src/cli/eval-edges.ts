import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { SamwireError, UnavailableError } from '../errors.js';
import {
  type BoundaryFiles,
  filesByStem,
  type GreyMap,
  listBoundaries,
  readBoundaries,
  readGrey,
} from '../eval/boundaries.js';
import { countEdges, type EdgeRecord, edgeRecordSchema } from '../eval/edge-counts.js';
import { type EdgeReport, edgeReport } from '../eval/edge-report.js';
import { openProgressFile } from '../eval/progress-file.js';
import { edgeMapOf } from '../everything/edges.js';
import { createLogger } from '../log.js';
import { resolveModel } from '../models/catalogue.js';
import { loadAddon } from '../native/addon.js';
import { loadImage } from '../pipeline/image-file.js';
import { type EdgeSegmenter, openForEdges } from './edge-model.js';
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
import type { ModelFlags } from './open-model.js';

const PHOTOGRAPHS = ['.jpg', '.jpeg', '.png', '.webp', '.tif', '.tiff'];
const MAX_IMAGE_PIXELS = 200_000_000;

export interface EvalEdgesCommand extends ModelFlags, ReportFlags {
  /** The folder of annotators' boundaries. */
  readonly edges: string;
  /** Photographs that the model makes maps of; or `maps`. */
  readonly images?: string;
  /** Edge maps that are there. */
  readonly maps?: string;
  readonly model: string;
  readonly limit?: number;
  /** A share of the diagonal. */
  readonly maxDistance: number;
  readonly logLevel: string | undefined;
}

/** What a map is made of, and what it is held against. */
interface Task extends BoundaryFiles {
  readonly source: string;
}

/**
 * `samwire eval --edges`: ODS, OIS and AP of edge maps against boundaries that people drew. Exit codes as of
 * `samwire eval`.
 */
export async function evalEdgesCommand(command: EvalEdgesCommand): Promise<number> {
  const tasks = await tasksOf(command);
  if (command.maps !== undefined) return run(command, tasks, undefined);
  const model = await resolveModel(command.model);
  const log = createLogger({ level: command.logLevel ?? 'warn', pretty: process.stderr.isTTY });
  const segmenter = await openForEdges(model, command, log);
  try {
    const sha256 = createHash('sha256').update(JSON.stringify(model.manifest)).digest('hex');
    return await run(command, tasks, { segmenter, sha256 });
  } finally {
    await segmenter.close();
  }
}

async function tasksOf({ images, maps, edges }: EvalEdgesCommand): Promise<Task[]> {
  const sources = await filesByStem(maps ?? images ?? '.', maps === undefined ? PHOTOGRAPHS : ['.png']);
  const truths = await listBoundaries(edges, [...sources.keys()]);
  return truths.map((truth) => ({ ...truth, source: sources.get(truth.name) ?? '' }));
}

interface EdgeModel {
  readonly segmenter: EdgeSegmenter;
  readonly sha256: string;
}

async function run(command: EvalEdgesCommand, tasks: readonly Task[], model?: EdgeModel): Promise<number> {
  const path = progressPath(command);
  const progress = path && (await openProgressFile(path, await progressOptions(command, tasks, model)));
  const records = await interruptible((signal) =>
    measureEach({
      pictures: tasks.slice(0, command.limit),
      keyOf: ({ name }) => name,
      nameOf: ({ name }) => name,
      measure: (task) => countOne(task, { command, signal, ...(model && { model }) }),
      signal,
      ...(progress && { progress }),
    }),
  );
  if (!records) return interruptedRun(path);
  const [first] = records;
  if (first && 'skipped' in first && !records.some((record) => 'counts' in record))
    throw new UnavailableError(
      `None of the ${records.length} pictures can be used: ${first.image}: ${first.skipped}.`,
    );
  const { maxDistance } = command;
  const names = { model: model?.segmenter.model ?? null, backend: model?.segmenter.backend ?? null };
  const report = edgeReport({ ...names, maxDistance, records });
  await writeReport(report, reportLines(report), command);
  await finishProgress(path, command);
  return EXIT.done;
}

async function progressOptions(command: EvalEdgesCommand, tasks: readonly Task[], model?: EdgeModel) {
  const truth = createHash('sha256');
  for (const { name, files } of tasks)
    for (const file of files) truth.update(`${name} ${file} ${(await stat(file)).size}\n`);
  const identity = {
    model: model?.segmenter.model ?? `maps of ${command.maps}`,
    modelSha256: model?.sha256 ?? 'none',
    prompt: 'edges',
    maxDistance: String(command.maxDistance),
    boundaries: command.edges,
    boundariesSha256: truth.digest('hex'),
  };
  return { identity, schema: edgeRecordSchema };
}

interface Work {
  readonly command: EvalEdgesCommand;
  readonly model?: EdgeModel;
  readonly signal: AbortSignal;
}

/** A picture whose files are faulty is left out and named; a model that fails ends the command. */
async function countOne(task: Task, { command, model, signal }: Work): Promise<EdgeRecord> {
  const { maxDistance } = command;
  try {
    const truth = await readBoundaries(task);
    const { map, edgesMs } = model
      ? await makeMap(task.source, model.segmenter, signal)
      : { map: await readGrey(task.source), edgesMs: undefined };
    const counts = await countEdges(map, truth, { maxDistance, addon: loadAddon(), signal });
    return {
      image: task.name,
      truths: truth.maps.length,
      counts,
      ...(edgesMs === undefined ? {} : { edgesMs }),
    };
  } catch (thrown) {
    if (!(thrown instanceof SamwireError) || thrown.code !== 'invalid_image') throw thrown;
    return { image: task.name, skipped: thrown.message };
  }
}

async function makeMap(
  path: string,
  segmenter: EdgeSegmenter,
  signal: AbortSignal,
): Promise<{ readonly map: GreyMap; readonly edgesMs: number }> {
  const addon = loadAddon();
  const { frame } = await loadImage(path, { addon, maxPixels: MAX_IMAGE_PIXELS, name: path });
  try {
    const startedAt = performance.now();
    const { map } = await edgeMapOf({
      frame,
      segment: (request) => segmenter.segment(request),
      edges: (request) => segmenter.edges(request),
      addon,
      signal,
    });
    return { map, edgesMs: Math.round(performance.now() - startedAt) };
  } finally {
    addon.releaseFrame(frame.id);
  }
}

const MAX_NAMED = 10;

function reportLines({ model, backend, images, ODS, OIS, AP, latencyMs, skipped }: EdgeReport): string[] {
  const three = (value: number): string => value.toFixed(3);
  const { edges } = latencyMs;
  return [
    model === null ? `${images} edge maps` : `edges by ${model} on ${backend}: ${images} pictures`,
    `  ODS  ${three(ODS.f)}  (precision ${three(ODS.precision)}, recall ${three(ODS.recall)}, threshold ${three(ODS.threshold)})`,
    `  OIS  ${three(OIS.f)}  (precision ${three(OIS.precision)}, recall ${three(OIS.recall)})`,
    `  AP   ${three(AP)}`,
    ...(edges
      ? [`${(edges.p50 / 1000).toFixed(1)}, ${(edges.p95 / 1000).toFixed(1)} s a map (p50, p95)`]
      : []),
    ...skipped.slice(0, MAX_NAMED).map(({ file, reason }) => `left out: ${file}: ${reason}`),
    ...(skipped.length > MAX_NAMED ? [`left out: ${skipped.length - MAX_NAMED} more pictures`] : []),
  ];
}
