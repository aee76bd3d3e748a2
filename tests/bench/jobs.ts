import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { type Broker, startBroker } from '../integration/broker.js';
import { distribution } from './measure.js';
import { ROOT } from './models.js';
import { type Limit, table } from './report.js';

const dist = <T>(file: string): Promise<T> => import(join(ROOT, 'dist', file)) as Promise<T>;
const { connect } = await dist<typeof import('../../src/client/client.js')>('client/client.js');

const START_TIMEOUT_MS = 120_000;
/** Of the self-test: 1280 × 720. */
const PICTURE = join(ROOT, 'assets/self-test/table.jpg');
const PROMPTS = [{ id: 'apple', box: [585, 370, 792, 589] as [number, number, number, number] }];

interface Fleet {
  readonly nodes: number;
  readonly inFlight: number;
  /** `model.threads` of each node. */
  readonly threads: number;
}

/** On two cores: one node that has both, with more and more jobs at a time, and two nodes with one each. */
const FLEETS: readonly Fleet[] = [
  { nodes: 1, inFlight: 1, threads: 2 },
  { nodes: 1, inFlight: 2, threads: 2 },
  { nodes: 1, inFlight: 4, threads: 2 },
  { nodes: 1, inFlight: 2, threads: 1 },
  { nodes: 2, inFlight: 2, threads: 1 },
];

interface Measured extends Fleet {
  readonly jobs: number;
  readonly jobsPerSecond: number;
  /** Medians: what the model took for a job, and what the job waited in its node, its decoding included. */
  readonly modelMs: number;
  readonly queueMs: number;
  /** Of all nodes: what a job costs, however busy the machine is otherwise. */
  readonly cpuMs: number;
  readonly perNode: Readonly<Record<string, number>>;
}

/** How many jobs of one prompt a second a fleet of samwire-tiny on the onnx backend answers. */
export async function jobs(quick: boolean): Promise<{ limits: Limit[]; results: unknown }> {
  const picture = await readFile(PICTURE);
  const results: Measured[] = [];
  for (const fleet of FLEETS) results.push(await measure(fleet, picture, quick ? 20 : 100));
  console.log(
    `\njobs: a JPEG of 1280 × 720 (${picture.length} bytes), one box, samwire-tiny, Mosquitto on loopback\n`,
  );
  console.log(
    table(
      results.map(({ nodes, inFlight, threads, jobsPerSecond, modelMs, queueMs, cpuMs, perNode }) => ({
        nodes,
        inFlight,
        threads,
        'jobs/s': jobsPerSecond,
        'model ms': modelMs,
        'queue ms': queueMs,
        'CPU ms a job': cpuMs,
        'by node': Object.values(perNode).join(' + '),
      })),
    ),
  );
  return { limits: [], results };
}

async function measure(fleet: Fleet, picture: Buffer, count: number): Promise<Measured> {
  const dir = await mkdtemp(join(tmpdir(), 'samwire-bench-'));
  const broker = await startBroker();
  const children = await Promise.all(
    Array.from({ length: fleet.nodes }, (_, i) => startNode(dir, `node-${i + 1}`, fleet, broker)),
  );
  const connections = fleet.nodes * fleet.inFlight;
  // Twice as many as can be at work: a job waits at the broker for each connection.
  const client = connect({ url: broker.url, jobsAtOnce: 2 * connections });
  try {
    await Promise.all(children.map((_, i) => taking(broker, `node-${i + 1}`, fleet.inFlight)));
    const all = (jobCount: number) =>
      Promise.all(Array.from({ length: jobCount }, () => client.job(picture, PROMPTS)));
    await all(2 * connections);
    const cpuBefore = cpuMsOf(children);
    const startedAt = performance.now();
    const answers = await all(count);
    const seconds = (performance.now() - startedAt) / 1000;
    const cpuMs = (cpuMsOf(children) - cpuBefore) / count;
    const perNode: Record<string, number> = {};
    for (const { node = '' } of answers) perNode[node] = (perNode[node] ?? 0) + 1;
    const median = (of: (timing: Timing) => number): number =>
      distribution(answers.map(({ timing }) => of(timing))).median;
    return {
      ...fleet,
      jobs: count,
      jobsPerSecond: count / seconds,
      modelMs: median(
        ({ prepareMs, encodeMs, decodeMs, maskMs }) => prepareMs + encodeMs + decodeMs + maskMs,
      ),
      queueMs: median(({ queueMs }) => queueMs),
      cpuMs,
      perNode,
    };
  } finally {
    await client.close();
    await Promise.all(children.map(stop));
    await broker.close();
    await rm(dir, { recursive: true, force: true });
  }
}

interface Timing {
  readonly queueMs: number;
  readonly prepareMs: number;
  readonly encodeMs: number;
  readonly decodeMs: number;
  readonly maskMs: number;
}

async function startNode(
  dir: string,
  id: string,
  { inFlight, threads }: Fleet,
  { url }: Broker,
): Promise<ChildProcess> {
  const config = join(dir, `${id}.yaml`);
  const settings = {
    version: 1,
    node: { id },
    mqtt: { url },
    model: { name: 'samwire-tiny', backend: 'onnx', threads, cache: dir },
    jobs: { enabled: true, inFlight },
    stats: { intervalMs: 200 },
    log: { level: 'error' },
  };
  await writeFile(config, JSON.stringify(settings));
  const main = join(ROOT, 'dist', 'cli', 'main.js');
  return spawn(process.execPath, [main, 'run', '--config', config], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

/** Processor time so far; the kernel counts in ticks of 10 ms. */
function cpuMsOf(children: readonly ChildProcess[]): number {
  return children.reduce((sum, { pid }) => {
    // The name of the program, in brackets, may hold spaces.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return sum + 10 * (Number(fields[11]) + Number(fields[12]));
  }, 0);
}

/** Resolves when the node's connections for jobs stand. */
async function taking({ url }: Broker, id: string, inFlight: number): Promise<void> {
  const client = await mqtt.connectAsync(url, { protocolVersion: 5 });
  let timer: NodeJS.Timeout | undefined;
  try {
    const taken = new Promise<void>((resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`Expected ${id} to take jobs`)), START_TIMEOUT_MS);
      client.on('message', (_topic, payload) => {
        const { mqtt: link } = JSON.parse(payload.toString());
        if (link?.jobs?.connections === inFlight) resolve();
      });
    });
    await client.subscribeAsync(`samwire/${id}/stats`);
    await taken;
  } finally {
    clearTimeout(timer);
    await client.endAsync(true);
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const killer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await exited;
  clearTimeout(killer);
}
