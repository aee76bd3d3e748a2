import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { SamwireError } from '../../../src/errors.js';
import type { MasksMessage } from '../../../src/masks/types.js';
import type { MqttNodeOptions } from '../../../src/mqtt/node-options.js';
import { type JobCall, masksMessage, TestService } from '../../mqtt/service.js';
import { brokerMissing } from '../broker.js';
import {
  broker,
  client,
  closeAll,
  JOBS,
  mqttOptions,
  owe,
  startNode,
  type TestClient,
  waitFor,
} from './harness.js';

const JPEG = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 1, 2, 3]);
const PROMPTS = '[{"id":"cup","box":[1,2,30,40]}]';

/** A job as a picture with user properties. */
function send(to: TestClient, jobId: string, properties: Record<string, unknown> = {}): Promise<void> {
  const userProperties = { jobId, prompts: PROMPTS };
  return to.send('samwire/jobs', JPEG, { properties: { userProperties, ...properties } });
}

/** A node that takes jobs, as soon as its connections stand. */
async function jobNode(
  url: string,
  service = new TestService(),
  jobs: NonNullable<MqttNodeOptions['jobs']> = JOBS,
) {
  const test = startNode(mqttOptions(url), { service, jobs });
  test.node.startJobs();
  const subscribed = () => test.logs.filter((line) => line.includes('connected to the broker')).length;
  await waitFor(() => subscribed() > jobs.inFlight, 'connections for jobs');
  return test;
}

/** `mqtt.jobs` of the node's last stats. */
function jobStats({ received }: TestClient): Record<string, number> {
  const stats = received.findLast(({ topic }) => topic === 'samwire/n1/stats')?.json as
    | { readonly mqtt?: { readonly jobs?: Record<string, number> } }
    | undefined;
  return stats?.mqtt?.jobs ?? {};
}

/** A service whose jobs are answered when the test says so. */
class HeldService extends TestService {
  readonly #held: (() => void)[] = [];
  override onJob = ({ message }: JobCall): Promise<MasksMessage> =>
    new Promise((resolve) => {
      this.#held.push(() => resolve({ ...masksMessage('', message.prompt), source: 'job', camera: null }));
    });

  release(): void {
    for (const go of this.#held.splice(0)) go();
  }
}

const acknowledged = (log: string, clientId: string): number =>
  log.split('\n').filter((line) => line.includes(`Received PUBACK from ${clientId}`)).length;

describe.skipIf(brokerMissing() !== null)('a job', () => {
  afterEach(closeAll);

  it('is answered on its own topic, or where it says, with its id and the node', async () => {
    const { url } = await broker();
    const watcher = await client(url);
    const { service } = await jobNode(url);
    await send(watcher, 'j1');
    const { json } = await watcher.on('samwire/job/j1');
    expect(json).toMatchObject({
      jobId: 'j1',
      node: 'n1',
      source: 'job',
      camera: null,
      masks: [{ id: 'cup' }],
    });
    expect(Buffer.from(service.jobs[0]?.message.image ?? [])).toEqual(JPEG);
    await send(watcher, 'j2', { responseTopic: 'samwire/reply/me', correlationData: Buffer.from('c') });
    const reply = await watcher.on('samwire/reply/me');
    expect(reply.json).toMatchObject({ jobId: 'j2' });
    expect(reply.properties?.correlationData?.toString()).toBe('c');
    expect(watcher.received.some(({ topic }) => topic === 'samwire/job/j2')).toBe(false);
  });

  it('may be JSON, also from a client of MQTT 3.1.1', async () => {
    const { url } = await broker();
    const old = await client(url, { protocolVersion: 4 });
    const { service } = await jobNode(url);
    const prompts = JSON.parse(PROMPTS) as unknown;
    await old.send('samwire/jobs', { jobId: 'j1', image: JPEG.toString('base64'), prompts, encodings: [] });
    expect((await old.on('samwire/job/j1')).json).toMatchObject({ jobId: 'j1', masks: [{ id: 'cup' }] });
    expect(service.jobs[0]?.message.prompt.encodings).toEqual([]);
  });

  it('that is wrong is answered with an error where its sender listens, and does not come again', async () => {
    const { url } = await broker();
    const watcher = await client(url);
    const { service } = await jobNode(url);
    await send(watcher, 'bad', { userProperties: { jobId: 'bad', prompts: '[{"box":[1,2]}]' } });
    expect((await watcher.on('samwire/job/bad')).json).toMatchObject({
      jobId: 'bad',
      code: 'invalid_message',
    });
    await send(watcher, 'far', { responseTopic: 'not/allowed' });
    expect((await watcher.on('samwire/job/far')).json).toMatchObject({
      jobId: 'far',
      code: 'invalid_message',
    });
    await send(watcher, 'x', { userProperties: { prompts: PROMPTS } });
    expect((await watcher.on('samwire/n1/errors')).json).toMatchObject({ code: 'invalid_message' });
    await watcher.send('samwire/jobs', 'no job', { properties: { userProperties: { jobId: 'text' } } });
    expect((await watcher.on('samwire/job/text')).json).toMatchObject({ code: 'invalid_image' });
    await watcher.send('samwire/jobs', Buffer.alloc(600_000, JPEG), {
      properties: { userProperties: { jobId: 'big' } },
    });
    expect((await watcher.on('samwire/job/big')).json).toMatchObject({ code: 'too_large' });
    expect(service.jobs).toHaveLength(0);
    await waitFor(() => jobStats(watcher).failed === 5, 'the stats');
    expect(jobStats(watcher)).toMatchObject({ connections: 2, taken: 5, answered: 0, returned: 0 });
  });

  it('that comes again is answered again and not run again', async () => {
    const { url } = await broker();
    const watcher = await client(url);
    const { service } = await jobNode(url);
    for (const _ of [1, 2, 3]) await send(watcher, 'same');
    const answers = () => watcher.received.filter(({ topic }) => topic === 'samwire/job/same');
    await waitFor(() => answers().length === 3, 'three answers');
    expect(new Set(answers().map(({ payload }) => payload.toString())).size).toBe(1);
    expect(service.jobs).toHaveLength(1);
  });

  it('is acknowledged when its answer is out, and not before', async () => {
    const mosquitto = await broker();
    const { url } = mosquitto;
    const watcher = await client(url);
    const service = new HeldService();
    await jobNode(url, service);
    for (const id of ['a', 'b', 'c', 'd']) await send(watcher, id);
    await waitFor(() => service.jobs.length === 2, 'a job on each connection');
    const acks = () =>
      [1, 2].reduce((sum, i) => sum + acknowledged(mosquitto.log(), `samwire.job-${i}-n1`), 0);
    expect(acks()).toBe(0);
    service.release();
    await waitFor(() => service.jobs.length === 4, 'the next two');
    expect(acks()).toBe(2);
    service.release();
    await waitFor(() => acks() === 4, 'all acknowledged');
  });

  it('that ends the process again and again is answered in the end, and others meanwhile', async () => {
    const { url } = await broker();
    const watcher = await client(url);
    const dir = await mkdtemp(join(tmpdir(), 'samwire-jobs-'));
    owe(() => rm(dir, { recursive: true, force: true }));
    const jobs = { ...JOBS, inFlight: 1, begunPath: join(dir, 'cache', 'jobs.json') };
    for (let ends = 0; ends < 3; ends += 1) {
      const service = new HeldService();
      const { node } = await jobNode(url, service, jobs);
      if (ends === 0) await send(watcher, 'deadly');
      await waitFor(() => service.jobs.length === 1, 'the job at work');
      // As in a crash: the job never ends, and what was written down stays.
      await node.close({ timeoutMs: 100 });
    }
    const { service } = await jobNode(url, new TestService(), jobs);
    expect((await watcher.on('samwire/job/deadly')).json).toMatchObject({ code: 'model_failed' });
    expect(service.jobs).toHaveLength(0);
    await send(watcher, 'after');
    await watcher.on('samwire/job/after');
    expect(await readFile(jobs.begunPath, 'utf8')).toBe('{}');
  });

  it('that is at work when the connection ends comes again and shares the run', async () => {
    const mosquitto = await broker({ persistence: true });
    const watcher = await client(mosquitto.url);
    const service = new HeldService();
    await jobNode(mosquitto.url, service);
    await send(watcher, 'cut');
    await waitFor(() => service.jobs.length === 1, 'the job at work');
    await mosquitto.stop();
    await mosquitto.start();
    const again = await client(mosquitto.url);
    await waitFor(() => jobStats(again).repeats === 1, 'the job delivered again');
    service.release();
    await again.on('samwire/job/cut');
    expect(service.jobs).toHaveLength(1);
  });
});

describe.skipIf(brokerMissing() !== null)('a node that takes jobs', () => {
  afterEach(closeAll);

  it('takes none before it is told to', async () => {
    const mosquitto = await broker();
    startNode(mqttOptions(mosquitto.url), { jobs: JOBS });
    const watcher = await client(mosquitto.url);
    await watcher.next(({ topic }) => topic === 'samwire/n1/stats');
    expect(mosquitto.log()).not.toContain('samwire.job-1-n1');
  });

  it('finishes what is at work when it stops, and leaves the rest to the broker', async () => {
    const { url } = await broker();
    const watcher = await client(url);
    const service = new HeldService();
    const first = await jobNode(url, service);
    for (const id of ['a', 'b', 'c', 'd']) await send(watcher, id);
    await waitFor(() => service.jobs.length === 2, 'a job on each connection');
    const closed = first.node.close();
    service.release();
    await closed;
    expect(watcher.received.filter(({ topic }) => topic.startsWith('samwire/job/'))).toHaveLength(2);
    const second = await jobNode(url);
    for (const id of ['a', 'b', 'c', 'd']) await watcher.on(`samwire/job/${id}`);
    expect(second.service.jobs).toHaveLength(2);
  });

  it('leaves what it can’t finish in time unanswered', async () => {
    const { url } = await broker();
    const watcher = await client(url);
    const service = new TestService();
    let refuse = (_error: Error): void => {};
    service.onJob = () => new Promise((_resolve, reject) => (refuse = reject));
    const first = await jobNode(url, service);
    await send(watcher, 'long');
    await waitFor(() => service.jobs.length === 1, 'the job at work');
    const closed = first.node.close();
    refuse(new SamwireError('overloaded', 'The node is stopping; send the request again later.'));
    await closed;
    await jobNode(url);
    await watcher.on('samwire/job/long');
    expect(watcher.received.filter(({ topic }) => topic === 'samwire/job/long')).toHaveLength(1);
  });
});
