import { describe, expect, it } from 'vitest';
import { SchedulerStats } from '../../../src/pipeline/schedule/stats.js';
import { LoadCamera } from './load.js';

function setup() {
  const lines: unknown[] = [];
  const log = (facts: unknown): void => void lines.push(facts);
  return { lines, stats: new SchedulerStats({ warn: log, info: log } as never) };
}
const request = { camera: new LoadCamera('front'), kind: 'prompt' } as const;

describe("the scheduler's figures", () => {
  it('count what was served and refused, with percentiles of the last waits', () => {
    const { stats } = setup();
    for (let i = 1; i <= 600; i += 1) stats.served('prompt', i);
    stats.served('everything', 0);
    stats.refused('overload', request, 0);
    expect(stats.snapshot()).toMatchObject({
      served: { prompt: 600, detections: 0, everything: 1 },
      refused: { overload: 1, queueFull: 0, expired: 0, superseded: 0 },
      waitMs: { p50: 344, p95: 575 },
    });
  });

  it('announce refusals at once, then together every five seconds, and never that newer requests came', () => {
    const { stats, lines } = setup();
    const last = { camera: 'front', kind: 'prompt' };
    stats.refused('superseded', request, 0);
    expect(lines).toEqual([]);
    stats.refused('overload', request, 0);
    for (let i = 0; i < 100; i += 1) stats.refused('expired', request, 10 * i);
    stats.refused('queueFull', request, 5000);
    expect(lines).toEqual([
      { refused: { overload: 1 }, last },
      { refused: { queueFull: 1, expired: 100 }, last },
    ]);
  });
});
