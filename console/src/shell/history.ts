/** What the charts show, out of the last minutes' statuses (oldest first, one a second). */
import type { CameraStatus, Percentiles, Status } from '../../../src/http/live/protocol.js';
import { MAX_HISTORY } from '../live/state.js';
import type { Value } from './sparkline.js';

/** A status comes every second: without one for this long the page was cut off, and a chart shows a gap. */
export const GAP_MS = 3500;
/** Of the time between two statuses, where two came in one moment. */
const SHORTEST_MS = 100;
const STATUS_MS = 1000;
/** Of a page that was just opened, so that its first seconds are no blocks. */
const SHORTEST_WINDOW_MS = 30_000;
/** As long as the page's history. */
const LONGEST_WINDOW_MS = MAX_HISTORY * STATUS_MS;

/** What a chart shows: it grows with the history until that is full. */
export function windowMs(history: readonly { readonly at: number }[]): number {
  const sinceMs = (history.at(-1)?.at ?? 0) - (history[0]?.at ?? 0);
  return Math.min(LONGEST_WINDOW_MS, Math.max(SHORTEST_WINDOW_MS, sinceMs));
}

/** What is after the last time that the node's clock was set back: time only grows from here on. */
export function steady(history: readonly Status[]): readonly Status[] {
  const back = history.findLastIndex((status, i) => i > 0 && status.at <= (history[i - 1]?.at ?? 0));
  return back < 0 ? history : history.slice(back);
}

/** A camera's status, whatever its name: `constructor` is one too. Undefined: nothing is known of it. */
export function statusOf(
  cameras: Readonly<Record<string, CameraStatus>> | undefined,
  name: string,
): CameraStatus | undefined {
  return cameras && Object.hasOwn(cameras, name) ? cameras[name] : undefined;
}

/** Answers a second, at each status. */
export function answersPerSec(history: readonly Status[]): readonly Value[] {
  return history.map(({ at, answers }, i) => {
    const before = history[i - 1];
    const sinceMs = before ? Math.min(GAP_MS, Math.max(SHORTEST_MS, at - before.at)) : STATUS_MS;
    return { at, value: (answers * 1000) / sinceMs };
  });
}

/** Frames a second of a camera; null where nothing is known of it. */
export function framesPerSec(history: readonly Status[], camera: string): readonly Value[] {
  return history.map(({ at, cameras }) => {
    const status = statusOf(cameras, camera);
    if (status === undefined) return { at, value: null };
    return { at, value: status.state === 'streaming' ? status.fps : 0 };
  });
}

export function stageMs(
  history: readonly Status[],
  stage: string,
  rank: keyof Percentiles,
): readonly Value[] {
  return history.map(({ at, stages }) => ({ at, value: stages[stage]?.[rank] ?? null }));
}

/** The newest percentiles of a stage, so that its numbers stay on the page while nobody prompts. Null: none. */
export function lastPercentiles(history: readonly Status[], stage: string): Percentiles | null {
  return history.findLast(({ stages }) => stages[stage] != null)?.stages[stage] ?? null;
}

export interface Dropped {
  readonly reason: string;
  /** Since the node's start. */
  readonly total: number;
  /** Within the history. */
  readonly recent: number;
}

/** Every reason that the newest status counts, the most frequent of late first. */
export function dropped(history: readonly Status[]): readonly Dropped[] {
  const newest = history.at(-1)?.drops ?? {};
  return Object.entries(newest)
    .map(([reason, total]) => ({ reason, total, recent: sum(newDrops(history, reason)) }))
    .sort((a, b) => b.recent - a.recent || b.total - a.total);
}

/** Drops since the status before, of all reasons. */
export function dropsPerStatus(history: readonly Status[]): readonly Value[] {
  const reasons = new Set(history.flatMap(({ drops }) => Object.keys(drops)));
  const counts = [...reasons].map((reason) => newDrops(history, reason));
  return history.map(({ at }, i) => ({ at, value: sum(counts.map((of) => of[i] ?? 0)) }));
}

/** How much a reason's count grew with each status. One that is smaller than before began anew: the node was restarted. */
function newDrops(history: readonly Status[], reason: string): number[] {
  return history.map(({ drops }, i) => {
    if (i === 0) return 0;
    const total = drops[reason] ?? 0;
    const before = history[i - 1]?.drops[reason] ?? 0;
    return total < before ? total : total - before;
  });
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
