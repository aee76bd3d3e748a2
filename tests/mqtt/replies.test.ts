import { describe, expect, it } from 'vitest';
import { SamwireError } from '../../src/errors.js';
import { checkExpiry, replyAddress } from '../../src/mqtt/replies.js';

const rules = { allowed: ['samwire/reply/#', 'site/+/answers'], subscriptions: ['samwire/n1/+/prompt'] };

function refused(responseTopic: string, allowed = rules.allowed): SamwireError {
  try {
    replyAddress({ responseTopic }, { ...rules, allowed });
  } catch (error) {
    if (error instanceof SamwireError) return error;
    throw error;
  }
  throw new Error(`Expected ${responseTopic} to be refused`);
}

describe('a response topic', () => {
  it('is optional', () => {
    expect(replyAddress({}, rules)).toBeNull();
    expect(replyAddress({ correlationData: Buffer.from('x') }, rules)).toBeNull();
  });

  it.each(['samwire/reply/a', 'samwire/reply/a/b', 'samwire/reply', 'site/7/answers'])(
    'may be %s',
    (responseTopic) => {
      const correlationData = Buffer.from('x');
      expect(replyAddress({ responseTopic, correlationData }, rules)).toEqual({
        topic: responseTopic,
        properties: { correlationData },
      });
    },
  );

  it.each([
    '',
    'samwire/reply/+',
    'samwire/reply/#',
    '$SYS/x',
    'other/topic',
    'samwire/replyx',
    'samwire/reply/\u0000',
    'samwire/reply/\u0001',
    'samwire/reply/\u0085',
    'samwire/reply/\uffff',
    `samwire/reply/${'x'.repeat(4083)}`,
    `samwire/reply${'/'.repeat(127)}`,
  ])('must not be %j', (topic) => {
    expect(refused(topic)).toMatchObject({ code: 'invalid_message', details: [{ path: 'Response Topic' }] });
  });

  it('may be as long and as deep as brokers take it, in any script', () => {
    for (const topic of [
      `samwire/reply/${'x'.repeat(4082)}`,
      `samwire/reply${'/'.repeat(126)}`,
      'samwire/reply/ü🦾',
    ])
      expect(replyAddress({ responseTopic: topic }, rules)?.topic).toBe(topic);
  });

  it('must not be a topic that the node itself subscribes to, even where the filters allow it', () => {
    expect(refused('samwire/n1/front/prompt', ['#']).message).toContain('does not subscribe');
    expect(refused('$share/g/t', ['#', '$share/#']).message).toContain('$');
  });

  it('is never allowed when no filter is configured', () => {
    expect(refused('samwire/reply/a', []).message).toContain('(none)');
  });
});

describe('a message expiry', () => {
  it('lets a message through until its end', () => {
    expect(() => checkExpiry({}, 1e15)).not.toThrow();
    expect(() => checkExpiry({ expiresAtMs: 1000 }, 1000)).not.toThrow();
    expect(() => checkExpiry({ expiresAtMs: 1000 }, 1001)).toThrow(/expired 1 ms/);
  });
});
