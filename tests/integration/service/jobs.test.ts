import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, type SamwireClient } from '../../../src/client/client.js';
import { masksMessageSchema } from '../../../src/outputs/masks-schema.js';
import { semanticModel } from '../../graphs/semantics.js';
import { encode, testPicture } from '../../segment/picture.js';
import type { Broker } from '../broker.js';
import { broker, client, closeAll, owe, type TestClient, waitFor } from '../mqtt/harness.js';
import {
  configOf,
  directory,
  run,
  type ServiceProcess,
  seen,
  semanticConfig,
  serviceMissing,
} from './harness.js';

const JOBS = 500;
const prompt = { id: 'box', box: [10, 8, 55, 45] as [number, number, number, number] };

/** Two nodes of one group on one Mosquitto, and a watcher that hears every job and every answer. */
let mosquitto: Broker;
let watcher: TestClient;
let asking: SamwireClient;
let image: Buffer;
let configs: Record<string, unknown>[];
const nodes: ServiceProcess[] = [];

const answers = (from = 0) =>
  watcher.received.slice(from).filter(({ topic }) => topic.startsWith('samwire/job/'));
const answeredBy = (from = 0): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { json } of answers(from)) counts[String(json.node)] = (counts[String(json.node)] ?? 0) + 1;
  return counts;
};

async function start(i: number): Promise<void> {
  nodes[i] = await run(configs[i] ?? {}, { endsByItself: true });
}

/** Resolves when the node's connections for jobs stand, as its stats tell. */
async function takesJobs(id: string): Promise<void> {
  const after = watcher.received.length;
  await seen(
    watcher,
    `samwire/${id}/stats`,
    ({ mqtt }) => (mqtt as { jobs: { connections: number } }).jobs.connections === 2,
    after,
  );
}

describe.skipIf(serviceMissing() !== null)('two nodes of a group', () => {
  beforeAll(async () => {
    mosquitto = await broker();
    const model = { ...(await semanticConfig(semanticModel('sam'))), cache: await directory() };
    configs = ['n1', 'n2'].map((id) =>
      configOf(mosquitto.url, { node: { id }, model, jobs: { enabled: true }, log: { level: 'warn' } }),
    );
    image = await encode(testPicture(64, 48), 'jpeg');
    watcher = await client(mosquitto.url);
    asking = connect({ url: mosquitto.url });
    owe(() => asking.close());
    await Promise.all([start(0), start(1)]);
    await Promise.all(['n1', 'n2'].map(takesJobs));
  });
  afterAll(closeAll);

  it(`share ${JOBS} jobs, and answer all of them though one is killed and started again`, async () => {
    const prompts = JSON.stringify([prompt]);
    await Promise.all(
      Array.from({ length: JOBS }, (_, i) =>
        watcher.send('samwire/jobs', image, { properties: { userProperties: { jobId: `j${i}`, prompts } } }),
      ),
    );
    await waitFor(() => (answeredBy().n2 ?? 0) >= 20, 'jobs answered by both');
    await nodes[1]?.stop('SIGKILL');
    const before = answers().length;
    expect(before).toBeLessThan(JOBS);
    await start(1);
    const all = () => new Set(answers().map(({ json }) => json.jobId)).size;
    await waitFor(() => all() === JOBS, `all ${JOBS} jobs answered`);
    for (const { json } of answers()) {
      const { source, jobId, masks } = masksMessageSchema.parse(json);
      expect({ source, ids: masks.map(({ id }) => id) }).toEqual({ source: 'job', ids: ['box'] });
      expect(jobId).toMatch(/^j\d+$/);
    }
    const { n1 = 0, n2 = 0 } = answeredBy();
    console.log(`${n1} by n1, ${n2} by n2, ${n1 + n2 - JOBS} twice, ${before} before the kill`);
    const { json } = await seen(
      watcher,
      'samwire/n1/stats',
      ({ jobs }) => (jobs as { answers: number }).answers >= n1,
    );
    expect(json.framesInUse).toBe(0);
    // Mosquitto deals in turn to the four connections, whether or not somebody is there.
    expect(Math.min(n1, n2)).toBeGreaterThan(JOBS / 4);
  });

  it('have a requester’s retries answered by the other when one never returns', async () => {
    const after = watcher.received.length;
    const sent = Array.from({ length: 40 }, (_, i) =>
      asking.job(image, [prompt], { jobId: `k${i}`, retryMs: 1000, timeoutMs: 60_000 }),
    );
    await nodes[1]?.stop('SIGKILL');
    const nodesOf = (await Promise.all(sent)).map(({ node }) => node);
    const tries = new Map<string, number>();
    for (const { topic, properties } of watcher.received.slice(after)) {
      const jobId = String(properties?.userProperties?.jobId);
      if (topic === 'samwire/jobs') tries.set(jobId, (tries.get(jobId) ?? 0) + 1);
    }
    const most = Math.max(...tries.values());
    const byOther = nodesOf.filter((node) => node === 'n1').length;
    console.log(
      `${byOther} of 40 by n1; ${[...tries.values()].reduce((a, b) => a + b)} sent, ${most} of one at most`,
    );
    expect(tries.size).toBe(40);
    expect(most).toBeGreaterThan(1);
    expect(byOther).toBeGreaterThan(20);
  });
});
