import { describe, expect, it } from 'vitest';
import { MAX_TRACESTATE_CHARACTERS, traceOf, traceProperties } from '../../src/mqtt/trace.js';

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN_ID = '00f067aa0ba902b7';
const traceparent = `00-${TRACE_ID}-${SPAN_ID}-01`;
const stateOf = (tracestate: unknown): string | undefined => traceOf({ traceparent, tracestate })?.tracestate;

describe('a trace context', () => {
  it('is taken from its two properties, and written as them', () => {
    const context = { traceparent, tracestate: 'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE' };
    expect(traceOf({ ...context, other: 'x' })).toEqual(context);
    expect(traceProperties(traceOf(context))).toEqual(context);
    expect(traceProperties(undefined)).toEqual({});
  });

  it.each([
    undefined,
    null,
    'traceparent',
    {},
    { traceparent: 'x' },
    { traceparent: [traceparent, traceparent] },
    { traceparent: traceparent.toUpperCase() },
    { traceparent: `${traceparent}-more` },
    { traceparent: ` ${traceparent}` },
    { traceparent: `${traceparent}\n` },
    { traceparent: `ff-${TRACE_ID}-${SPAN_ID}-01` },
    { traceparent: `00-${'0'.repeat(32)}-${SPAN_ID}-01` },
    { traceparent: `00-${TRACE_ID}-${'0'.repeat(16)}-01` },
    { tracestate: 'rojo=1' },
    Object.create({ traceparent }),
  ])('is not taken from %j', (properties) => {
    expect(traceOf(properties)).toBeUndefined();
  });

  it.each([
    ['a=1', 'a=1'],
    ['tenant@vendor=1, b=two words', 'tenant@vendor=1,b=two words'],
    [['a=1', 'b=2'], 'a=1,b=2'],
    ['a=1,,b=2,', 'a=1,b=2'],
    ['A=1', undefined],
    ['a', undefined],
    ['=1', undefined],
    ['a=', undefined],
    ['a=1=2', undefined],
    ['a=1,a=2', undefined],
    ['a=ü', undefined],
    ['a=1\n', undefined],
    ['', undefined],
    [',', undefined],
    [7, undefined],
  ])('has of the state %j what the standard allows', (given, taken) => {
    expect(stateOf(given)).toBe(taken);
    expect(traceOf({ traceparent, tracestate: given })?.traceparent).toBe(traceparent);
  });

  it('has a state of bounded length', () => {
    const longest = `a=${'x'.repeat(249)},b=${'x'.repeat(249)},c=${'x'.repeat(MAX_TRACESTATE_CHARACTERS - 506)}`;
    expect(longest).toHaveLength(MAX_TRACESTATE_CHARACTERS);
    expect(stateOf(longest)).toBe(longest);
    expect(stateOf(`${longest}x`)).toBeUndefined();
    const members = (count: number): string => Array.from({ length: count }, (_, i) => `k${i}=1`).join(',');
    expect(stateOf(members(32))).toBe(members(32));
    expect(stateOf(members(33))).toBeUndefined();
  });
});
