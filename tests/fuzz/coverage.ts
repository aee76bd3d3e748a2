import { Session } from 'node:inspector/promises';

/** Which blocks of the code under test have run, as V8 counts them. */
export interface Coverage {
  /** Blocks that ran since the last call and never before; `keep` remembers them. */
  readonly fresh: (keep: boolean) => Promise<number>;
  readonly blocks: () => number;
  readonly close: () => Promise<void>;
}

/** `sources`: parts of the URLs of files that count. */
export async function watchCoverage(sources: readonly string[]): Promise<Coverage> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  const seen = new Set<string>();
  return {
    fresh: async (keep) => {
      const { result } = await session.post('Profiler.takePreciseCoverage');
      let fresh = 0;
      for (const { url, functions } of result) {
        if (!sources.some((source) => url.includes(source))) continue;
        for (const { startOffset, endOffset, count } of functions.flatMap(({ ranges }) => ranges)) {
          const block = `${url}:${startOffset}:${endOffset}`;
          if (count === 0 || seen.has(block)) continue;
          fresh += 1;
          if (keep) seen.add(block);
        }
      }
      return fresh;
    },
    blocks: () => seen.size,
    close: async () => {
      await session.post('Profiler.stopPreciseCoverage');
      session.disconnect();
    },
  };
}
