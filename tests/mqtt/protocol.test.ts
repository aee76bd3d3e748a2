import { describe, expect, it } from 'vitest';
import { ProtocolChoice } from '../../src/mqtt/protocol.js';

describe('the MQTT version of the next connection', () => {
  it('is 5 first, and stays so while 5 works', () => {
    const choice = new ProtocolChoice('auto');
    expect(choice.next()).toBe('5');
    expect(choice.accepted()).toBe('keep');
    expect(choice.next()).toBe('5');
  });

  it('is 3.1.1 at once when the broker refuses 5 by name', () => {
    const choice = new ProtocolChoice('auto');
    expect(choice.refused()).toBe('now');
    expect(choice.next()).toBe('3.1.1');
    expect(choice.accepted()).toBe('keep');
  });

  it('is 3.1.1 when the broker closes on 5 and, asked again, does so again', () => {
    const choice = new ProtocolChoice('auto');
    expect(choice.closedEarly()).toBe('now');
    expect(choice.next()).toBe('3.1.1');
    expect(choice.accepted()).toBe('discard');
    expect(choice.next()).toBe('5');
    expect(choice.closedEarly()).toBe('now');
    expect(choice.next()).toBe('3.1.1');
    expect(choice.accepted()).toBe('keep');
  });

  it('is 5 when the broker was merely being stopped', () => {
    const choice = new ProtocolChoice('auto');
    choice.closedEarly();
    expect(choice.accepted()).toBe('discard');
    expect(choice.next()).toBe('5');
    expect(choice.accepted()).toBe('keep');
  });

  it('is 5 again after a pause when nothing works', () => {
    const choice = new ProtocolChoice('auto');
    choice.closedEarly();
    expect(choice.closedEarly()).toBe('later');
    expect(choice.next()).toBe('5');
  });

  it('is 5 again after a lost connection, for another broker may be there now', () => {
    const choice = new ProtocolChoice('auto');
    choice.refused();
    expect(choice.accepted()).toBe('keep');
    expect(choice.lost()).toBe('later');
    expect(choice.next()).toBe('5');
  });

  it.each(['5', '3.1.1'] as const)('is always %s when the config says so', (version) => {
    const choice = new ProtocolChoice(version);
    expect(choice.refused()).toBe('later');
    expect(choice.closedEarly()).toBe('later');
    expect(choice.next()).toBe(version);
    expect(choice.accepted()).toBe('keep');
  });
});
