import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { masksMessageSchema } from '../../../src/outputs/masks-schema.js';
import { samwire } from '../../cli/samwire.js';
import { broker, client, closeAll, type TestClient, waitFor } from '../mqtt/harness.js';
import {
  ask,
  BASE,
  configOf,
  itemOf,
  type Masks,
  ready,
  run,
  type ServiceProcess,
  seen,
  send,
  serviceMissing,
} from './harness.js';
import { boxIou, movingCamera, truth } from './moving-camera.js';

const MASKS = `${BASE}/front/masks`;
const FRAMES = `${BASE}/front/frame`;
const missing = serviceMissing();
if (missing) console.warn(`Tracks are not tested: ${missing}`);

/** Slow enough that a loaded machine's model sees nearly all of them. */
const FPS = 3;
const TOLD = 10;

describe.skipIf(missing !== null)('tracks of the running service', () => {
  let watcher: TestClient;
  let service: ServiceProcess;
  let url: string;

  beforeAll(async () => {
    ({ url } = await broker());
    watcher = await client(url);
    const camera = await movingCamera(FPS);
    service = await run(
      configOf(url, {
        cameras: { front: { ...camera, historyMs: 5000 } },
        pipeline: { maxAgeMs: 30_000 },
        tracks: { maxPerCamera: 2, lostMs: 5000 },
        outputs: { encodings: [], frames: true },
      }),
    );
    await ready(watcher, 'front');
  });
  afterAll(closeAll);

  /** Masks messages of tracks, from the n-th message received on. */
  const tracked = (after = 0): Masks[] =>
    watcher.received
      .slice(after)
      .filter(({ topic, json }) => topic === MASKS && json.source === 'track')
      .map(({ json }) => masksMessageSchema.parse(json));

  const request = async (what: object): Promise<Record<string, unknown>> => {
    const transaction = `t${watcher.received.length}`;
    await watcher.send(`${BASE}/request/tracks`, { transaction, camera: 'front', ...what });
    const { json } = await seen(watcher, `${BASE}/response/tracks`, (got) => got.transaction === transaction);
    return json;
  };

  /** Masks of these ids are on their own objects, whatever the machine's load; single frames may be missed. */
  const expectFollowed = (messages: readonly Masks[], ids: Record<'disc' | 'square', string>): void => {
    const ious = messages.flatMap((message) =>
      (['disc', 'square'] as const).map((name) => {
        const { box } = itemOf(message, ids[name]);
        const { [name]: own, [name === 'disc' ? 'square' : 'disc']: other } = truth(message.frame.seq);
        if (box) expect(boxIou(box, other), `${name} on ${message.frame.seq}`).toBeLessThan(0.1);
        return box ? boxIou(box, own) : 0;
      }),
    );
    expect(ious.reduce((sum, iou) => sum + iou, 0) / ious.length).toBeGreaterThan(0.6);
  };

  /** Of the newest frame that the camera has told of. */
  const newestSeq = async (): Promise<number> => {
    const { json } = await watcher.next(({ topic }) => topic === FRAMES, 'a frame');
    const newest = watcher.received.findLast(({ topic }) => topic === FRAMES);
    return Number((newest?.json ?? json).seq);
  };

  /** Nothing but these two is followed then. */
  const followBoth = async (): Promise<Masks> => {
    await request({ remove: 'all' });
    const seq = await newestSeq();
    const { disc, square } = truth(seq);
    const prompts = [
      { id: 'disc', label: 'orange', box: disc },
      { id: 'square', box: square },
    ];
    return ask(watcher, 'front', { frame: { seq }, track: true, prompts });
  };

  it('follow what a prompt names, under its ids, over the frames that come', async () => {
    const answer = await followBoth();
    expect(answer.source).toBe('prompt');
    expect(itemOf(answer, 'disc').track).toEqual({ state: 'tracked', ageMs: 0 });
    await waitFor(() => tracked().length >= TOLD, `${TOLD} messages of tracks`);
    const messages = tracked().slice(0, TOLD);
    for (const { masks } of messages) expect(masks.map(({ id }) => id)).toEqual(['disc', 'square']);
    expectFollowed(messages, { disc: 'disc', square: 'square' });
    expect(messages.filter((message) => 'requestId' in message)).toEqual([]);
    const seqs = messages.map(({ frame }) => frame.seq);
    expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => a - b));
  });

  it('are as many as the config says; one more is refused by itself', async () => {
    await followBoth();
    const seq = await newestSeq();
    const { disc } = truth(seq);
    const answer = await ask(watcher, 'front', {
      frame: { seq },
      track: true,
      prompts: [
        { id: 'third', box: disc },
        { id: 'disc', label: 'again', box: disc },
      ],
    });
    expect(answer.masks[0]).toMatchObject({ id: 'third', error: { code: 'overloaded' } });
    expect(itemOf(answer, 'disc')).toMatchObject({ label: 'again', track: { state: 'tracked' } });
  });

  it('are listed, renamed and removed on request, and who listens hears it', async () => {
    await followBoth();
    expect(await request({ list: true })).toMatchObject({
      status: 'ok',
      data: {
        camera: 'front',
        tracks: [
          { id: 'disc', label: 'orange', source: 'prompt', state: 'tracked' },
          { id: 'square', source: 'prompt' },
        ],
      },
    });
    expect(await request({ rename: { square: 'box' } })).toMatchObject({
      data: { tracks: [{ id: 'disc' }, { id: 'box' }] },
    });
    const after = watcher.received.length;
    await waitFor(
      () => tracked(after).some(({ masks }) => masks.some(({ id }) => id === 'box')),
      'the new id',
    );
    expect(await request({ remove: ['square'] })).toMatchObject({
      status: 'error',
      error: { code: 'unknown_track' },
    });
    expect(await request({ remove: ['box'] })).toMatchObject({ data: { tracks: [{ id: 'disc' }] } });
    await waitFor(
      () =>
        tracked(after).some(({ ended }) =>
          ended?.some(({ id, reason }) => id === 'box' && reason === 'removed'),
        ),
      'the end of the track',
    );
    expect(await request({ remove: 'all' })).toMatchObject({ data: { tracks: [] } });
  });

  it('begin once for a request that is sent twice, and end when their time has passed', async () => {
    await request({ remove: 'all' });
    const started = async (): Promise<number> => {
      const { json } = await seen(watcher, `${BASE}/stats`, () => true, watcher.received.length);
      return (json.tracks as { started: number }).started;
    };
    const seq = await newestSeq();
    const [before, startedBefore] = [watcher.received.length, await started()];
    const prompt = { id: 'brief', box: truth(seq).square };
    const message = { frame: { seq }, track: true, ttlMs: 800, requestId: 'twice', ...prompt };
    await send(watcher, 'front', message);
    await send(watcher, 'front', message);
    const isEnd = ({ ended }: Masks): boolean =>
      ended?.some(({ id, reason }) => id === 'brief' && reason === 'expired') === true;
    await waitFor(() => tracked(before).some(isEnd), 'the end of the track');
    expect(await started()).toBe(startedBefore + 1);
    expect(tracked(before).filter(isEnd)).toHaveLength(1);
  });

  it('are told line by line by samwire prompt --track, until they have ended', async () => {
    await request({ remove: 'all' });
    const before = watcher.received.length;
    const box = truth(await newestSeq()).square.join(',');
    const asked = ['prompt', '--broker', url, '--node', 'n1', '--camera', 'front', '--timeout', '30'];
    const command = samwire([...asked, '--track', '--json', '--box', box]);
    await waitFor(
      () => tracked(before).filter(({ masks }) => masks[0]?.id.startsWith('box-1-')).length >= 3,
      'tracks',
    );
    await request({ remove: 'all' });
    const { code, stdout, stderr } = await command;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => masksMessageSchema.parse(JSON.parse(line)));
    expect(lines[0]).toMatchObject({ source: 'prompt', masks: [{ track: { state: 'tracked' } }] });
    const [{ id } = { id: '' }] = lines[0]?.masks ?? [];
    expect(id).toMatch(/^box-1-[0-9a-f]{4}$/);
    expect(lines.slice(1, -1).every(({ source, masks }) => source === 'track' && masks[0]?.id === id)).toBe(
      true,
    );
    expect(lines.at(-1)).toMatchObject({ ended: [{ id, reason: 'removed' }] });
  });

  it('fill in between detections that come late and seldom, under the same ids', async () => {
    await request({ remove: 'all' });
    const before = watcher.received.length;
    const detected = (): Masks[] =>
      watcher.received
        .slice(before)
        .filter(({ topic, json }) => topic === MASKS && json.source === 'detections')
        .map(({ json }) => masksMessageSchema.parse(json));
    let told = 0;
    const detector = setInterval(() => {
      const frames = watcher.received.filter(({ topic }) => topic === FRAMES);
      // Not the newest: what a slow detector has just finished with.
      const seq = Number(frames.at(-2)?.json.seq);
      const { disc, square } = truth(seq);
      const detections = [
        { label: 'disc', score: 0.9, box: disc },
        { label: 'square', score: 0.8, box: square },
      ];
      // In another order each time, as detectors have them.
      if (told++ % 2) detections.reverse();
      void watcher.send(`${BASE}/front/detections`, { frame: { seq }, detections });
    }, 1000);
    try {
      await waitFor(() => tracked(before).length >= TOLD && detected().length >= 3, 'detections and tracks');
    } finally {
      clearInterval(detector);
    }
    const [first] = detected();
    if (!first) throw new Error('no detections');
    const ids = new Map(first.masks.flatMap((mask) => ('error' in mask ? [] : [[mask.label, mask.id]])));
    expect([...ids.values()].sort()).toEqual(['d1', 'd2']);
    const [disc = '', square = ''] = [ids.get('disc'), ids.get('square')];
    for (const { masks } of [...detected(), ...tracked(before)]) {
      expect(itemOf({ masks } as Masks, disc)).toMatchObject({ label: 'disc', confidence: 0.9 });
      expect(itemOf({ masks } as Masks, square)).toMatchObject({ label: 'square', confidence: 0.8 });
    }
    expectFollowed(detected(), { disc, square });
    expectFollowed(tracked(before), { disc, square });
    const seqs = new Set(detected().map(({ frame }) => frame.seq));
    const between = tracked(before).filter(({ frame }) => !seqs.has(frame.seq));
    expect(between.length).toBeGreaterThan(TOLD / 2);
  });

  it('leave no frame behind, and do not hold up the end of the service', async () => {
    const seq = await newestSeq();
    await ask(watcher, 'front', { frame: { seq }, track: true, id: 'last', box: truth(seq).disc });
    const { json } = await seen(watcher, `${BASE}/stats`, () => true, watcher.received.length);
    expect(json.framesInUse).toBeLessThan(6);
    expect((await service.stop()).code).toBe(0);
  });
});
