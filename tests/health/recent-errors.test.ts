import { describe, expect, it } from 'vitest';
import { type NewError, type RecentError, RecentErrors } from '../../src/health/recent-errors.js';

const AWAY: NewError = { source: 'broker', message: 'away' };
const EXPIRED: NewError = { source: 'message', camera: 'front', code: 'expired', message: 'late' };

function errors(max = 50) {
  let now = 1000;
  const kept = new RecentErrors({ max, now: () => now });
  return {
    kept,
    add: (...news: readonly NewError[]) => {
      for (const error of news) {
        kept.add(error);
        now += 10;
      }
    },
  };
}

describe('the last errors', () => {
  it('come with the newest first', () => {
    const { kept, add } = errors();
    add(AWAY, EXPIRED);
    expect(kept.list()).toEqual([
      { ...EXPIRED, number: 2, firstAt: 1010, lastAt: 1010, count: 1 },
      { ...AWAY, number: 1, firstAt: 1000, lastAt: 1000, count: 1 },
    ]);
  });

  it('count the same one instead of repeating it, and of another camera it is another', () => {
    const { kept, add } = errors();
    add(EXPIRED, AWAY, EXPIRED, { ...EXPIRED, camera: 'gate' });
    expect(
      kept.list().map(({ number, camera, count, lastAt }) => ({ number, camera, count, lastAt })),
    ).toEqual([
      { number: 3, camera: 'gate', count: 1, lastAt: 1030 },
      { number: 1, camera: 'front', count: 2, lastAt: 1020 },
      { number: 2, camera: undefined, count: 1, lastAt: 1010 },
    ]);
  });

  it('forget the one that came last longest ago', () => {
    const { kept, add } = errors(2);
    add(AWAY, EXPIRED, AWAY, { ...EXPIRED, message: 'later' });
    expect(kept.list().map(({ message }) => message)).toEqual(['later', 'away']);
  });

  it('are told as they come, until nobody wants to hear', () => {
    const { kept, add } = errors();
    const heard: RecentError[] = [];
    const stop = kept.onError((error) => heard.push(error));
    add(AWAY, AWAY);
    stop();
    add(EXPIRED);
    expect(heard.map(({ count }) => count)).toEqual([1, 2]);
  });
});
