import { describe, expect, it } from 'vitest';
import { type Answer, Once, requestKey } from '../../src/mqtt/once.js';

function answer(bytes: number): Answer {
  return { kind: 'masks', payload: Buffer.alloc(bytes) };
}

function once(options: Partial<ConstructorParameters<typeof Once>[0]> = {}) {
  const clock = { now: 0 };
  const cache = new Once({ keepMs: 1000, maxAnswers: 3, maxBytes: 1000, now: () => clock.now, ...options });
  return { cache, clock };
}

const never = () => Promise.reject(new Error('must not run'));

describe('a request', () => {
  it('runs once while it is being run', async () => {
    const { cache } = once();
    let finish: (value: Answer) => void = () => {};
    const first = cache.run('a', () => new Promise((resolve) => (finish = resolve)));
    const second = cache.run('a', never);
    expect([first.state, second.state]).toEqual(['new', 'running']);
    finish(answer(1));
    expect(await second.answer).toBe(await first.answer);
  });

  it('is answered from memory until its time is over', async () => {
    const { cache, clock } = once();
    const made = await cache.run('a', async () => answer(1)).answer;
    clock.now = 999;
    const kept = cache.run('a', never);
    expect(kept.state).toBe('kept');
    expect(await kept.answer).toBe(made);
    clock.now = 1000;
    const again = cache.run('a', async () => answer(1));
    expect(again.state).toBe('new');
    await again.answer;
  });

  it('has its time counted from the answer, not from the request', async () => {
    const { cache, clock } = once();
    const slow = cache.run('a', async () => {
      clock.now = 5000;
      return answer(1);
    });
    await slow.answer;
    clock.now = 5900;
    expect(cache.run('a', never).state).toBe('kept');
  });

  it('is forgotten when there are too many answers, or too many bytes', async () => {
    const { cache } = once();
    for (const key of ['a', 'b', 'c', 'd']) await cache.run(key, async () => answer(10)).answer;
    expect(cache.sizes).toEqual({ running: 0, kept: 3, bytes: 30 });
    await cache.run('e', async () => answer(985)).answer;
    expect(cache.sizes).toEqual({ running: 0, kept: 2, bytes: 995 });
    expect(cache.run('d', never).state).toBe('kept');
    await cache.run('f', async () => answer(1001)).answer;
    expect(cache.sizes.bytes).toBe(995);
  });

  it('is only shared while it runs when nothing is to be kept', async () => {
    const { cache } = once({ keepMs: 0 });
    await cache.run('a', async () => answer(1)).answer;
    expect(cache.sizes).toEqual({ running: 0, kept: 0, bytes: 0 });
  });

  it('can run again after its work broke', async () => {
    const { cache } = once();
    await expect(cache.run('a', () => Promise.reject(new Error('x'))).answer).rejects.toThrow('x');
    expect(cache.sizes.running).toBe(0);
    await cache.run('a', async () => answer(1)).answer;
  });
});

describe('the identity of a request', () => {
  const request = { topic: 't', responseTopic: 'r', requestId: 'i', payload: Buffer.from('p') };

  it('is all of topic, response topic, id and payload', () => {
    const keys = [
      request,
      { ...request, topic: 'u' },
      { ...request, responseTopic: 's' },
      { ...request, requestId: 'j' },
      { ...request, payload: Buffer.from('q') },
      { ...request, topic: 'tr', responseTopic: '' },
      { topic: 't', requestId: 'i', payload: Buffer.from('p') },
    ].map(requestKey);
    expect(new Set(keys).size).toBe(keys.length);
    expect(requestKey({ ...request, payload: Buffer.from('p') })).toBe(keys[0]);
  });
});
