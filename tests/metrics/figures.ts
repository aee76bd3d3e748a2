/** A node's figures as src/metrics looks them up, made of the parts that count them. */
import { ERROR_CODES, type ErrorCode } from '../../src/errors.js';
import type { CameraStats } from '../../src/frames/camera.js';
import type { CameraStateName } from '../../src/frames/supervision.js';
import { createHttpCounters } from '../../src/http/counters.js';
import type { Figures } from '../../src/metrics/figures.js';
import type { JetsonFigures } from '../../src/metrics/jetson/families.js';
import { createCounters } from '../../src/mqtt/counters.js';
import { Counters } from '../../src/pipeline/counters.js';
import { DetectionCounters } from '../../src/pipeline/detections/counters.js';
import { SchedulerStats } from '../../src/pipeline/schedule/stats.js';
import { TrackCounters } from '../../src/pipeline/tracks/counters.js';

const KINDS = ['prompt', 'detections', 'track', 'job'] as const;
const ofKinds = <T>(value: T): Record<string, T> => Object.fromEntries(KINDS.map((kind) => [kind, value]));

export const errorsOf = (errors: Partial<Record<ErrorCode, number>>): Record<ErrorCode, number> => ({
  ...(Object.fromEntries(ERROR_CODES.map((code) => [code, 0])) as Record<ErrorCode, number>),
  ...errors,
});

export function madeCamera(
  state: CameraStateName,
  stats: Partial<CameraStats> = {},
): {
  readonly state: { state: CameraStateName; fps: number; width: number; height: number; since: number };
} & {
  stats(): CameraStats;
} {
  return {
    state: { state, fps: 30, width: 64, height: 48, since: 0 },
    stats: () => ({
      frames: 100,
      reopens: 1,
      fps: 29.5,
      longestGapMs: 1500,
      lastError: null,
      held: 15,
      heldBytes: 4096,
      untold: 0,
      ...stats,
    }),
  };
}

/** A node with everything: a GPU, a Jetson, jobs, depth. */
export function madeFigures(parts: Partial<Figures & JetsonFigures> = {}): Figures & JetsonFigures {
  return {
    id: 'n1',
    state: { state: 'online', version: '0.1.0', backend: 'tensorrt', model: 'samwire-tiny', since: 0 },
    broker: { url: 'mqtt://127.0.0.1', connected: true, protocol: '5', problem: null, retries: 0 },
    cameras: new Map([
      ['front', madeCamera('streaming', { depth: { matched: 3, missed: 1 } })],
      ['gate', madeCamera('failed')],
    ]),
    pipeline: {
      ...new Counters().snapshot(),
      tracks: new TrackCounters().snapshot(2),
      detections: new DetectionCounters().snapshot(),
      queue: 0,
      backgroundJobs: 1,
      scheduler: {
        ...new SchedulerStats(undefined).snapshot(),
        waiting: ofKinds(0),
        waitingForFrame: 0,
        overloaded: ['prompt'],
        overloads: ofKinds(1),
        runMs: 12,
      },
      framesInUse: 1,
      cameras: {},
    },
    link: {
      ...createCounters(),
      protocol: '5',
      retries: 2,
      owedMessages: 3,
      owedBytes: 400,
      jobs: { connections: 2, atWork: 1, taken: 5, repeats: 1, answered: 3, failed: 1, returned: 0 },
    },
    http: createHttpCounters(),
    outputs: {
      labels: { sent: 1, dropped: 2, tooLarge: 0 },
      visionMsgs: { sent: 0, dropped: 0, tooLarge: 0 },
    },
    gpu: { freeBytes: 6e9, totalBytes: 8e9, buffersBytes: 2e8 },
    board: [
      { quantity: 'temperature', label: 'cpu', value: 51.5 },
      { quantity: 'clock', label: 'gpu', value: 918e6 },
      { quantity: 'load', label: 'gpu', value: 0.42 },
      { quantity: 'power', label: 'VDD_IN', value: 9.8 },
      { quantity: 'fan', label: 'fan', value: 0.4 },
      { quantity: 'fanSpeed', label: 'fan', value: 2400 },
    ],
    ...parts,
  };
}
