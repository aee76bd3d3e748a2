import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import type { EverythingMask, EverythingResult, Strategy } from '../../src/everything/types.js';
import type { NativeFrameInfo } from '../../src/native/types.js';
import type { PromptResult, Segmenter, SegmentRequest, SegmentResult } from '../../src/segment/segmenter.js';
import { distribution } from './measure.js';
import { ROOT, samwireTiny } from './models.js';
import { type Limit, table } from './report.js';

/** Photographs that are not in the repository: tests/fidelity/fixtures.ts says where. */
const PHOTOS = join(process.env.SAMWIRE_SHARED ?? join(ROOT, '..', 'shared'), 'eval', 'images');
const PHOTO_COUNT = 30;
/** Of these the time is measured too: the others decode a point once for both strategies. */
const TIMED = 3;
const SAME_IOU = 0.8;
/** Masks of the grid that may be missed, prompts of the grid that may be decoded: per cent. */
const LIMITS = { missed: 10, prompts: 50 } as const;
const GRID = 32;

/** As installed: the addon and the inference worker are found beside these files only. */
const dist = <T>(file: string): Promise<T> => import(join(ROOT, 'dist', file)) as Promise<T>;
const { segmentEverything } =
  await dist<typeof import('../../src/everything/generate.js')>('everything/generate.js');
const { everythingOptions } =
  await dist<typeof import('../../src/everything/options.js')>('everything/options.js');
const { readModelDirectory } =
  await dist<typeof import('../../src/models/directory.js')>('models/directory.js');
const { loadAddon } = await dist<typeof import('../../src/native/addon.js')>('native/addon.js');
const { loadImage } = await dist<typeof import('../../src/pipeline/image-file.js')>('pipeline/image-file.js');
const { createSegmenter } = await dist<typeof import('../../src/segment/create.js')>('segment/create.js');

interface Compared {
  readonly photo: string;
  readonly gridMasks: number;
  readonly found: number;
  readonly masks: number;
  readonly prompts: number;
  readonly gridPrompts: number;
  readonly gridMs?: number;
  readonly ms?: number;
}

/** The masks that the strategy hierarchical finds of those that the grid finds, and the prompts that it takes. */
export async function everything(quick: boolean): Promise<{ limits: Limit[]; results: unknown }> {
  if (!existsSync(PHOTOS)) {
    console.log(`\neverything: skipped, there are no photographs in ${PHOTOS}`);
    return { limits: [], results: [] };
  }
  const model = samwireTiny();
  const directory = await readModelDirectory(model.dir);
  const segmenter = await createSegmenter({
    model: directory,
    threads: 2,
    log: pino({ level: 'silent' }),
  });
  const thresholds = 'everything' in directory.manifest ? directory.manifest.everything : undefined;
  try {
    const results: Compared[] = [];
    for (const [i, photo] of photos(quick ? 2 : PHOTO_COUNT).entries()) {
      results.push(await compare({ photo, segmenter, thresholds, timed: i < TIMED }));
      console.log(JSON.stringify(results.at(-1)));
    }
    return summary(results);
  } finally {
    await segmenter.close();
  }
}

/** Spread evenly over all, in the order of their names. */
function photos(count: number): string[] {
  const all = readdirSync(PHOTOS).sort();
  return Array.from({ length: Math.min(count, all.length) }, (_, i) => {
    const name = all[Math.floor(((i + 0.5) * all.length) / count)];
    if (name === undefined) throw new Error(`Expected ${count} photographs in ${PHOTOS}`);
    return name;
  });
}

interface Comparison {
  readonly photo: string;
  readonly segmenter: Segmenter;
  readonly thresholds: { readonly minScore?: number; readonly minStability?: number } | undefined;
  readonly timed: boolean;
}

async function compare({ photo, segmenter, thresholds, timed }: Comparison): Promise<Compared> {
  const addon = loadAddon();
  const { frame } = await loadImage(readFileSync(join(PHOTOS, photo)), {
    addon,
    maxPixels: 1e8,
    name: photo,
  });
  try {
    const segment = timed ? (request: SegmentRequest) => segmenter.segment(request) : remembering(segmenter);
    const run = async (strategy: Strategy): Promise<{ result: EverythingResult; ms: number }> => {
      const startedAt = performance.now();
      const options = everythingOptions({ strategy, grid: GRID }, { segmenter, thresholds });
      const result = await segmentEverything({ frame, segment, addon, options });
      return { result, ms: Math.round(performance.now() - startedAt) };
    };
    const grid = await run('grid');
    const hierarchical = await run('hierarchical');
    return {
      photo,
      gridMasks: grid.result.masks.length,
      found: foundOf(grid.result.masks, hierarchical.result.masks, frame),
      masks: hierarchical.result.masks.length,
      prompts: hierarchical.result.prompts,
      gridPrompts: grid.result.prompts,
      ...(timed ? { gridMs: grid.ms, ms: hierarchical.ms } : {}),
    };
  } finally {
    addon.releaseFrame(frame.id);
  }
}

/** How many of `wanted` are among `found`. */
function foundOf(
  wanted: readonly EverythingMask[],
  found: readonly EverythingMask[],
  { width, height }: NativeFrameInfo,
): number {
  if (found.length === 0) return 0;
  const counts = (masks: readonly EverythingMask[]) => masks.map(({ rle }) => rle.counts);
  const iou = loadAddon().rleIouMatrix(counts(wanted), counts(found), width, height);
  return wanted.filter((_, row) =>
    iou.subarray(row * found.length, (row + 1) * found.length).some((value) => value >= SAME_IOU),
  ).length;
}

/** A `segment` that decodes each point of a frame once, whatever asks for it: the model's answer is the same. */
function remembering(segmenter: Segmenter): (request: SegmentRequest) => Promise<SegmentResult> {
  const known = new Map<string, PromptResult>();
  return async ({ frame, prompts }) => {
    const keys = prompts.map(({ points }) => JSON.stringify(points));
    const open = prompts.filter((_, i) => !known.has(keys[i] ?? ''));
    const answer = await segmenter.segment({ frame, prompts: open, keepLogits: false });
    for (const [i, { points }] of open.entries())
      known.set(JSON.stringify(points), answer.results[i] as PromptResult);
    return { results: keys.map((key) => known.get(key) as PromptResult), timing: answer.timing };
  };
}

function summary(results: readonly Compared[]): { limits: Limit[]; results: unknown } {
  const sum = (key: 'gridMasks' | 'found' | 'masks' | 'prompts' | 'gridPrompts'): number =>
    results.reduce((total, result) => total + result[key], 0);
  const share = (part: number, whole: number): number => (100 * part) / whole;
  const times = results.flatMap(({ ms, gridMs }) => (ms && gridMs ? [ms / gridMs] : []));
  const recall = share(sum('found'), sum('gridMasks'));
  const prompts = share(sum('prompts'), sum('gridPrompts'));
  console.log(`\nhierarchical against grid ${GRID}, masks matched at IoU ${SAME_IOU}`);
  console.log(
    table([
      {
        photographs: results.length,
        'masks of the grid': sum('gridMasks'),
        'found %': recall,
        'masks found': sum('masks'),
        'prompts %': prompts,
        'time %, median': share(distribution(times).median, 1),
      },
    ]),
  );
  const limits = [
    {
      what: 'masks of the grid that hierarchical misses',
      measured: 100 - recall,
      limit: LIMITS.missed,
      unit: '%',
    },
    { what: 'prompts that hierarchical decodes', measured: prompts, limit: LIMITS.prompts, unit: '%' },
  ];
  return { limits, results };
}
