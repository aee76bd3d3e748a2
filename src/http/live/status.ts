import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import type { MasksMessage } from '../../masks/types.js';
import { percentiles } from '../../pipeline/counters.js';
import type { NodeView } from '../node-view.js';
import type { CameraStatus, Percentiles, Status } from './protocol.js';

const LOOP_RESOLUTION_MS = 10;
/** Of a stage between two statuses; more are not counted into the percentiles. */
const MAX_TIMES = 1000;
const STAGES = [
  'ageMs',
  'queueMs',
  'prepareMs',
  'encodeMs',
  'decodeMs',
  'maskMs',
  'publishMs',
  'captureToPublishMs',
] as const;

/** Collects what the next status tells, from `start` to `stop`. */
export class StatusReport {
  readonly #node: NodeView;
  /** Its own, so that what `<base>/stats` tells is not disturbed. */
  readonly #loopDelay: IntervalHistogram = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  readonly #times = new Map<string, number[]>(STAGES.map((stage) => [stage, []]));
  #answers = 0;

  constructor(node: NodeView) {
    this.#node = node;
  }

  start(): void {
    this.#begin();
    this.#loopDelay.enable();
  }

  stop(): void {
    this.#loopDelay.disable();
  }

  answered({ timing }: MasksMessage): void {
    this.#answers += 1;
    for (const stage of STAGES) {
      const times = this.#times.get(stage);
      if (times && times.length < MAX_TIMES) times.push(timing[stage]);
    }
  }

  /** What it is since the last one. */
  next(): Status {
    const { state, broker, stats, cameras } = this.#node;
    const { url, connected, protocol, problem } = broker();
    const figures = stats();
    const stages: Record<string, Percentiles | null> = {};
    for (const [stage, times] of this.#times) stages[stage] = percentiles(times);
    const status: Status = {
      type: 'status',
      at: Date.now(),
      node: state(),
      broker: { url, connected, protocol, problem },
      cameras: Object.fromEntries([...cameras].map(([name, camera]) => [name, cameraStatus(camera)])),
      stages,
      answers: this.#answers,
      queue: numberOf(figures.queue),
      drops: dropsOf(figures),
      rssBytes: process.memoryUsage.rss(),
      eventLoopDelayMs: this.#loopDelayMs(),
    };
    this.#begin();
    return status;
  }

  /** The longest that a timer was late. */
  #loopDelayMs(): number {
    const late = this.#loopDelay.max / 1e6 - LOOP_RESOLUTION_MS;
    return Math.max(0, Math.round(late * 100) / 100);
  }

  #begin(): void {
    this.#answers = 0;
    for (const times of this.#times.values()) times.length = 0;
    this.#loopDelay.reset();
  }
}

type CameraFigures = Pick<
  NodeView['cameras'] extends ReadonlyMap<string, infer C> ? C : never,
  'state' | 'stats'
>;

function cameraStatus(camera: CameraFigures): CameraStatus {
  const { fps, longestGapMs, reopens } = camera.stats();
  return { ...camera.state, fps, longestGapMs, reopens };
}

/** What was not done or not sent since the start, by reason. */
export function dropsOf(stats: Readonly<Record<string, unknown>>): Record<string, number> {
  const { errors, tracks, everything, mqtt, outputs } = stats as Readonly<Record<string, unknown>> & {
    readonly everything?: { readonly skipped?: unknown };
  };
  const drops: Record<string, number> = {};
  const add = (reason: string, value: unknown): void => {
    const count = numberOf(value);
    if (count > 0) drops[reason] = (drops[reason] ?? 0) + count;
  };
  for (const [code, count] of entriesOf(errors)) add(code, count);
  add('framesSkipped', recordOf(tracks).framesSkipped);
  for (const count of Object.values(recordOf(recordOf(everything).skipped))) add('everythingSkipped', count);
  for (const [reason, count] of entriesOf(recordOf(mqtt).dropped)) add(`mqtt.${reason}`, count);
  add('mqtt.volatileDropped', recordOf(mqtt).volatileDropped);
  for (const [output, counters] of entriesOf(outputs)) add(`outputs.${output}`, recordOf(counters).dropped);
  return drops;
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function entriesOf(value: unknown): [string, unknown][] {
  return Object.entries(recordOf(value));
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
