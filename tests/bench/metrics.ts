import { MASK_SOURCES, type MasksMessage } from '../../src/masks/types.js';
import { Jetson } from '../../src/metrics/jetson/jetson.js';
import { Metrics } from '../../src/metrics/metrics.js';
import { Counters } from '../../src/pipeline/counters.js';
import { DetectionCounters } from '../../src/pipeline/detections/counters.js';
import { SchedulerStats } from '../../src/pipeline/schedule/stats.js';
import { TrackCounters } from '../../src/pipeline/tracks/counters.js';
import { DEFAULT_PROMPT_LIMITS, parsePromptMessage } from '../../src/prompts/message.js';
import { closeAll } from '../integration/mqtt/harness.js';
import { madeCamera, madeFigures } from '../metrics/figures.js';
import { jetpack5 } from '../metrics/jetson/tree.js';
import { masksMessage } from '../mqtt/service.js';
import { distribution } from './measure.js';
import { type Limit, table } from './report.js';

const CAMERAS = 8;
const LIMIT_MS = 5;
/** The windows of the percentiles are full. */
const ANSWERS = 600;

/**
 * What a scrape, and an answer that is counted, cost: CPU time of the whole process, so that other programs do not
 * count, while nothing else runs in it. The node has 8 cameras, each source of masks, and full windows.
 */
export async function metrics(quick: boolean): Promise<{ limits: Limit[]; results: unknown }> {
  const look = filled();
  const measured = new Metrics({ look: async () => look(), log: { warn: console.warn } });
  const prompt = parsePromptMessage('{"box":[0,0,1,1]}', DEFAULT_PROMPT_LIMITS);
  const answers: readonly MasksMessage[] = MASK_SOURCES.map((source) => ({
    ...masksMessage('front', prompt),
    source,
  }));
  for (const answer of answers) measured.answered(answer);
  const { text } = await measured.text();
  const rounds = quick ? 5 : 20;
  const board = new Jetson({ root: jetpack5().root, keepMs: 0 });
  const readings: number[] = [];
  const scrapes: number[] = [];
  const counted: number[] = [];
  for (let round = -2; round < rounds; ++round) {
    const scrape = await cpuMs(50, () => measured.text());
    const count = await cpuMs(2000, (i) => measured.answered(answers[i % answers.length] as MasksMessage));
    const reading = await cpuMs(20, () => board.read());
    if (round < 0) continue;
    readings.push(reading);
    scrapes.push(scrape);
    counted.push(count * 1000);
  }
  measured.close();
  await closeAll();
  const scrape = distribution(scrapes);
  const series = text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length;
  console.log(
    `\nA scrape of ${CAMERAS} cameras: ${series} series, ${Math.round(text.length / 1024)} KiB; CPU time`,
  );
  console.log(
    table([
      { what: 'a scrape', unit: 'ms', ...scrape },
      { what: "a board's /sys (a made tree)", unit: 'ms', ...distribution(readings) },
      { what: 'an answer counted', unit: 'µs', ...distribution(counted) },
    ]),
  );
  const limit = {
    what: `a scrape with ${CAMERAS} cameras`,
    measured: scrape.median,
    limit: LIMIT_MS,
    unit: 'ms',
  };
  return { limits: [limit], results: { series, bytes: text.length, scrapes, readings, counted } };
}

async function cpuMs(times: number, work: (i: number) => unknown): Promise<number> {
  const before = process.cpuUsage();
  for (let i = 0; i < times; ++i) await work(i);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / times;
}

function filled(): () => ReturnType<typeof madeFigures> {
  const counters = new Counters();
  const tracks = new TrackCounters();
  const detections = new DetectionCounters();
  const scheduler = new SchedulerStats(undefined);
  const { timing } = masksMessage('front', parsePromptMessage('{"box":[0,0,1,1]}', DEFAULT_PROMPT_LIMITS));
  for (let i = 0; i < ANSWERS; ++i) {
    const varied = { ...timing, encodeMs: (i * 7919) % 97, captureToPublishMs: (i * 7919) % 211 };
    counters.answered(1, 1, varied);
    counters.everything(1, 1, varied);
    counters.job(1, 1, varied);
    tracks.ran(varied.captureToPublishMs);
    scheduler.served('prompt', varied.encodeMs);
  }
  const cameras = new Map(
    Array.from({ length: CAMERAS }, (_, i) => [`camera-${i}`, madeCamera('streaming')]),
  );
  return () => {
    const made = madeFigures({ cameras });
    const { pipeline } = made;
    return {
      ...made,
      pipeline: {
        ...pipeline,
        ...counters.snapshot(),
        tracks: tracks.snapshot(3),
        detections: detections.snapshot(),
        scheduler: pipeline.scheduler && { ...pipeline.scheduler, ...scheduler.snapshot() },
      },
    };
  };
}
