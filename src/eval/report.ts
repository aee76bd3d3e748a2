import type { MaskScore, PictureRecord, PictureScores, PromptKind, SkippedPicture } from './types.js';

/** COCO's limits of small and medium objects, in pixels. */
const SMALL = 32 ** 2;
const MEDIUM = 96 ** 2;

export interface Percentiles {
  readonly p50: number;
  readonly p95: number;
}

/** What `samwire eval --json` writes. Numbers that have nothing to stand on are null. */
export interface EvalReport {
  readonly model: string;
  readonly backend: string;
  readonly prompt: PromptKind;
  /** Masks that were compared. */
  readonly count: number;
  readonly mIoU: Readonly<Record<'all' | Size, number | null>>;
  readonly counts: Readonly<Record<Size, number>>;
  readonly byCategory: Readonly<Record<string, { readonly mIoU: number; readonly count: number }>>;
  /** Of the best of each answer's candidates; with point prompts. */
  readonly oracleMIoU?: number | null;
  /** `encode`: of a picture, with its preparation. `decode`: of one prompt, its share of the picture's batch, with its mask. */
  readonly latencyMs: { readonly encode: Percentiles | null; readonly decode: Percentiles | null };
  /** Of the model alone, without reading pictures and comparing masks. */
  readonly throughput: { readonly imagesPerSecond: number | null; readonly promptsPerSecond: number | null };
  readonly images: number;
  readonly skipped: {
    readonly crowds: number;
    readonly emptyMasks: number;
    readonly images: readonly { readonly file: string; readonly reason: string }[];
  };
  /** Prompts that the model gave no mask for; each counts as an IoU of 0. */
  readonly failed: { readonly count: number; readonly first?: string };
}

type Size = 'small' | 'medium' | 'large';

export interface ReportInput {
  readonly model: string;
  readonly backend: string;
  readonly prompt: PromptKind;
  readonly records: readonly PictureRecord[];
  readonly crowds: number;
}

export function evalReport({ model, backend, prompt, records, crowds }: ReportInput): EvalReport {
  const measured = records.filter(isMeasured);
  const scores = measured.flatMap((record) => record.scores);
  const asked = measured.filter((record) => record.scores.length > 0);
  const bySize = groups(scores, ({ area }) => sizeOf(area));
  const size = (name: Size): readonly MaskScore[] => bySize.get(name) ?? [];
  const failures = scores.flatMap(({ failed }) => (failed === undefined ? [] : [failed]));
  const seconds = sum(asked.map(({ encodeMs, decodeMs }) => encodeMs + decodeMs)) / 1000;
  return {
    model,
    backend,
    prompt,
    count: scores.length,
    mIoU: {
      all: meanIou(scores),
      small: meanIou(size('small')),
      medium: meanIou(size('medium')),
      large: meanIou(size('large')),
    },
    counts: { small: size('small').length, medium: size('medium').length, large: size('large').length },
    byCategory: Object.fromEntries(
      [...groups(scores, ({ category }) => category)].map(([name, members]) => [
        name,
        { mIoU: meanIou(members) ?? 0, count: members.length },
      ]),
    ),
    ...(prompt === 'point' && { oracleMIoU: mean(scores.map(({ oracle = 0 }) => oracle)) }),
    latencyMs: {
      encode: percentiles(asked.map(({ encodeMs }) => encodeMs)),
      decode: percentiles(asked.map((record) => record.decodeMs / record.scores.length)),
    },
    throughput: {
      imagesPerSecond: seconds > 0 ? rounded(asked.length / seconds, 2) : null,
      promptsPerSecond: seconds > 0 ? rounded(scores.length / seconds, 2) : null,
    },
    images: asked.length,
    skipped: {
      crowds,
      emptyMasks: sum(measured.map(({ empty }) => empty)),
      images: records.filter(isSkipped).map(({ file, skipped }) => ({ file, reason: skipped })),
    },
    failed: { count: failures.length, ...(failures[0] === undefined ? {} : { first: failures[0] }) },
  };
}

function isMeasured(record: PictureRecord): record is PictureScores {
  return 'scores' in record;
}

function isSkipped(record: PictureRecord): record is SkippedPicture {
  return 'skipped' in record;
}

function sizeOf(area: number): Size {
  return area < SMALL ? 'small' : area < MEDIUM ? 'medium' : 'large';
}

function groups<Key>(
  scores: readonly MaskScore[],
  keyOf: (score: MaskScore) => Key,
): ReadonlyMap<Key, readonly MaskScore[]> {
  const map = new Map<Key, MaskScore[]>();
  for (const score of scores) {
    const members = map.get(keyOf(score));
    if (members) members.push(score);
    else map.set(keyOf(score), [score]);
  }
  return map;
}

function meanIou(scores: readonly MaskScore[]): number | null {
  return mean(scores.map(({ iou }) => iou));
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : rounded(sum(values) / values.length, 4);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** By the nearest rank: the least value that so many per cent of all do not exceed. */
export function percentiles(values: readonly number[]): Percentiles | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number =>
    rounded(sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0, 2);
  return { p50: at(0.5), p95: at(0.95) };
}

function rounded(value: number, digits: number): number {
  return Math.round(value * 10 ** digits) / 10 ** digits;
}
