import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import mqtt from 'mqtt';
import { type Broker, startBroker } from '../integration/broker.js';
import { type BenchModel, ROOT } from './models.js';

const CAMERA = 'front';
const BASE = 'samwire/bench';
const START_TIMEOUT_MS = 120_000;
const ANSWER_TIMEOUT_MS = 60_000;

export interface ServiceOptions {
  readonly model: BenchModel;
  readonly threads: number;
  readonly fps: number;
  readonly statsIntervalMs?: number;
  /** Where the console listens on 127.0.0.1; nowhere when left out. */
  readonly consolePort?: number;
}

/** The stages of a masks message (docs/mqtt.md), in ms. */
export const STAGES = [
  'ageMs',
  'queueMs',
  'prepareMs',
  'encodeMs',
  'decodeMs',
  'maskMs',
  'publishMs',
] as const;
export type Stage = (typeof STAGES)[number];

export interface Answer {
  /** Prompt published → masks received, on this process's clock. */
  readonly roundTripMs: number;
  /** Frame taken by the service → masks received here; both processes read the same machine's clock. */
  readonly frameToMasksMs: number;
  /** Masks handed to the service's MQTT client → received here. */
  readonly transitMs: number;
  readonly stages: Readonly<Record<Stage, number>>;
  readonly embeddingReused: boolean;
  readonly bytes: number;
}

export type Box = readonly [number, number, number, number];

/** A real service with a 1080p NV12 test camera, its broker, and a client of ours on loopback. */
export interface Service {
  readonly pid: number;
  prompt(boxes: readonly Box[]): Promise<Answer>;
  /** The newest stats message, once one has come that was made after this call. */
  nextStats(): Promise<Record<string, unknown>>;
  close(): Promise<void>;
}

export async function startService(options: ServiceOptions): Promise<Service> {
  const main = join(ROOT, 'dist', 'cli', 'main.js');
  if (!existsSync(main)) throw new Error(`Expected ${main}: run "npm run build" first.`);
  const dir = await mkdtemp(join(tmpdir(), 'samwire-bench-'));
  const broker = await startBroker();
  const config = join(dir, 'samwire.yaml');
  await writeFile(config, JSON.stringify(configOf(options, broker), null, 2));
  const child = spawn(process.execPath, [main, 'run', '--config', config], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log = collectLog(child);
  const client = await mqtt.connectAsync(broker.url, { protocolVersion: 5 });
  const link = new Link(client);
  const close = async (): Promise<void> => {
    await client.endAsync(true);
    if (child.exitCode === null && child.signalCode === null) {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      const killer = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await exited;
      clearTimeout(killer);
    }
    await broker.close();
    await rm(dir, { recursive: true, force: true });
  };
  try {
    await link.start();
    await Promise.race([
      link.ready,
      once(child, 'exit').then(([code]) => {
        throw new Error(`The service ended with ${code}`);
      }),
      rejectAfter(START_TIMEOUT_MS, 'Expected a loaded model and a streaming camera'),
    ]);
  } catch (error) {
    await close();
    throw new Error(`${error instanceof Error ? error.message : error}; the service logged:\n${log()}`);
  }
  return {
    pid: child.pid ?? 0,
    prompt: (boxes) => link.prompt(boxes),
    nextStats: () => link.nextStats(),
    close,
  };
}

function configOf(
  { model, threads, fps, statsIntervalMs, consolePort }: ServiceOptions,
  broker: Broker,
): unknown {
  return {
    version: 1,
    node: { id: BASE.split('/')[1] },
    // Random networks draw long edges: their RLEs must not be degraded, or the comparison would leave work out.
    mqtt: { url: broker.url, baseTopic: BASE.split('/')[0], maxPacketBytes: 32 * 2 ** 20 },
    cameras: { [CAMERA]: { source: 'test://pattern', width: 1920, height: 1080, fps } },
    model: { name: model.name, backend: 'onnx', paths: [dirname(model.dir)], threads },
    pipeline: { maxAgeMs: 60_000 },
    stats: { intervalMs: statsIntervalMs ?? 5000 },
    http: consolePort === undefined ? { enabled: false } : { port: consolePort },
    log: { level: 'warn' },
  };
}

function collectLog(child: ChildProcess): () => string {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      text = (text + chunk.toString()).slice(-20_000);
    });
  }
  return () => text;
}

interface MasksPayload {
  readonly requestId?: string;
  readonly frame: { readonly timestamp: number };
  readonly masks: readonly { readonly error?: unknown }[];
  readonly timing: Readonly<Record<Stage, number>> & {
    readonly captureToPublishMs: number;
    readonly embeddingReused: boolean;
  };
  readonly degraded?: string;
}

interface Pending {
  readonly publishedAt: number;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

class Link {
  /** Resolves when the model is loaded and the camera streams. */
  readonly ready: Promise<void>;
  private readonly pending = new Map<string, Pending>();
  private readonly statsWaiters: ((stats: Record<string, unknown>) => void)[] = [];
  private readonly waitingFor = new Set(['online', 'streaming']);
  private isReady: () => void = () => {};
  private requests = 0;

  constructor(private readonly client: mqtt.MqttClient) {
    this.ready = new Promise((resolve) => {
      this.isReady = resolve;
    });
  }

  async start(): Promise<void> {
    this.client.on('message', (topic, payload) => this.receive(topic, payload, now()));
    await this.client.subscribeAsync([`${BASE}/#`], { qos: 0 });
  }

  async prompt(boxes: readonly Box[]): Promise<Answer> {
    const requestId = `bench-${this.requests++}`;
    const payload = JSON.stringify({ requestId, prompts: boxes.map((box, i) => ({ id: `p${i}`, box })) });
    let timer: NodeJS.Timeout | undefined;
    const answer = new Promise<Answer>((resolve, reject) => {
      this.pending.set(requestId, { publishedAt: now(), resolve, reject });
      timer = setTimeout(() => reject(new Error(`No answer to ${requestId}`)), ANSWER_TIMEOUT_MS);
      this.client.publish(`${BASE}/${CAMERA}/prompt`, payload, { qos: 0 });
    });
    try {
      return await answer;
    } finally {
      clearTimeout(timer);
      this.pending.delete(requestId);
    }
  }

  async nextStats(): Promise<Record<string, unknown>> {
    return new Promise((resolve) => {
      this.statsWaiters.push(resolve);
    });
  }

  private receive(topic: string, payload: Buffer, receivedAt: number): void {
    if (!topic.startsWith(`${BASE}/`)) return;
    const kind = topic.slice(BASE.length + 1);
    if (kind === `${CAMERA}/masks`) this.masks(payload, receivedAt);
    else if (kind.endsWith('errors')) this.failed(payload);
    else if (kind === 'stats') {
      const stats = JSON.parse(payload.toString());
      for (const resolve of this.statsWaiters.splice(0)) resolve(stats);
    } else if (kind === 'state' || kind === `${CAMERA}/state`) {
      this.waitingFor.delete(JSON.parse(payload.toString()).state);
      if (this.waitingFor.size === 0) this.isReady();
    }
  }

  private masks(payload: Buffer, receivedAt: number): void {
    const message: MasksPayload = JSON.parse(payload.toString());
    const waiting = this.pending.get(message.requestId ?? '');
    if (!waiting) return;
    if (message.degraded || message.masks.some((mask) => mask.error)) {
      waiting.reject(new Error(`Expected whole masks, got ${payload.toString().slice(0, 500)}`));
      return;
    }
    const { timestamp } = message.frame;
    const { timing } = message;
    waiting.resolve({
      roundTripMs: receivedAt - waiting.publishedAt,
      frameToMasksMs: receivedAt - (timestamp + timing.ageMs),
      transitMs: receivedAt - (timestamp + timing.captureToPublishMs),
      stages: timing,
      embeddingReused: timing.embeddingReused,
      bytes: payload.length,
    });
  }

  private failed(payload: Buffer): void {
    const { requestId, code, message } = JSON.parse(payload.toString());
    const error = new Error(`The service answered ${code}: ${message}`);
    for (const [id, waiting] of this.pending) if (!requestId || id === requestId) waiting.reject(error);
  }
}

/** Milliseconds since the Unix epoch, with fractions. */
function now(): number {
  return performance.timeOrigin + performance.now();
}

async function rejectAfter(ms: number, what: string): Promise<never> {
  await new Promise((resolve) => setTimeout(resolve, ms).unref());
  throw new Error(`${what} within ${ms} ms`);
}
