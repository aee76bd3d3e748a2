import { describe, expect, it } from 'vitest';
import { packetOverheadBytes } from '../../src/mqtt/messages.js';
import { inboundMessage } from '../../src/mqtt/session.js';

const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

describe('the size of a packet besides its payload', () => {
  it('grows by what the topic and properties take', () => {
    const bare = packetOverheadBytes({ topic: 't' });
    expect(packetOverheadBytes({ topic: 'tü' })).toBe(bare + 2);
    expect(packetOverheadBytes({ topic: 't', properties: { correlationData: Buffer.alloc(7) } })).toBe(
      bare + 10,
    );
    const traced = packetOverheadBytes({
      topic: 't',
      properties: { trace: { traceparent, tracestate: 'a=1' } },
    });
    expect(traced).toBe(bare + 5 + 'traceparent'.length + traceparent.length + 5 + 'tracestate'.length + 3);
    const named = packetOverheadBytes({ topic: 't', properties: { userProperties: { seq: '12', ü: 'é' } } });
    expect(named).toBe(bare + 5 + 5 + 5 + 4);
  });
});

describe('a message from the broker', () => {
  it('has its expiry counted from its arrival', () => {
    const packet = { topic: 't', payload: Buffer.from('x'), retain: false };
    expect(inboundMessage(packet, 5000)).toEqual({ ...packet, receivedAtMs: 5000 });
    const message = inboundMessage(
      { ...packet, properties: { messageExpiryInterval: 2, responseTopic: 'r' } },
      5000,
    );
    expect(message).toMatchObject({ expiresAtMs: 7000, responseTopic: 'r' });
  });

  it('has a trace context where its user properties hold one', () => {
    const packet = { topic: 't', payload: Buffer.from('x'), retain: false };
    const userProperties = { traceparent, other: 'x' };
    expect(inboundMessage({ ...packet, properties: { userProperties } }, 1).trace).toEqual({ traceparent });
    expect(
      inboundMessage({ ...packet, properties: { userProperties: { traceparent: 'x' } } }, 1),
    ).not.toHaveProperty('trace');
  });
});
