import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../../src/native/addon.js';
import type { DetectedObject } from '../../../src/pipeline/detections/answer.js';
import { associate } from '../../../src/pipeline/tracks/associate.js';
import { Sightings } from '../../../src/pipeline/tracks/sightings.js';
import { masksById, rectangle, setupTracks, type TracksSetup } from './doubles.js';

type Corners = readonly [number, number, number, number];
type Told = Omit<DetectedObject, 'candidate' | 'id'> & { readonly box: Corners | null; readonly id?: string };

const at = (x: number, y = 10, side = 10): Corners => [x, y, x + side, y + side];

/** Tracking, with a detector that tells of boxes on a frame. */
function detecting(options: TracksSetup = {}) {
  const all = setupTracks({ maxPerCamera: 4, lostMs: 1000, ...options });
  const { camera, tracking } = all;
  const detect = (seq: number, told: readonly Told[], complete = true) => {
    const frame = camera.frames.find((held) => held.seq === seq);
    if (!frame) throw new Error(`no frame ${seq}`);
    const detections = told.map(({ box, id, ...rest }, i) => ({
      id: id ?? String(i),
      candidate: rectangle(box),
      ...rest,
    }));
    return tracking.associate('front', { frame, detections, complete });
  };
  const idsOf = (named: readonly { readonly id: string }[]) => named.map(({ id }) => id);
  return { ...all, detect, idsOf };
}

describe('detections', () => {
  it('begin tracks, which fill the frames between them with the same ids', async () => {
    const { push, detect, idsOf, see, messages, out, close } = detecting();
    await push(1);
    const first = detect(1, [
      { box: at(4), label: 'cup', confidence: 0.9 },
      { box: at(40), label: 'dog', confidence: 0.8 },
    ]);
    expect(first).toEqual([
      { id: 'd1', track: { state: 'tracked', ageMs: 0 } },
      { id: 'd2', track: { state: 'tracked', ageMs: 0 } },
    ]);
    for (let seq = 2; seq <= 6; seq += 1) {
      await push(seq);
      await see(at(2 + 2 * seq), at(42 - seq));
    }
    expect(
      idsOf(
        detect(6, [
          { box: at(36), label: 'dog' },
          { box: at(14), label: 'cup' },
        ]),
      ),
    ).toEqual(['d2', 'd1']);
    expect(messages.map(({ frame }) => frame.seq)).toEqual([2, 3, 4, 5, 6]);
    for (const message of messages)
      expect(masksById(message)).toMatchObject({
        d1: { label: 'cup', confidence: 0.9 },
        d2: { label: 'dog' },
      });
    await close();
    expect(out()).toBe(0);
  });

  it('carry the detector’s own ids where it follows by itself', async () => {
    const { push, detect, idsOf, listed, close } = detecting();
    await push(1);
    expect(
      idsOf(
        detect(1, [
          { box: at(4), detectorId: '17' },
          { box: at(40), detectorId: 'not an id' },
        ]),
      ),
    ).toEqual(['17', 'd1']);
    await push(2);
    expect(
      idsOf(
        detect(2, [
          { box: at(38), detectorId: 'not an id' },
          { box: at(6), detectorId: '17' },
        ]),
      ),
    ).toEqual(['d1', '17']);
    expect(listed()).toHaveLength(2);
    await close();
  });

  it('keep an object’s id although the detector gives it another', async () => {
    const { push, detect, idsOf, close } = detecting();
    await push(1);
    detect(1, [{ box: at(4), detectorId: '17' }]);
    expect(idsOf(detect(1, [{ box: at(4), detectorId: '18' }]))).toEqual(['17']);
    await push(2);
    expect(idsOf(detect(2, [{ box: at(30, 30), detectorId: '18' }]))).toEqual(['17']);
    await close();
  });

  it('never give an id that a prompt’s track has to something else', async () => {
    const { push, detect, follow, listed, close } = detecting();
    await push(1);
    follow('7', at(4));
    follow('d1', at(4, 30));
    const named = detect(1, [
      { box: at(40), detectorId: '7' },
      { box: null, id: '7' },
    ]);
    expect(named).toMatchObject([{ id: 'd2', track: { state: 'tracked' } }, { id: '7' }]);
    expect(listed().map(({ id, source }) => [id, source])).toEqual([
      ['7', 'prompt'],
      ['d1', 'prompt'],
      ['d2', 'detections'],
    ]);
    await close();
  });

  it('that come late are held against the frame that they are about, and do not throw the track back', async () => {
    const { push, detect, idsOf, see, tracker, close } = detecting();
    await push(1);
    detect(1, [{ box: at(2) }]);
    for (let seq = 2; seq <= 5; seq += 1) {
      await push(seq);
      await see(at(2 + 8 * (seq - 1)));
    }
    // On the newest frame the object is far from where this box has it.
    expect(idsOf(detect(2, [{ box: at(10) }]))).toEqual(['d1']);
    expect(tracker.seeds).toHaveLength(1);
    await close();
  });

  it('correct a track that they disagree with, on the newest frame and late', async () => {
    const { push, detect, idsOf, see, tracker, listed, close } = detecting();
    await push(1);
    detect(1, [{ box: at(4) }]);
    await push(2);
    await see(at(4));
    expect(idsOf(detect(2, [{ box: at(7) }]))).toEqual(['d1']);
    expect(tracker.seeds.at(-1)).toMatchObject({ frame: { seq: 2 }, candidate: { box: at(7) } });
    await push(3);
    await see(at(7));
    await push(4);
    await see(at(7));
    detect(3, [{ box: at(11) }]);
    expect(tracker.seeds.at(-1)).toMatchObject({ frame: { seq: 3 }, candidate: { box: at(11) } });
    expect(listed()).toHaveLength(1);
    // What was said of a newer frame holds.
    detect(2, [{ box: at(4) }]);
    expect(tracker.seeds.at(-1)).toMatchObject({ frame: { seq: 3 } });
    await close();
  });

  it('follow by themselves what the model has no time to look at in between', async () => {
    const { push, detect, idsOf, listed, close } = detecting();
    for (let seq = 1; seq <= 8; seq += 1) {
      await push(seq, 1000 + seq * 200);
      expect(idsOf(detect(seq, [{ box: at(6 * seq - 4), label: 'cup' }]))).toEqual(['d1']);
    }
    expect(listed()).toMatchObject([{ id: 'd1', box: at(44), lastSeen: 2600 }]);
    await close();
  });

  it('find a hidden object again', async () => {
    const { push, detect, idsOf, see, tracker, listed, close } = detecting();
    await push(1);
    detect(1, [{ box: at(4) }]);
    await push(2);
    await see(null);
    expect(listed()).toMatchObject([{ state: 'occluded' }]);
    expect(idsOf(detect(2, [{ box: at(4) }]))).toEqual(['d1']);
    expect(listed()).toMatchObject([{ state: 'tracked' }]);
    expect(tracker.seeds).toHaveLength(2);
    await close();
  });

  it('end the track of what they leave out for long, and not of what they miss for a few frames', async () => {
    const { push, detect, listed, follow, see, settled, messages, close } = detecting({ lostMs: 1000 });
    await push(1, 1000);
    detect(1, [{ box: at(4) }]);
    follow('mine', at(40));
    for (let seq = 2; seq <= 6; seq += 1) {
      await push(seq, 1000 + (seq - 1) * 200);
      await see(at(4), at(40));
      detect(seq, []);
    }
    expect(listed().map(({ id }) => id)).toEqual(['d1', 'mine']);
    await push(7, 2200);
    await see(at(4), at(40));
    detect(7, [], false);
    expect(listed()).toHaveLength(2);
    detect(7, []);
    await settled();
    expect(listed().map(({ id }) => id)).toEqual(['mine']);
    expect(messages.at(-1)).toMatchObject({ frame: { seq: 7 }, ended: [{ id: 'd1', reason: 'lost' }] });
    await close();
  });

  it('are not followed beyond the limit, but told; a track that none confirms gives way', async () => {
    const { push, detect, idsOf, tracking, listed, close } = detecting({ maxPerCamera: 1, lostMs: 1000 });
    await push(1, 1000);
    expect(
      detect(1, [
        { box: at(4), confidence: 0.9 },
        { box: at(40), confidence: 0.5 },
      ]),
    ).toEqual([{ id: 'd1', track: { state: 'tracked', ageMs: 0 } }, { id: '1' }]);
    expect(tracking.stats()).toMatchObject({ active: 1, refused: 1 });
    await push(2, 2500);
    expect(idsOf(detect(2, [{ box: at(40), detectorId: 'x' }], false))).toEqual(['x']);
    expect(listed().map(({ id }) => id)).toEqual(['x']);
    await close();
  });

  it('of one object twice make one track', async () => {
    const { push, detect, listed, close } = detecting();
    await push(1);
    const named = detect(1, [
      { box: at(4), label: 'cup' },
      { box: at(4), label: 'bowl' },
    ]);
    expect(named).toMatchObject([{ id: 'd1', track: {} }, { id: '1' }]);
    expect(listed()).toHaveLength(1);
    await close();
  });
});

describe('association', () => {
  const addon = loadAddon();
  const known = (box: Corners | null, more: object = {}) => ({
    classified: true,
    detectorIds: new Set<string>(),
    place: box && { box, rle: rectangle(box).rle, sure: true },
    ...more,
  });
  const detected = (box: Corners, more: object = {}) => ({ id: 'x', candidate: rectangle(box), ...more });
  const pairs = (...args: [ReturnType<typeof detected>[], ReturnType<typeof known>[]]) =>
    associate(args[0], args[1], addon).map(({ detection, track }) => [detection, track]);

  it('of boxes that cross takes the better fit first', () => {
    const tracks = [known(at(10)), known(at(14))];
    expect(pairs([detected(at(13)), detected(at(11))], tracks)).toEqual([
      [0, 1],
      [1, 0],
    ]);
  });

  it('keeps classes apart, unless the masks are the same', () => {
    const cup = known(at(10), { label: 'cup' });
    expect(pairs([detected(at(12), { label: 'dog' })], [cup])).toEqual([]);
    expect(pairs([detected(at(12), { label: 'cup' })], [cup])).toEqual([[0, 0]]);
    expect(pairs([detected(at(10), { label: 'bowl' })], [cup])).toEqual([[0, 0]]);
    expect(pairs([detected(at(12), { label: 'dog' })], [{ ...cup, classified: false }])).toEqual([[0, 0]]);
  });

  it('follows the detector’s own id where overlaps are alike, and the overlap where it says otherwise', () => {
    const [a, b] = [
      known(at(10), { detectorIds: new Set(['a']) }),
      known(at(13), { detectorIds: new Set(['b']) }),
    ];
    expect(pairs([detected(at(12), { detectorId: 'a' })], [b, a])).toEqual([[0, 1]]);
    const far = known(at(40), { detectorIds: new Set(['a']) });
    expect(pairs([detected(at(13), { detectorId: 'a' })], [far, b])).toEqual([[0, 1]]);
    expect(pairs([detected(at(20, 30), { detectorId: 'a' })], [far, b])).toEqual([[0, 0]]);
  });

  it('needs an overlap, of grown boxes where the track was not seen around that time', () => {
    expect(pairs([detected(at(10))], [known(at(18)), known(null), known(at(30))])).toEqual([]);
    const unsure = (x: number) => known(null, { place: { box: at(x), rle: null, sure: false } });
    expect(pairs([detected(at(10))], [unsure(20)])).toEqual([[0, 0]]);
    expect(pairs([detected(at(10))], [unsure(34)])).toEqual([]);
    expect(pairs([detected(at(10))], [unsure(14), known(at(14))])).toEqual([[0, 1]]);
  });
});

describe('sightings', () => {
  it('are found by frame, between two, and where the object was going', () => {
    const sightings = new Sightings();
    expect(sightings.at({ seq: 1, timestamp: 0 })).toBeNull();
    sightings.add({ seq: 1, timestamp: 100 }, rectangle(at(10)));
    expect(sightings.at({ seq: 9, timestamp: 300 })).toMatchObject({ box: at(10), sure: false });
    sightings.add({ seq: 3, timestamp: 200 }, rectangle(at(20)));
    sightings.add({ seq: 4, timestamp: 220 }, rectangle(null));
    expect(sightings.at({ seq: 3, timestamp: 200 })).toMatchObject({ box: at(20), rle: {}, sure: true });
    expect(sightings.at({ seq: 2, timestamp: 150 })).toEqual({ box: at(15), rle: null, sure: true });
    expect(sightings.at({ seq: 5, timestamp: 250 })).toEqual({ box: at(25), rle: null, sure: false });
    expect(sightings.at({ seq: 0, timestamp: 50 })).toMatchObject({ box: at(10), sure: false });
    sightings.add({ seq: 2, timestamp: 150 }, rectangle(at(30)));
    expect(sightings.at({ seq: 3, timestamp: 200 })).toMatchObject({ sure: false });
  });

  it('are bounded', () => {
    const sightings = new Sightings();
    for (let seq = 0; seq < 1000; seq += 1) sightings.add({ seq, timestamp: seq }, rectangle(at(10)));
    expect(sightings.at({ seq: 500, timestamp: 500 })).toMatchObject({ sure: false });
    for (let seq = 1000; seq < 1010; seq += 1)
      sightings.add({ seq, timestamp: seq * 100 }, rectangle(at(10)));
    expect(sightings.at({ seq: 990, timestamp: 990 })).toMatchObject({ sure: false });
  });
});
