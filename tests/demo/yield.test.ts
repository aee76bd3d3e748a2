import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { whoElseAsks } from '../../src/demo/yield.js';
import type { MasksListener } from '../../src/http/node-view.js';
import type { MasksMessage } from '../../src/masks/types.js';

const answer = (source: MasksMessage['source'], requestId?: string) =>
  ({ source, ...(requestId && { requestId }) }) as MasksMessage;

function watched() {
  let listener: MasksListener | undefined;
  const service = {
    waits: 0,
    waiting: () => service.waits,
    onMasks: (added: MasksListener) => {
      listener = added;
      return () => {
        listener = undefined;
      };
    },
  };
  const others = whoElseAsks(service);
  return { service, others, tell: (message: MasksMessage) => listener?.('demo', message) };
}

describe("the demo's robot", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
  afterEach(() => void vi.useRealTimers());

  it('goes on after its own answers', () => {
    const { others, tell } = watched();
    tell(answer('prompt', 'demo-1'));
    expect(others.othersAsk()).toBe(false);
  });

  it.each([
    ['a click', answer('prompt', 'click-1')],
    ['a prompt without an id', answer('prompt')],
    ['an object that is followed', answer('track', 'demo-1')],
  ])('lets others go first for a while after %s', (_name, message) => {
    const { others, tell } = watched();
    tell(message);
    expect(others.othersAsk()).toBe(true);
    vi.advanceTimersByTime(3000);
    expect(others.othersAsk()).toBe(false);
  });

  it('lets long work go first for as long as it lasts', () => {
    const { others, service } = watched();
    service.waits = 1;
    vi.advanceTimersByTime(60_000);
    expect(others.othersAsk()).toBe(true);
    service.waits = 0;
    expect(others.othersAsk()).toBe(true);
    vi.advanceTimersByTime(3000);
    expect(others.othersAsk()).toBe(false);
  });
});
