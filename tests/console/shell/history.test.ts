import { describe, expect, it } from 'vitest';
import {
  answersPerSec,
  dropped,
  dropsPerStatus,
  framesPerSec,
  lastPercentiles,
  stageMs,
  statusOf,
  steady,
  windowMs,
} from '../../../console/src/shell/history.js';
import { STREAMING, status } from './statuses.js';

const values = (of: readonly { readonly value: number | null }[]) => of.map(({ value }) => value);

describe('steady', () => {
  it('begins anew where the clock was set back', () => {
    const at = (ms: number) => status({ at: ms });
    expect(steady([at(1000), at(2000), at(500), at(1500)]).map((each) => each.at)).toEqual([500, 1500]);
    expect(steady([at(1000), at(2000)])).toHaveLength(2);
    expect(steady([])).toEqual([]);
  });
});

describe('windowMs', () => {
  it('grows with the history, from half a minute to all of it', () => {
    const windows = [[], [0], [0, 45_000], [0, 900_000]].map((times) =>
      windowMs(times.map((at) => ({ at }))),
    );
    expect(windows).toEqual([30_000, 30_000, 45_000, 180_000]);
  });
});

describe('answersPerSec', () => {
  it('counts by the time between statuses, not by their number', () => {
    const history = [
      status({ at: 0, answers: 3 }),
      status({ at: 1500, answers: 3 }),
      status({ at: 2500, answers: 0 }),
    ];
    expect(values(answersPerSec(history))).toEqual([3, 2, 0]);
  });

  it('does not thin out what came after the page was cut off, nor divide by nothing', () => {
    const history = [
      status({ at: 0 }),
      status({ at: 60_000, answers: 7 }),
      status({ at: 60_000, answers: 1 }),
    ];
    expect(values(answersPerSec(history))).toEqual([0, 2, 10]);
  });
});

describe('framesPerSec', () => {
  it('is 0 while a camera does not stream, and nothing where it is not known', () => {
    const history = [
      status(),
      status({ cameras: { front: { ...STREAMING, state: 'failed', fps: 0 } } }),
      status({ cameras: {} }),
    ];
    expect(values(framesPerSec(history, 'front'))).toEqual([15, 0, null]);
  });
});

describe('statusOf', () => {
  it('takes no name for a method of objects', () => {
    expect(statusOf({}, 'constructor')).toBeUndefined();
    expect(statusOf(undefined, 'front')).toBeUndefined();
    expect(statusOf({ constructor: STREAMING }, 'constructor')).toBe(STREAMING);
  });
});

describe('a stage', () => {
  const history = [
    status({ stages: { encodeMs: { p50: 4, p95: 6, p99: 9 } } }),
    status({ stages: { encodeMs: null } }),
  ];

  it('has no value where nothing was answered', () => {
    expect(values(stageMs(history, 'encodeMs', 'p95'))).toEqual([6, null]);
  });

  it('keeps its last numbers', () => {
    expect(lastPercentiles(history, 'encodeMs')).toEqual({ p50: 4, p95: 6, p99: 9 });
    expect(lastPercentiles(history, 'decodeMs')).toBeNull();
  });
});

describe('drops', () => {
  it('are told by how they grew, the most frequent of late first', () => {
    const history = [
      status({ drops: { expired: 100 } }),
      status({ drops: { expired: 101 } }),
      status({ drops: { expired: 101, overload: 5 } }),
    ];
    expect(values(dropsPerStatus(history))).toEqual([0, 1, 5]);
    expect(dropped(history)).toEqual([
      { reason: 'overload', total: 5, recent: 5 },
      { reason: 'expired', total: 101, recent: 1 },
    ]);
  });

  it('of a node that was restarted count from 0', () => {
    const history = [
      status({ drops: { expired: 100 } }),
      status({ drops: { expired: 2 } }),
      status({ drops: {} }),
    ];
    expect(values(dropsPerStatus(history))).toEqual([0, 2, 0]);
    expect(dropped(history)).toEqual([]);
  });
});
