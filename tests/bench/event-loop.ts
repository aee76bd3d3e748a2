import { type BenchModel, nanosamShaped, samwireTiny } from './models.js';
import { type Limit, table } from './report.js';
import { startService } from './service.js';

const LIMIT_MS = 20;
const STATS_MS = 1000;

interface LoopDelay {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/**
 * Event-loop delay of the service's main thread (perf_hooks, as `<base>/stats` tells it) while prompts follow one
 * another without a pause. The worst interval counts.
 */
export async function eventLoop(quick: boolean): Promise<{ limits: Limit[]; results: unknown }> {
  const seconds = quick ? 5 : 20;
  const limits: Limit[] = [];
  const results = [];
  for (const model of [samwireTiny(), nanosamShaped()]) {
    const { intervals, answers } = await measure(model, seconds);
    const worst = {
      p50: Math.max(...intervals.map((delay) => delay.p50)),
      p99: Math.max(...intervals.map((delay) => delay.p99)),
      max: Math.max(...intervals.map((delay) => delay.max)),
    };
    results.push({ model: model.name, seconds, answers, worst, intervals });
    limits.push({
      what: `${model.name}: event-loop delay, p99`,
      measured: worst.p99,
      limit: LIMIT_MS,
      unit: 'ms',
    });
    console.log(
      `\n${model.name}: event-loop delay while it infers, worst of ${intervals.length} intervals (ms)`,
    );
    console.log(table([{ answers, ...worst }]));
  }
  return { limits, results };
}

async function measure(
  model: BenchModel,
  seconds: number,
): Promise<{ intervals: LoopDelay[]; answers: number }> {
  const service = await startService({ model, threads: 2, fps: 30, statsIntervalMs: STATS_MS });
  try {
    const box = [600, 300, 1300, 800] as const;
    await service.prompt([box]);
    // The interval in which the service was started is not counted.
    await service.nextStats();
    const intervals: LoopDelay[] = [];
    const until = Date.now() + seconds * 1000;
    let answers = 0;
    let listening = true;
    const listen = async (): Promise<void> => {
      while (listening) intervals.push(loopDelay(await service.nextStats()));
    };
    const listened = listen();
    while (Date.now() < until) {
      await service.prompt([box]);
      answers++;
    }
    listening = false;
    await listened;
    return { intervals, answers };
  } finally {
    await service.close();
  }
}

function loopDelay(stats: Record<string, unknown>): LoopDelay {
  const delay = stats.eventLoopDelayMs;
  if (isLoopDelay(delay)) return delay;
  throw new Error(
    `Expected eventLoopDelayMs {p50,p99,max} in the stats, got ${JSON.stringify(stats).slice(0, 300)}`,
  );
}

function isLoopDelay(value: unknown): value is LoopDelay {
  return (
    typeof value === 'object' &&
    value !== null &&
    ['p50', 'p99', 'max'].every((key) => typeof (value as Record<string, unknown>)[key] === 'number')
  );
}
