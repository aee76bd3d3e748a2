import type { Profiler } from 'node:inspector';
import { Session } from 'node:inspector/promises';

/** Which parts of the code under test have run, as V8 counts them. */
export interface Coverage {
  /** Characters of source that ran since the last call and never before; `keep` remembers them. */
  readonly fresh: (keep: boolean) => Promise<number>;
  /** Characters that have run, those of functions within functions twice. */
  readonly covered: () => number;
  readonly close: () => Promise<void>;
}

/** Characters [from, to). */
type Span = readonly [from: number, to: number];

/** `sources`: parts of the URLs of files that count. */
export async function watchCoverage(sources: readonly string[]): Promise<Coverage> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  const left = new Map<string, { readonly length: number; readonly spans: readonly Span[] }>();
  return {
    fresh: async (keep) => {
      const { result } = await session.post('Profiler.takePreciseCoverage');
      let fresh = 0;
      for (const { url, functions } of result) {
        if (!sources.some((source) => url.includes(source))) continue;
        for (const found of functions) {
          const [whole] = found.ranges;
          if (whole === undefined || whole.count === 0) continue;
          const key = `${url}:${whole.startOffset}:${whole.endOffset}`;
          const length = whole.endOffset - whole.startOffset;
          const before = left.get(key)?.spans ?? [[whole.startOffset, whole.endOffset] as const];
          const spans = common(before, skipped(found));
          // One that ran without a count of its blocks is known by its name at least.
          fresh += total(before) - total(spans) + (left.has(key) ? 0 : 1);
          if (keep) left.set(key, { length, spans });
        }
      }
      return fresh;
    },
    covered: () => [...left.values()].reduce((sum, { length, spans }) => sum + length - total(spans), 0),
    close: async () => {
      await session.post('Profiler.stopPreciseCoverage');
      session.disconnect();
    },
  };
}

/**
 * What of a function did not run. V8 tells of a block only where its count is not that of the block around it, and merges
 * neighbours of like counts: only what never ran has borders that stay.
 */
function skipped({ ranges, isBlockCoverage }: Profiler.FunctionCoverage): readonly Span[] {
  const [whole] = ranges;
  if (whole === undefined) return [];
  if (!isBlockCoverage) return [[whole.startOffset, whole.endOffset]];
  return ranges
    .filter(({ count }) => count === 0)
    .map(({ startOffset, endOffset }) => [startOffset, endOffset] as const)
    .sort((a, b) => a[0] - b[0]);
}

/** What two lists of spans have in common; both are sorted, and the spans of each lie apart. */
function common(a: readonly Span[], b: readonly Span[]): readonly Span[] {
  const spans: Span[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const [first, second] = [a[i] as Span, b[j] as Span];
    const from = Math.max(first[0], second[0]);
    const to = Math.min(first[1], second[1]);
    if (from < to) spans.push([from, to]);
    if (first[1] < second[1]) i++;
    else j++;
  }
  return spans;
}

function total(spans: readonly Span[]): number {
  return spans.reduce((sum, [from, to]) => sum + to - from, 0);
}
