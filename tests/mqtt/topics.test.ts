import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchesFilter, NodeTopics, withoutCovered } from '../../src/mqtt/topics.js';

describe('the topics of a node', () => {
  const topics = new NodeTopics('site/samwire', 'robot-7');

  it('are those of the documentation', () => {
    expect(topics.state).toBe('site/samwire/robot-7/state');
    expect(topics.cameraState('front')).toBe('site/samwire/robot-7/front/state');
    expect(topics.prompt('front')).toBe('site/samwire/robot-7/front/prompt');
    expect(topics.masks('front')).toBe('site/samwire/robot-7/front/masks');
    expect(topics.errors('front')).toBe('site/samwire/robot-7/front/errors');
    expect(topics.errors(null)).toBe('site/samwire/robot-7/errors');
    expect(topics.request('info')).toBe('site/samwire/robot-7/request/info');
    expect(topics.response('info')).toBe('site/samwire/robot-7/response/info');
    expect(topics.stats).toBe('site/samwire/robot-7/stats');
  });

  it('are told apart again when a message comes', () => {
    expect(topics.parse(topics.prompt('front'))).toEqual({ kind: 'prompt', camera: 'front' });
    expect(topics.parse(topics.request('restart-camera'))).toEqual({
      kind: 'request',
      verb: 'restart-camera',
    });
    expect(topics.parse(topics.state)).toEqual({ kind: 'state' });
    // `request` is no camera: what is asked there is a request named `prompt`.
    expect(topics.parse('site/samwire/robot-7/request/prompt')).toEqual({ kind: 'request', verb: 'prompt' });
  });

  it.each([
    'site/samwire/robot-7/front/masks',
    'site/samwire/robot-7/front/prompt/x',
    'site/samwire/robot-7/prompt',
    'site/samwire/robot-70/front/prompt',
    'site/samwire/robot-7/stats/prompt',
    'front/prompt',
    '',
  ])('do not include %s', (topic) => {
    expect(topics.parse(topic)).toBeNull();
  });

  it('are all covered by the subscriptions', () => {
    for (const topic of [topics.prompt('front'), topics.request('info'), topics.state]) {
      expect(topics.subscribed.some((filter) => matchesFilter(filter, topic))).toBe(true);
    }
    expect(topics.subscribed.some((filter) => matchesFilter(filter, topics.masks('front')))).toBe(false);
  });
});

describe('a topic filter', () => {
  // The examples of MQTT 5, 4.7.1.
  it.each([
    ['sport/tennis/player1/#', 'sport/tennis/player1', true],
    ['sport/tennis/player1/#', 'sport/tennis/player1/ranking', true],
    ['sport/tennis/player1/#', 'sport/tennis/player1/score/wimbledon', true],
    ['sport/#', 'sport', true],
    ['#', 'anything/at/all', true],
    ['sport/tennis/+', 'sport/tennis/player1', true],
    ['sport/tennis/+', 'sport/tennis/player1/ranking', false],
    ['sport/+', 'sport', false],
    ['sport/+', 'sport/', true],
    ['+/+', '/finance', true],
    ['/+', '/finance', true],
    ['+', '/finance', false],
    ['#', '$SYS/uptime', false],
    ['+/monitor/Clients', '$SYS/monitor/Clients', false],
    ['$SYS/#', '$SYS/uptime', true],
    ['sport', 'sport', true],
    ['sport', 'Sport', false],
    ['sport/tennis', 'sport', false],
  ])('%s on %s: %s', (filter, topic, matches) => {
    expect(matchesFilter(filter, topic)).toBe(matches);
  });

  it('without wildcards matches itself alone', () => {
    const level = fc.stringMatching(/^[a-z]{0,3}$/);
    const topic = fc.array(level, { minLength: 1, maxLength: 4 }).map((levels) => levels.join('/'));
    fc.assert(fc.property(topic, topic, (a, b) => matchesFilter(a, b) === (a === b)));
  });
});

describe('filters of which one covers another', () => {
  it.each([
    [['a/#', 'a/b', 'a/+', 'a'], ['a/#']],
    [['a/+', 'a/#'], ['a/#']],
    [['+', 'a', 'b'], ['+']],
    [
      ['a/+/c', 'a/b/c', 'a/b/+'],
      ['a/+/c', 'a/b/+'],
    ],
    [['a/b', 'a/b'], ['a/b']],
    [
      ['#', '$share'],
      ['#', '$share'],
    ],
    [
      ['+/b', 'a/+'],
      ['+/b', 'a/+'],
    ],
    [
      ['a/+', 'a/b/c'],
      ['a/+', 'a/b/c'],
    ],
  ])('%j are as good as %j', (filters, kept) => {
    expect(withoutCovered(filters)).toEqual(kept);
  });
});
