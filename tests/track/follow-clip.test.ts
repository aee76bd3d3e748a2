import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readModelDirectory } from '../../src/models/directory.js';
import { loadAddon, PACKAGE_ROOT } from '../../src/native/addon.js';
import { createSegmenter } from '../../src/segment/create.js';
import type { Segmenter } from '../../src/segment/segmenter.js';
import { createTracker } from '../../src/track/tracker.js';
import { filmOf } from './clips/film.js';
import { easyClips } from './clips/sets.js';
import { runFilm } from './run-film.js';

const FRAMES = 18;

describe('objects of a generated clip, followed with samwire-tiny', () => {
  const addon = loadAddon();
  let segmenter: Segmenter;
  beforeAll(async () => {
    const model = await readModelDirectory(`${PACKAGE_ROOT}engines/samwire-tiny`);
    segmenter = await createSegmenter({ model, threads: 2, log: pino({ level: 'silent' }) });
  });
  afterAll(() => segmenter.close());

  it('have 0.8 of the IoU that the truth’s own boxes give, and keep their ids', async () => {
    const [clip] = easyClips([5], FRAMES);
    if (!clip) throw new Error('no clip');
    const { own } = await runFilm({
      film: filmOf(clip, addon),
      segmenter,
      addon,
      trackers: { own: createTracker({ addon }) },
    });
    expect(own?.visible).toBe(6 * (FRAMES - 1));
    expect(own?.boxIou ?? 0).toBeGreaterThan(0.7 * (own?.visible ?? 0));
    expect(own?.iou).toBeGreaterThanOrEqual(0.8 * (own?.boxIou ?? 1));
    expect(own?.switches).toBe(0);
    expect(addon.framesInUse()).toBe(0);
  });
});
