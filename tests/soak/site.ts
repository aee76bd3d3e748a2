import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt, { type MqttClient } from 'mqtt';
import { connect, type SamwireClient } from '../../src/client/client.js';
import { ROOT } from '../bench/models.js';
import { type Broker, freePort, startBroker } from '../integration/broker.js';
import { writeClip } from './clip.js';
import { Tally } from './tally.js';

export const CAMERAS = ['front', 'gate'] as const;
export const BASE = 'samwire/soak';
const START_TIMEOUT_MS = 180_000;
const STOP_TIMEOUT_MS = 10_000;
const LOG_TAIL = 4000;

export interface SiteOptions {
  readonly fps: number;
  readonly statsIntervalMs: number;
  /** A module that the service's process loads first: what it does wrong must be found. */
  readonly preload?: string;
  readonly logPath: string;
}

/** A broker, the real service with two 1080p cameras on it, and who talks to it. */
export interface Site {
  readonly pid: number;
  readonly broker: Broker;
  readonly httpUrl: string;
  /** Asks again until it is answered, as robots do. */
  readonly client: SamwireClient;
  /** Hears all that the node says, and sends what a good client would not. */
  readonly raw: MqttClient;
  readonly tally: Tally;
  /** Why the service is not there any more, or null. */
  ended(): string | null;
  close(): Promise<void>;
}

/** Resolves when the model is loaded and both cameras stream. @throws Error with the log's end when they don't. */
export async function openSite(options: SiteOptions): Promise<Site> {
  const directory = await mkdtemp(join(tmpdir(), 'samwire-soak-'));
  const clip = join(directory, 'gate.mp4');
  await writeClip(clip, options.fps);
  // As brokers are run: saved when it is stopped, not at every change (`BrokerOptions.persistence`), which made it slower than the load.
  const kept = ['persistence true', `persistence_location ${directory}/`, 'max_queued_messages 5000'];
  const broker = await startBroker({ extraLines: kept });
  const port = await freePort();
  const config = join(directory, 'samwire.yaml');
  await writeFile(config, JSON.stringify(configOf(options, { broker, port, clip, directory })));
  const raw = await mqtt.connectAsync(broker.url, { protocolVersion: 5, reconnectPeriod: 500 });
  const ready = untilReady(raw);
  await raw.subscribeAsync(`${BASE}/#`, { qos: 1 });
  const child = startService(config, options);
  const client = connect({ url: broker.url, node: 'soak', clientId: 'soak-robot' });
  const close = async (): Promise<void> => {
    await client.close();
    await raw.endAsync(true);
    await stop(child);
    await broker.close();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await within(START_TIMEOUT_MS, Promise.race([ready, once(child, 'exit').then(unexpectedEnd)]));
  } catch (error) {
    await close();
    throw new Error(
      `${error}; the service logged:\n${readFileSync(options.logPath, 'utf8').slice(-LOG_TAIL)}`,
    );
  }
  return {
    pid: child.pid ?? 0,
    broker,
    httpUrl: `http://127.0.0.1:${port}`,
    client,
    raw,
    tally: new Tally(),
    ended: () =>
      (child.exitCode ?? child.signalCode) === null ? null : `${child.signalCode ?? child.exitCode}`,
    close,
  };
}

interface Places {
  readonly broker: Broker;
  readonly port: number;
  readonly clip: string;
  readonly directory: string;
}

function configOf({ fps, statsIntervalMs }: SiteOptions, { broker, port, clip, directory }: Places): unknown {
  const size = { width: 1920, height: 1080, historyMs: 1500 };
  return {
    version: 1,
    node: { id: 'soak' },
    mqtt: { url: broker.url, baseTopic: 'samwire' },
    cameras: {
      front: { source: 'test://pattern', fps, ...size, detections: { topics: ['frigate/events'] } },
      gate: { source: `file://${clip}?loop=1`, ...size, detections: { track: false } },
    },
    model: { name: 'samwire-tiny', backend: 'onnx', cache: join(directory, 'cache'), threads: 1 },
    outputs: { labels: true, visionMsgs: true, frames: true },
    jobs: { enabled: true },
    stats: { intervalMs: statsIntervalMs },
    http: { port },
    log: { level: 'warn' },
  };
}

function startService(config: string, { preload, logPath }: SiteOptions): ChildProcess {
  const log = openSync(logPath, 'w');
  const before = preload === undefined ? [] : ['--import', preload];
  const main = join(ROOT, 'dist/cli/main.js');
  return spawn(process.execPath, [...before, main, 'run', '--config', config], {
    stdio: ['ignore', log, log],
  });
}

async function untilReady(raw: MqttClient): Promise<void> {
  const waitingFor = new Set([`${BASE}/state`, ...CAMERAS.map((name) => `${BASE}/${name}/state`)]);
  await new Promise<void>((resolve) => {
    const listen = (topic: string, payload: Buffer): void => {
      if (!waitingFor.has(topic)) return;
      if (!['online', 'streaming'].includes(JSON.parse(payload.toString()).state)) return;
      waitingFor.delete(topic);
      if (waitingFor.size > 0) return;
      raw.off('message', listen);
      resolve();
    };
    raw.on('message', listen);
  });
}

function unexpectedEnd([code, signal]: readonly unknown[]): never {
  throw new Error(`The service ended with ${signal ?? code}`);
}

async function within(ms: number, what: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`Expected model and cameras within ${ms} ms`)), ms);
  });
  await Promise.race([what, late]).finally(() => clearTimeout(timer));
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const killer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await exited;
  clearTimeout(killer);
}
