/** What of a run is judged, and how strictly. */
import { type Drift, type DriftLimit, type JudgedTime, judge } from './drift.js';
import type { Figure } from './recorder.js';
import type { Series } from './series.js';
import type { Tally } from './tally.js';

/** In an hour. Counts may grow by less than one; what other work on the machine moves, by half of itself. */
const LIMITS: Partial<Record<Figure, DriftLimit>> = {
  rss: { percent: 2, absolute: 5 },
  anonymous: { percent: 2, absolute: 5 },
  heapUsed: { percent: 5, absolute: 3 },
  external: { percent: 5, absolute: 3 },
  threads: { percent: 0, absolute: 0.9 },
  openFiles: { percent: 0, absolute: 0.9 },
  children: { percent: 0, absolute: 0.9 },
  loopP99: { percent: 50, absolute: 10 },
  framesInUse: { percent: 0, absolute: 4 },
  queue: { percent: 0, absolute: 4 },
  owed: { percent: 0, absolute: 4 },
  tracks: { percent: 0, absolute: 4 },
};

/** Must have happened at least once, or the run shows nothing. */
export const EXPECTED = [
  'prompts answered with masks',
  'jobs answered with masks',
  'requests answered with ok',
  'HTTP answered with 200',
  'masks of detections',
  'masks of track',
  'errors told: invalid_json',
  'console frames',
  '/metrics scraped',
] as const;

export interface Verdict {
  readonly drifts: readonly Drift[];
  /** Each a sentence. */
  readonly faults: readonly string[];
  readonly held: boolean;
}

export function verdictOf(
  series: Readonly<Record<Figure, Series>>,
  tally: Tally,
  judged: JudgedTime,
): Verdict {
  const faults: string[] = [];
  const drifts: Drift[] = [];
  for (const [name, limit] of Object.entries(LIMITS))
    try {
      drifts.push(judge(series[name as Figure], limit, judged));
    } catch (error) {
      faults.push(`${error instanceof Error ? error.message : error}.`);
    }
  for (const { name, unit, growth, allowed, held } of drifts)
    if (!held) faults.push(`${name} grew by ${growth.toFixed(2)} ${unit}, more than ${allowed.toFixed(2)}.`);
  const answered = tally.sum('prompts answered');
  const asked = tally.of('prompts asked');
  if (answered !== asked) faults.push(`Of ${asked} prompts ${answered} were answered.`);
  if (tally.failures > 0) faults.push(`${tally.failures} failures.`);
  for (const what of EXPECTED) if (tally.of(what) === 0) faults.push(`Expected ${what}, there were none.`);
  return { drifts, faults, held: faults.length === 0 };
}
