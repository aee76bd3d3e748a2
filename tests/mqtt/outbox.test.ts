import { describe, expect, it } from 'vitest';
import type { OutboundMessage } from '../../src/mqtt/messages.js';
import { type Carrier, Outbox, PublishRefused } from '../../src/mqtt/outbox.js';

interface Sent {
  readonly text: string;
  readonly repeated: boolean;
  readonly acknowledge: () => void;
  readonly fail: (error: Error) => void;
}

function message(text: string, topic = 't'): OutboundMessage {
  return { topic, payload: Buffer.from(text) };
}

/** The edge: a connection whose acknowledgements the test gives. */
function carrier(more: Partial<Carrier> = {}): Carrier & { readonly sent: Sent[] } {
  const sent: Sent[] = [];
  return {
    window: 2,
    maxPacketBytes: 1000,
    sent,
    publish: ({ payload }, { repeated }) =>
      new Promise<void>((acknowledge, fail) => {
        sent.push({ text: payload.toString(), repeated, acknowledge, fail });
      }),
    ...more,
  };
}

function outbox(more: { maxMessages?: number; maxBytes?: number } = {}) {
  const dropped: string[] = [];
  const box = new Outbox({
    maxMessages: 100,
    maxBytes: 10_000,
    onDropped: ({ payload }, reason) => dropped.push(`${payload.toString()}: ${reason}`),
    ...more,
  });
  return { box, dropped };
}

const texts = (line: { readonly sent: Sent[] }): string[] => line.sent.map(({ text }) => text);
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('an outbox', () => {
  it('sends in order, no more at a time than the broker takes', async () => {
    const { box } = outbox();
    const line = carrier();
    box.attach(line);
    for (const text of ['a', 'b', 'c', 'd']) box.add(message(text));
    expect(texts(line)).toEqual(['a', 'b']);
    line.sent[1]?.acknowledge();
    await settled();
    expect(texts(line)).toEqual(['a', 'b', 'c']);
    line.sent[0]?.acknowledge();
    line.sent[2]?.acknowledge();
    await settled();
    expect(texts(line)).toEqual(['a', 'b', 'c', 'd']);
    line.sent[3]?.acknowledge();
    await box.idle();
    expect(box.sizes).toEqual({ messages: 0, bytes: 0 });
  });

  it('keeps what was not acknowledged for the next connection, in order and marked', async () => {
    const { box } = outbox();
    const first = carrier();
    box.attach(first);
    for (const text of ['a', 'b', 'c']) box.add(message(text));
    first.sent[1]?.acknowledge();
    await settled();
    box.detach();
    box.add(message('d'));
    const second = carrier({ window: 10 });
    box.attach(second);
    expect(second.sent.map(({ text, repeated }) => [text, repeated])).toEqual([
      ['a', true],
      ['c', true],
      ['d', false],
    ]);
    // An acknowledgement of the old connection says nothing about the new one.
    first.sent[0]?.acknowledge();
    await settled();
    expect(box.sizes.messages).toBe(3);
  });

  it('drops the oldest when it is full, by count and by bytes', () => {
    const { box, dropped } = outbox({ maxMessages: 2 });
    for (const text of ['a', 'b', 'c']) box.add(message(text));
    expect(dropped).toEqual(['a: overflow']);
    const small = outbox({ maxBytes: 300 });
    for (const text of ['a', 'b', 'c']) small.box.add(message(text.repeat(120)));
    expect(small.dropped.map((text) => text.slice(-10))).toEqual([': overflow']);
    small.box.add(message('d'.repeat(5000)));
    expect(small.box.sizes.messages).toBe(1);
  });

  it('never has more on the way than the broker takes, however full it is, and drops nothing that is on the way', async () => {
    const { box, dropped } = outbox({ maxMessages: 3 });
    const line = carrier();
    box.attach(line);
    for (const text of ['a', 'b', 'c', 'd', 'e', 'f']) box.add(message(text));
    expect(texts(line)).toEqual(['a', 'b']);
    expect(dropped).toEqual(['c: overflow', 'd: overflow', 'e: overflow']);
    line.sent[0]?.acknowledge();
    await settled();
    expect(texts(line)).toEqual(['a', 'b', 'f']);
  });

  it('keeps only the newest of a state, and never drops one for want of room', () => {
    const { box, dropped } = outbox({ maxMessages: 3 });
    box.add(message('one', 'front/state'), { latestOnly: true });
    box.add(message('two', 'front/state'), { latestOnly: true });
    box.add(message('other', 'gate/state'), { latestOnly: true });
    for (const text of ['a', 'b', 'c']) box.add(message(text));
    expect(dropped).toEqual(['a: overflow', 'b: overflow']);
    const line = carrier({ window: 10 });
    box.attach(line);
    expect(texts(line)).toEqual(['two', 'other', 'c']);
  });

  it('takes no second copy of an answer that still waits to be sent', () => {
    const { box } = outbox();
    const answer = message('a');
    const line = carrier({ window: 1 });
    box.attach(line);
    box.add(answer);
    // On its way already: whoever asks again may have missed it.
    box.add(answer, { repeat: true });
    box.add(answer, { repeat: true });
    box.add({ ...answer, topic: 'other' }, { repeat: true });
    box.add({ ...answer, properties: { correlationData: Buffer.from('c') } }, { repeat: true });
    box.add({ ...answer, properties: { correlationData: Buffer.from('c') } }, { repeat: true });
    box.add(message('a'), { repeat: true });
    expect(box.sizes.messages).toBe(5);
    box.add(answer);
    expect(box.sizes.messages).toBe(6);
  });

  it('drops a repeat for want of room, and nothing that is owed for a repeat', () => {
    const { box, dropped } = outbox({ maxMessages: 2 });
    box.add(message('a'));
    box.add(message('b'));
    box.add(message('again'), { repeat: true });
    expect(dropped).toEqual(['again: overflow']);
    box.add(message('c'));
    expect(dropped).toEqual(['again: overflow', 'a: overflow']);
  });

  it('drops what the broker refuses, and goes on', async () => {
    const { box, dropped } = outbox();
    const line = carrier({ window: 1 });
    box.attach(line);
    box.add(message('a'));
    box.add(message('b'));
    line.sent[0]?.fail(new PublishRefused('Not authorized', 0x87));
    await settled();
    expect(dropped).toEqual(['a: refused']);
    expect(texts(line)).toEqual(['a', 'b']);
  });

  it('drops what a broker with a smaller packet size can’t take', () => {
    const { box, dropped } = outbox();
    box.add(message('x'.repeat(500)));
    box.add(message('b'));
    const line = carrier({ maxPacketBytes: 100 });
    box.attach(line);
    expect(dropped).toEqual([`${'x'.repeat(500)}: too_large`]);
    expect(texts(line)).toEqual(['b']);
  });

  it('gives up a message that ends one connection after the other, and no other', async () => {
    const { box, dropped } = outbox();
    for (const text of ['good', 'poison', 'later']) box.add(message(text));
    for (let attempt = 0; attempt < 6; attempt += 1) {
      const line = carrier({ window: 3 });
      box.attach(line);
      for (const sent of line.sent) {
        if (sent.text === 'poison') break;
        sent.acknowledge();
      }
      await settled();
      box.detach();
    }
    expect(dropped).toEqual(['poison: undeliverable']);
    expect(box.sizes.messages).toBe(0);
  });

  it('waits for the connection’s end when a publish fails for another reason', async () => {
    const { box, dropped } = outbox();
    const line = carrier();
    box.attach(line);
    box.add(message('a'));
    line.sent[0]?.fail(new Error('Connection closed'));
    await settled();
    expect(dropped).toEqual([]);
    expect(box.sizes.messages).toBe(1);
    box.detach();
    const next = carrier();
    box.attach(next);
    expect(texts(next)).toEqual(['a']);
  });
});

describe('messages of a stream', () => {
  it('share the window with what is owed, and end with their connection', async () => {
    const { box, dropped } = outbox();
    expect(box.addStream(message('early'))).toBe(false);
    const line = carrier();
    box.attach(line);
    expect(box.addStream(message('s1'))).toBe(true);
    box.add(message('a'));
    expect(box.addStream(message('s2'))).toBe(true);
    expect(texts(line)).toEqual(['s1', 'a']);
    box.detach();
    expect(dropped).toEqual(['s1: stale', 's2: stale']);
    const next = carrier();
    box.attach(next);
    expect(next.sent.map(({ text, repeated }) => `${text} ${repeated}`)).toEqual(['a true']);
  });

  it('are refused while too many wait', () => {
    const { box } = outbox();
    box.attach(carrier());
    const taken = Array.from({ length: 80 }, (_, i) => box.addStream(message(String(i))));
    expect(taken.filter(Boolean)).toHaveLength(66);
  });
});
