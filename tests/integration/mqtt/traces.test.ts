import { afterEach, describe, expect, it } from 'vitest';
import { brokerMissing } from '../broker.js';
import {
  broker,
  client,
  closeAll,
  JOBS,
  mqttOptions,
  online,
  type Received,
  startNode,
  waitFor,
} from './harness.js';

const NODE = 'samwire/n1';
const box = [1, 2, 30, 40];
const JPEG = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 1, 2, 3]);

/** A context of its own for each message. */
function contextOf(index: number): { traceparent: string; tracestate: string } {
  const hex = (digits: number): string => (index + 1).toString(16).padStart(digits, '0');
  return { traceparent: `00-${hex(32)}-${hex(16)}-01`, tracestate: `vendor=${index}` };
}

interface Asked {
  readonly what: string;
  readonly topic: string;
  readonly payload: unknown;
  /** Where it is answered, besides its response topic. */
  readonly answers: string;
  readonly properties?: Readonly<Record<string, string>>;
  readonly responseTopic?: string;
}

const prompts = JSON.stringify([{ id: 'cup', box }]);
const CASES: readonly Asked[] = [
  { what: 'a prompt', topic: 'front/prompt', payload: { box }, answers: 'front/masks' },
  { what: 'a prompt that is invalid', topic: 'front/prompt', payload: '{', answers: 'front/errors' },
  { what: 'a prompt for nobody', topic: 'nobody/prompt', payload: { box }, answers: 'errors' },
  {
    what: 'a prompt whose response topic is not allowed',
    topic: 'front/prompt',
    payload: { box },
    answers: 'front/errors',
    responseTopic: 'samwire/elsewhere',
  },
  { what: 'a request', topic: 'request/info', payload: {}, answers: 'response/info' },
  {
    what: 'everything',
    topic: 'request/everything',
    payload: { camera: 'front' },
    answers: 'response/everything',
  },
  { what: 'an unknown request', topic: 'request/reload', payload: {}, answers: 'response/reload' },
  { what: 'a request that is no name', topic: 'request/ä', payload: {}, answers: 'errors' },
  { what: 'detections', topic: 'front/detections', payload: [{ id: 'a', box }], answers: 'front/masks' },
  { what: 'broken detections', topic: 'front/detections', payload: '{', answers: 'front/errors' },
  {
    what: 'a job',
    topic: '../jobs',
    payload: JPEG,
    answers: '../job/j1',
    properties: { jobId: 'j1', prompts },
  },
  {
    what: 'a job that is invalid',
    topic: '../jobs',
    payload: JPEG,
    answers: '../job/j2',
    properties: { jobId: 'j2' },
  },
];

const full = (topic: string): string => topic.replace(/^/, `${NODE}/`).replace('n1/../', '');
const traceOf = ({ properties }: Received): Record<string, unknown> => ({ ...properties?.userProperties });

describe.skipIf(brokerMissing() !== null)('a trace context', () => {
  afterEach(closeAll);

  async function setUp(protocol: '5' | '3.1.1' = '5') {
    const { url } = await broker();
    const test = startNode(mqttOptions(url, { protocol }), { jobs: JOBS });
    test.node.startJobs();
    const connected = () => test.logs.filter((line) => line.includes('connected to the broker')).length;
    await waitFor(() => protocol === '3.1.1' || connected() > JOBS.inFlight, 'connections for jobs');
    const sender = await client(url);
    await online(sender);
    return { ...test, sender };
  }

  it('is carried to every answer, on every topic that the answer goes to, and nothing else is', async () => {
    const { sender } = await setUp();
    for (const [i, { what, topic, payload, answers, properties, responseTopic }] of CASES.entries()) {
      const before = sender.received.length;
      const answersSince = (on: string): Received[] =>
        sender.received.slice(before).filter((message) => message.topic === on);
      const context = contextOf(i);
      // Jobs have one answer: on the response topic, or on their own.
      const reply = responseTopic ?? (topic === '../jobs' ? undefined : `samwire/reply/${i}`);
      await sender.send(full(topic), payload, {
        properties: {
          ...(reply === undefined ? {} : { responseTopic: reply }),
          userProperties: { ...properties, ...context, other: 'x'.repeat(1000) },
        },
      });
      const expected = [
        full(answers),
        ...(reply === `samwire/reply/${i}` && !topic.endsWith('ä') ? [reply] : []),
      ];
      for (const on of expected) {
        await waitFor(() => answersSince(on).length > 0, `${what} is answered on ${on}`);
        expect(answersSince(on).map(traceOf), `${what} on ${on}`).toEqual([context]);
      }
    }
  });

  it('of a job goes to its response topic too', async () => {
    const { sender } = await setUp();
    const userProperties = { jobId: 'j3', prompts, ...contextOf(0) };
    await sender.send('samwire/jobs', JPEG, {
      properties: { responseTopic: 'samwire/reply/j', userProperties },
    });
    expect(traceOf(await sender.on('samwire/reply/j'))).toEqual(contextOf(0));
  });

  it('is each repeat’s own, of prompts and of jobs', async () => {
    const { sender, service } = await setUp();
    const repeats: [string, string, unknown, Record<string, string>][] = [
      [`${NODE}/front/prompt`, `${NODE}/front/masks`, { requestId: 'r1', box }, {}],
      ['samwire/jobs', 'samwire/job/j4', JPEG, { jobId: 'j4', prompts }],
    ];
    for (const [topic, answers, payload, properties] of repeats) {
      const answered = () => sender.received.filter((message) => message.topic === answers);
      for (const [i, context] of [contextOf(1), contextOf(2), {}].entries()) {
        await sender.send(topic, payload, {
          properties: { userProperties: { ...properties, ...context, other: 'x' } },
        });
        await waitFor(() => answered().length === i + 1, `answer ${i} on ${answers}`);
      }
      expect(answered().map(traceOf)).toEqual([contextOf(1), contextOf(2), {}]);
    }
    expect([service.calls.length, service.jobs.length]).toEqual([1, 1]);
  });

  it('that is malformed is not carried', async () => {
    const { sender } = await setUp();
    const { traceparent } = contextOf(3);
    const malformed = [
      { traceparent: traceparent.replace(/^00/, 'ff') },
      { traceparent: 'x'.repeat(60_000) },
      { tracestate: 'a=1' },
      { traceparent: [traceparent, traceparent] },
    ];
    for (const userProperties of malformed)
      await sender.send(`${NODE}/front/prompt`, { box }, { properties: { userProperties } });
    const userProperties = { traceparent, tracestate: `a=${'x'.repeat(600)}` };
    await sender.send(`${NODE}/front/prompt`, { box }, { properties: { userProperties } });
    const answers = () => sender.received.filter(({ topic }) => topic === `${NODE}/front/masks`);
    await waitFor(() => answers().length === malformed.length + 1, 'answers');
    expect(answers().map(traceOf)).toEqual([...malformed.map(() => ({})), { traceparent }]);
  });

  it('costs nothing where the node speaks 3.1.1, which has no properties', async () => {
    const { sender } = await setUp('3.1.1');
    await sender.send(`${NODE}/front/prompt`, { box }, { properties: { userProperties: contextOf(4) } });
    expect(traceOf(await sender.on(`${NODE}/front/masks`))).toEqual({});
  });
});
