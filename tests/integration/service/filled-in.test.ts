import { afterAll, describe, expect, it } from 'vitest';
import { masksMessageSchema } from '../../../src/outputs/masks-schema.js';
import { semanticModel } from '../../graphs/semantics.js';
import { broker, client, closeAll, waitFor } from '../mqtt/harness.js';
import {
  BASE,
  configOf,
  itemOf,
  type Masks,
  ready,
  run,
  seen,
  semanticConfig,
  serviceMissing,
} from './harness.js';
import { boxIou, movingCamera, truth } from './moving-camera.js';

const missing = serviceMissing();
if (missing) console.warn(`Detections at 5 Hz are not tested: ${missing}`);

const FPS = 15;
const EVERY_MS = 200;
/** What the detector takes: its boxes are about a frame that is so many frames old. */
const LATE_FRAMES = 2;
const FRAMES = 45;
/** Of the camera's frames; each is looked at on a machine that has nothing else to do. */
const LEAST_SHARE = 0.75;

describe.skipIf(missing !== null)('detections at 5 Hz of a camera at 15', () => {
  afterAll(closeAll);

  it('are filled in at the camera’s rate, under the same ids, where the model is fast enough', async () => {
    const { url } = await broker();
    const watcher = await client(url);
    const camera = await movingCamera(FPS);
    const service = await run(
      configOf(url, {
        cameras: { front: { ...camera, historyMs: 3000 } },
        // Milliseconds a frame, so that the model is not what limits.
        model: await semanticConfig(semanticModel('nanosam')),
        outputs: { encodings: [], frames: true },
      }),
    );
    await ready(watcher, 'front');
    const of = (topic: string) =>
      watcher.received.filter((message) => message.topic === `${BASE}/front/${topic}`);
    const told = (source: string): Masks[] =>
      of('masks').flatMap(({ json }) => (json.source === source ? [masksMessageSchema.parse(json)] : []));
    const detector = setInterval(() => {
      const seq = Number(of('frame').at(-1 - LATE_FRAMES)?.json.seq);
      if (!(seq > 0)) return;
      const { disc, square } = truth(seq);
      const detections = [
        { label: 'square', score: 0.8, box: square },
        { label: 'disc', score: 0.9, box: disc },
      ];
      void watcher.send(`${BASE}/front/detections`, { frame: { seq }, detections });
    }, EVERY_MS);
    try {
      await seen(watcher, `${BASE}/front/masks`, ({ source }) => source === 'track');
      const begin = of('frame').length;
      await waitFor(() => of('frame').length > begin + FRAMES, `${FRAMES} frames`);
    } finally {
      clearInterval(detector);
    }

    const [first] = told('detections');
    if (!first) throw new Error('no detections');
    const ids = new Map(first.masks.flatMap((mask) => ('error' in mask ? [] : [[mask.label, mask.id]])));
    const tracks = told('track');
    for (const message of tracks)
      for (const name of ['disc', 'square'] as const) {
        const item = itemOf(message, ids.get(name) ?? '');
        expect(item.label).toBe(name);
        if (item.box) expect(boxIou(item.box, truth(message.frame.seq)[name])).toBeGreaterThan(0.5);
      }
    const looked = new Set([...told('detections'), ...tracks].map(({ frame }) => frame.seq));
    const from = tracks[0]?.frame.seq ?? 0;
    const to = tracks.at(-1)?.frame.seq ?? 0;
    expect(to - from).toBeGreaterThan(FRAMES / 2);
    const seqs = Array.from({ length: to - from + 1 }, (_, i) => from + i);
    const share = seqs.filter((seq) => looked.has(seq)).length / seqs.length;
    expect(share).toBeGreaterThan(LEAST_SHARE);
    expect((await service.stop()).code).toBe(0);
  });
});
