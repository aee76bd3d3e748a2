/** A detector on the network, the real model and a real camera: it names the frame that it saw, by seq or by time. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { errorMessageSchema, masksMessageSchema } from '../../../src/outputs/masks-schema.js';
import { broker, client, closeAll, type Received, type TestClient, waitFor } from '../mqtt/harness.js';
import { ask, BASE, configOf, itemOf, type Masks, ready, run, seen, serviceMissing } from './harness.js';

/** The second bar of the test pattern, where the camera's picture is 320 × 240. */
const BAR = [46, 0, 91, 160] as const;
const missing = serviceMissing();
if (missing) console.warn(`Detections are not tested on a service: ${missing}`);

describe.skipIf(missing)('a service that a detector sends its boxes to', () => {
  let detector: TestClient;

  beforeAll(async () => {
    const { url } = await broker();
    detector = await client(url);
    await detector.client.subscribeAsync('frigate/#');
    const camera = { source: 'test://pattern', width: 320, height: 240, fps: 5, historyMs: 10_000 };
    const detections = { topics: ['frigate/events'], frameSize: [320, 240], track: false };
    await run(
      configOf(url, {
        cameras: {
          front: { ...camera, detections },
          gate: { ...camera, clockOffsetMs: 86_000, detections: { ...detections, clockOffsetMs: -3000 } },
        },
        model: { threads: 1 },
        pipeline: { maxAgeMs: 30_000 },
        outputs: { frames: true, streamQos: 1, encodings: ['rle'] },
      }),
    );
    await ready(detector, 'front', 'gate');
  });
  afterAll(closeAll);

  interface FrameName {
    readonly seq: number;
    readonly timestamp: number;
  }

  /** What the camera says that it sees now. */
  async function newestFrame(camera: string): Promise<FrameName> {
    const after = detector.received.length;
    const { json } = await seen(detector, `${BASE}/${camera}/frame`, () => true, after);
    expect(json).toMatchObject({ seq: expect.any(Number), width: 320, height: 240 });
    return json as unknown as FrameName;
  }

  /** The masks or error that come on the camera's topics after this message. */
  async function answerTo(camera: string, topic: string, payload: unknown): Promise<Received> {
    const after = detector.received.length;
    await detector.send(topic, payload);
    const isAnswer = ({ topic }: Received): boolean =>
      [`${BASE}/${camera}/masks`, `${BASE}/${camera}/errors`].includes(topic);
    await waitFor(() => detector.received.slice(after).some(isAnswer), `an answer to ${topic}`);
    return detector.received.slice(after).find(isAnswer) as Received;
  }

  async function detect(
    camera: string,
    payload: unknown,
    topic = `${BASE}/${camera}/detections`,
  ): Promise<Masks> {
    return masksMessageSchema.parse((await answerTo(camera, topic, payload)).json);
  }

  it('answers with masks on the frame that the detector names by its seq', async () => {
    const { seq, timestamp } = await newestFrame('front');
    // The detector takes its time.
    await newestFrame('front');
    const answer = await detect('front', {
      frame: { seq },
      detections: [
        { id: 'no', box: [0, 0, 40, 40], label: 'bar', score: 0.1 },
        { id: 'b/1', box: BAR, label: 'bar', score: 0.75 },
        { box: [138, 0, 183, 160], label: 'other' },
        { id: 'out', box: [400, 0, 500, 100], score: 0.9 },
      ],
    });
    expect(answer).toMatchObject({
      source: 'detections',
      camera: 'front',
      frame: { seq, timestamp, skewMs: 0 },
    });
    expect(answer.masks.map(({ id }) => id)).toEqual(['2', 'out', 'b-1']);
    expect(itemOf(answer, 'b-1')).toMatchObject({ label: 'bar', confidence: 0.75, box: [45, 0, 92, 160] });
    expect(itemOf(answer, '2')).not.toHaveProperty('confidence');
    expect(answer.masks[1]).toMatchObject({ error: { code: 'invalid_message' } });
  });

  it('decodes for detections on a frame that a prompt has had encoded, and the other way round', async () => {
    const { seq } = await newestFrame('front');
    const first = await ask(detector, 'front', { frame: { seq }, box: BAR });
    const again = await ask(detector, 'front', { frame: { seq }, box: BAR });
    const detected = await detect('front', { frame: { seq }, detections: [{ box: BAR }] });
    const reused = [first, again, detected].map(({ timing }) => timing.embeddingReused);
    expect(reused).toEqual([false, true, true]);
    expect(detected.timing).toMatchObject({ prepareMs: 0, encodeMs: 0 });
    const { seq: next } = await newestFrame('front');
    await detect('front', { frame: { seq: next }, detections: [{ box: BAR }] });
    const prompted = await ask(detector, 'front', { frame: { seq: next }, box: BAR });
    expect(prompted.timing.embeddingReused).toBe(true);
  });

  const ros = (timestamp: number) => ({
    header: { stamp: { sec: Math.floor(timestamp / 1000), nanosec: Math.round((timestamp % 1000) * 1e6) } },
    detections: [
      { bbox: { center: { position: { x: 68.5, y: 80 } }, size_x: 45, size_y: 160 }, results: [] },
    ],
  });

  it('finds the frame by a ROS stamp, and says the skew', async () => {
    const { seq, timestamp } = await newestFrame('front');
    const { frame } = await detect('front', ros(timestamp + 30));
    expect(frame.seq).toBe(seq);
    expect(frame.skewMs).toBeCloseTo(-30, 2);
  });

  it('tells a detector whose clock is off by how much, and never sends another frame', async () => {
    const { timestamp } = await newestFrame('front');
    const { json } = await answerTo('front', `${BASE}/front/detections`, ros(timestamp + 5000));
    const { code, message } = errorMessageSchema.parse(json);
    expect(code).toBe('frame_evicted');
    expect(message).toMatch(
      /ms after the newest frame .* cameras\.front\.detections\.clockOffsetMs to -(4|5)\d{3}\./,
    );
  });

  it('has clocks mended by the config: the camera’s, and its detector’s', async () => {
    const { seq, timestamp } = await newestFrame('gate');
    expect(timestamp - Date.now()).toBeGreaterThan(80_000);
    const { frame } = await detect('gate', ros(timestamp + 3000));
    expect(frame).toMatchObject({ seq, timestamp });
    expect(Math.abs(frame.skewMs)).toBeLessThan(0.01);
  });

  it('takes Frigate’s events from its own topic, each for the camera that it names', async () => {
    const [front, gate] = [await newestFrame('front'), await newestFrame('gate')];
    const after = detector.received.length;
    const event = (camera: string, { timestamp }: FrameName, ahead = 0) => ({
      type: 'new',
      before: null,
      after: {
        id: `${camera}-1`,
        camera,
        frame_time: (timestamp + ahead) / 1000,
        score: 0.8,
        label: 'cat',
        box: BAR,
      },
    });
    await detector.send('frigate/events', event('elsewhere', front));
    await detector.send('frigate/events', { ...event('front', front), type: 'end' });
    const ofFront = await detect('front', event('front', front), 'frigate/events');
    const ofGate = await detect('gate', event('gate', gate, 3000), 'frigate/events');
    expect([ofFront.frame.seq, ofGate.frame.seq]).toEqual([front.seq, gate.seq]);
    expect(itemOf(ofFront, 'front-1')).toMatchObject({ label: 'cat', confidence: 0.8 });
    const masks = detector.received.slice(after).filter(({ topic }) => topic.endsWith('/masks'));
    expect(masks.map(({ topic }) => topic)).toEqual([`${BASE}/front/masks`, `${BASE}/gate/masks`]);
    await seen(
      detector,
      `${BASE}/stats`,
      ({ mqtt }) => (mqtt as { detectionsIgnored: number }).detectionsIgnored >= 4,
    );
  });

  it('answers without boxes with no masks, so that all know that the frame was looked at', async () => {
    const { seq } = await newestFrame('front');
    const answer = await detect('front', { frame: { seq }, detections: [] });
    expect(answer).toMatchObject({ frame: { seq }, masks: [] });
  });

  it('takes the newest frame where the payload names none', async () => {
    const { seq } = await newestFrame('front');
    const answer = await detect('front', [{ box: BAR }]);
    expect(answer.frame.seq).toBeGreaterThanOrEqual(seq);
    expect(answer.frame.seq).toBeLessThan(seq + 10);
    const evicted = await answerTo('front', `${BASE}/front/detections`, {
      requestId: 'evicted',
      frame: { seq: 1e9 },
      detections: [],
    });
    expect(evicted.json).toMatchObject({ requestId: 'evicted', code: 'frame_evicted' });
  });

  it('counts what it did', async () => {
    const { json } = await seen(detector, `${BASE}/stats`, ({ detections }) => {
      const { answers } = detections as { readonly answers: number };
      return answers >= 9;
    });
    expect(json.detections).toMatchObject({ belowScore: 1, refused: 0, superseded: 0 });
  });
});
