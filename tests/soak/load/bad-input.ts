/** What a broken client sends, every five seconds another kind. The node answers it and goes on. */
import type { IClientPublishOptions } from 'mqtt';
import { type Paced, pace } from '../pace.js';
import { BASE, type Site } from '../site.js';

const EVERY_MS = 5000;

interface Bad {
  readonly topic: string;
  readonly payload: string | Buffer;
  readonly options?: IClientPublishOptions;
}

const prompt = `${BASE}/front/prompt`;
const GOOD = JSON.stringify({ box: [300, 250, 800, 700] });

const BAD: readonly Bad[] = [
  { topic: prompt, payload: '{"box":[1,2' },
  { topic: prompt, payload: JSON.stringify({ box: [1, 2, 3], points: [{ x: 'left' }] }) },
  { topic: `${BASE}/nowhere/prompt`, payload: GOOD },
  { topic: prompt, payload: Buffer.alloc(300_000, 'x') },
  { topic: prompt, payload: JSON.stringify({ frame: { seq: 1 }, box: [300, 250, 800, 700] }) },
  { topic: prompt, payload: GOOD, options: { properties: { responseTopic: 'not/allowed' } } },
  { topic: `${BASE}/request/${'x'.repeat(80)}`, payload: '{}' },
  { topic: `${BASE}/gate/detections`, payload: JSON.stringify({ what: 'is this' }) },
  { topic: 'samwire/jobs', payload: Buffer.from([0xff, 0xd8, 0xff, 0x00]) },
  { topic: prompt, payload: Buffer.alloc(0) },
];

export function badInput({ raw, tally }: Site): Paced {
  return pace({
    everyMs: EVERY_MS,
    onError: (error) => tally.fail(`${error}`),
    work: (turn) => {
      const bad = BAD[turn % BAD.length];
      if (!bad || !raw.connected) return;
      tally.add('bad messages sent');
      raw.publish(bad.topic, bad.payload, { qos: 1, ...bad.options });
    },
  });
}
