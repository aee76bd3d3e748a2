import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultNodeId } from '../../src/config/names.js';
import { ConfigSchema } from '../../src/config/schema.js';

describe('the default node id', () => {
  it.each([
    ['robot-7', 'robot-7'],
    ['Büro PC', 'B-ro-PC'],
    ['jobs', 'jobs-node'],
    ['', 'samwire-node'],
    ['/', 'samwire-node'],
  ])('of the host "%s" is %s', (host, id) => {
    expect(defaultNodeId(host)).toBe(id);
  });

  it('is a valid node id for any host name', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 100 }), (host) => {
        const config = { version: 1, mqtt: { url: 'mqtt://h' }, node: { id: defaultNodeId(host) } };
        expect(ConfigSchema.safeParse(config).success).toBe(true);
      }),
    );
  });
});

describe('a camera name', () => {
  it.each(['a', 'ab', '...', '.a', 'a.', ':', '-'])('may be %s', (name) => {
    const config = { version: 1, mqtt: { url: 'mqtt://h' }, cameras: { [name]: { source: 'test://ball' } } };
    expect(ConfigSchema.safeParse(config).success).toBe(true);
  });
});
