/** The real service, as a process of its own on a real broker, and what a test says to it. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import type { z } from 'zod';
import type { MaskItem } from '../../../src/masks/types.js';
import { PACKAGE_ROOT } from '../../../src/native/addon.js';
import {
  type ErrorMessage,
  errorMessageSchema,
  masksMessageSchema,
} from '../../../src/outputs/masks-schema.js';
import { faultOf } from '../../asyncapi/published.js';
import { writeSemanticModel } from '../../graphs/model-dir.js';
import type { SemanticModel } from '../../graphs/semantics.js';
import { doublePackage, NO_DOUBLE } from '../../native/double-package.js';
import { encode, type Picture } from '../../segment/picture.js';
import { brokerMissing } from '../broker.js';
import { owe, type Received, type TestClient, waitFor } from '../mqtt/harness.js';

export const MAIN = join(PACKAGE_ROOT, 'dist/cli/main.js');

/** `tensorrt` is the whole backend on the doubles of CUDA and TensorRT. */
export type Backend = 'onnx' | 'tensorrt';

if (NO_DOUBLE) console.warn(`Services on the tensorrt backend are not tested: ${NO_DOUBLE}`);

/** Why a service with this backend can't be tested here, or null. */
export function serviceMissing(backend: Backend = 'onnx'): string | null {
  return brokerMissing() ?? (backend === 'tensorrt' ? (NO_DOUBLE ?? null) : null);
}
export const BASE = 'samwire/n1';

export type Masks = z.infer<typeof masksMessageSchema>;

/** A directory that goes away with the test. */
export async function directory(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'samwire-service-'));
  owe(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** A camera that shows exactly this picture, for ever. */
export async function stillCamera(picture: Picture, fps = 10): Promise<{ source: string }> {
  const path = join(await directory(), 'still.png');
  await writeFile(path, await encode(picture));
  const frames = `pngdec ! imagefreeze is-live=true ! videoconvert ! video/x-raw,format=RGB,framerate=${fps}/1`;
  return { source: `gst://filesrc location=${path} ! ${frames}` };
}

/** The `model` block of a config that serves a semantic model; its engines are built when the service starts. */
export async function semanticConfig(
  model: SemanticModel,
  backend: Backend = 'onnx',
): Promise<Record<string, unknown>> {
  const dir = await directory();
  writeSemanticModel(dir, model);
  const name = `${model.family}-semantic`;
  const config = { name, backend, paths: [dir], threads: 1 };
  return backend === 'onnx' ? config : { ...config, cache: join(dir, 'cache'), maxPrompts: 8 };
}

export function configOf(url: string, parts: Record<string, unknown>): Record<string, unknown> {
  return {
    version: 1,
    node: { id: 'n1' },
    mqtt: { url },
    log: { level: 'debug' },
    http: { enabled: false },
    stats: { intervalMs: 250 },
    ...parts,
  };
}

export interface ServiceProcess {
  readonly child: ChildProcess;
  readonly log: () => string;
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
  /** Sends the signal; resolves with the exit code and how long it took. */
  stop(signal?: NodeJS.Signals): Promise<{ readonly code: unknown; readonly ms: number }>;
}

export interface RunOptions {
  /** No stop is expected, and none is loud. */
  readonly endsByItself?: boolean;
  /** The package whose command is run; this one when left out. */
  readonly main?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** A program that runs the service in its own place, with its arguments: `prlimit`, `ip netns exec`. */
  readonly within?: readonly string[];
}

/** The command of a package whose addon runs on the doubles; goes away with the test. */
export function doubleMain(): string {
  const root = doublePackage({ keep: true });
  owe(() => rm(root, { recursive: true, force: true }));
  return join(root, 'dist/cli/main.js');
}

/** `samwire run` with this config; killed at the end of the test where it still runs. */
export async function run(
  config: Record<string, unknown>,
  options: RunOptions = {},
): Promise<ServiceProcess> {
  const path = join(await directory(), 'samwire.yaml');
  await writeFile(path, JSON.stringify(config));
  return runFile(path, options);
}

/** As {@link run}, with the config's file at hand. */
export async function runFile(
  path: string,
  { endsByItself = false, main = MAIN, env = {}, within = [] }: RunOptions = {},
): Promise<ServiceProcess> {
  const [program = process.execPath, ...words] = [...within, process.execPath, main, 'run', '--config', path];
  const child = spawn(program, words, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      log = (log + chunk.toString()).slice(-50_000);
    });
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) =>
    child.once('close', (code, signal) => resolve(code ?? signal)),
  );
  let stopping = endsByItself;
  void ended.then((code) => {
    if (!stopping) process.stderr.write(`The service ended by itself with ${code}; it logged:\n${log}\n`);
  });
  owe(async () => {
    stopping = true;
    child.kill('SIGKILL');
    await ended;
  });
  return {
    child,
    log: () => log,
    ended,
    async stop(signal = 'SIGTERM') {
      stopping = true;
      const startedAt = performance.now();
      child.kill(signal);
      const code = await ended;
      return { code, ms: performance.now() - startedAt };
    },
  };
}

/** `samwire run` on a backend; engines are built before. */
export async function serve(backend: Backend, config: Record<string, unknown>): Promise<ServiceProcess> {
  if (backend === 'onnx') return run(config);
  const main = doubleMain();
  await buildEngines(main, config);
  return run(config, { main });
}

/** `samwire models build` of the config's model. */
export async function buildEngines(main: string, config: Record<string, unknown>): Promise<void> {
  const path = join(await directory(), 'samwire.yaml');
  await writeFile(path, JSON.stringify(config));
  const { name } = config.model as { readonly name: string };
  await promisify(execFile)(process.execPath, [main, 'models', 'build', name, '--config', path]);
}

/** The newest message on a topic that fits, now or later; `after` skips what had been received before. */
export async function seen(
  client: TestClient,
  topic: string,
  fits: (json: Record<string, unknown>) => boolean,
  after = 0,
): Promise<Received> {
  const found = (): Received | undefined =>
    client.received.slice(after).findLast((message) => message.topic === topic && fits(message.json));
  await waitFor(
    () => found() !== undefined,
    `a fitting message on ${topic}; got ${JSON.stringify(
      client.received
        .filter((message) => message.topic === topic)
        .slice(-3)
        .map(({ json }) => json),
    )}`,
  );
  return found() as Received;
}

/** The test fails in the end where a node has published what its schema does not know. */
function checkPublished({ client, received }: TestClient): void {
  if (checked.has(client)) return;
  checked.add(client);
  const faults = new Set<string>();
  const check = (topic: string, payload: Buffer): void => {
    const fault = faultOf(topic, payload);
    if (fault !== null) faults.add(fault);
  };
  for (const { topic, payload } of received) check(topic, payload);
  client.on('message', check);
  owe(async () => expect([...faults].slice(0, 3)).toEqual([]));
}

const checked = new WeakSet<TestClient['client']>();

/** Resolves when the model is loaded and these cameras stream; from then on all that the node publishes is checked. */
export async function ready(client: TestClient, ...cameras: string[]): Promise<void> {
  checkPublished(client);
  await seen(client, `${BASE}/state`, ({ state }) => state === 'online');
  for (const camera of cameras)
    await seen(client, `${BASE}/${camera}/state`, ({ state }) => state === 'streaming');
}

let requests = 0;

/** Sends a prompt message and returns its requestId. */
export async function send(client: TestClient, camera: string, message: object): Promise<string> {
  const requestId = `r${++requests}`;
  await client.send(
    `${BASE}/${camera}/prompt`,
    { requestId, maxAgeMs: 30_000, ...message },
    { properties: { responseTopic: `samwire/reply/${requestId}` } },
  );
  return requestId;
}

/** The answer to a request by its response topic, held against the schema of what Samwire publishes. */
export async function answerTo(client: TestClient, requestId: string): Promise<Masks | ErrorMessage> {
  const { json } = await client.on(`samwire/reply/${requestId}`);
  expect(json.requestId).toBe(requestId);
  return 'masks' in json ? masksMessageSchema.parse(json) : errorMessageSchema.parse(json);
}

/** The masks message that answers a prompt message. */
export async function ask(client: TestClient, camera: string, message: object): Promise<Masks> {
  const answer = await answerTo(client, await send(client, camera, message));
  if (!('masks' in answer)) throw new Error(`Expected masks, got ${answer.code}: ${answer.message}`);
  return answer;
}

/** The error that answers a prompt message. */
export async function askInVain(client: TestClient, camera: string, message: object): Promise<ErrorMessage> {
  const answer = await answerTo(client, await send(client, camera, message));
  if (!('code' in answer)) throw new Error('Expected an error, got masks');
  return answer;
}

export function itemOf({ masks }: Masks, id: string): MaskItem {
  const item = masks.find((mask) => mask.id === id);
  if (!item || 'error' in item) throw new Error(`Expected a mask ${id}, got ${JSON.stringify(item)}`);
  return item;
}
