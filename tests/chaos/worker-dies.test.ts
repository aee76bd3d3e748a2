import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { brokerMissing } from '../integration/broker.js';
import { broker, client, closeAll, waitFor } from '../integration/mqtt/harness.js';
import { BASE, directory, ready, run } from '../integration/service/harness.js';
import { DURATIONS, TIMEOUT_MS } from './durations.js';
import { Ledger } from './ledger.js';
import { type Held, heldBy } from './process.js';
import { measured } from './report.js';
import { atRate, BOX, fastNode } from './site.js';

const { deaths, everyMs, perSec } = DURATIONS.workerDies;

/** Loaded into every thread of the service: each but the main one ends when the file is written anew. */
const DIES = `
const { isMainThread } = require('node:worker_threads');
const { readFileSync } = require('node:fs');
if (!isMainThread) {
  const read = () => readFileSync(process.env.CHAOS_DEATHS, 'utf8');
  const first = read();
  setInterval(() => read() !== first && process.exit(3), 10).unref();
}
`;

describe.skipIf(brokerMissing() !== null)('an inference thread that dies again and again', () => {
  afterEach(closeAll);

  it(
    'costs what it worked on, and nothing else',
    async () => {
      const dir = await directory();
      const [preload, file] = [join(dir, 'dies.cjs'), join(dir, 'deaths')];
      await writeFile(preload, DIES);
      await writeFile(file, '0');
      const { url } = await broker();
      const watcher = await client(url);
      const env = { NODE_OPTIONS: `--require ${preload}`, CHAOS_DEATHS: file };
      const { child, log } = await run(await fastNode(url), { env });
      await ready(watcher, 'front');
      const ledger = new Ledger();
      watcher.client.on(
        'message',
        (topic, payload) => /\/(?:masks|errors)$/.test(topic) && ledger.hear(payload),
      );
      const ask = (requestId: string): void => {
        ledger.ask(requestId);
        void watcher.send(`${BASE}/front/prompt`, { requestId, prompts: [BOX], maxAgeMs: 20_000 });
      };
      const lost = (): number => log().split('the inference thread died; starting it again').length - 1;
      ask('warm');
      await waitFor(() => ledger.answered('warm'), 'the first answer');
      const before = heldBy(child.pid ?? 0);

      const die = async (): Promise<void> => {
        for (let i = 1; i <= deaths; i++) {
          await sleep(everyMs);
          await writeFile(file, String(i));
        }
      };
      const asked = await Promise.all([
        atRate(perSec, deaths * everyMs + 1000, (index) => ask(`p${index}`)),
        die(),
      ]);
      await waitFor(() => ledger.missing.length === 0, `every answer; missing ${ledger.missing} ${log()}`);
      const { codes } = ledger;
      expect(Object.keys(codes).filter((code) => !['model_failed', 'overloaded'].includes(code))).toEqual([]);
      ask('after');
      await waitFor(() => ledger.answered('after'), 'an answer after all');
      expect(ledger.codes).toEqual(codes);
      expect(ledger.withMasks).toBeGreaterThan(1);
      // A thread that is being started when the file is written is one death less.
      expect(lost()).toBeGreaterThan(0);
      // A thread takes a moment to go, and the next one to come.
      const held = (): Held => heldBy(child.pid ?? 0);
      await waitFor(
        () => held().threads <= before.threads + 2 && held().handles <= before.handles + 4,
        `as many threads and handles as before: ${JSON.stringify({ before, after: held() })}`,
      );
      const after = held();
      measured({
        fault: 'the inference thread dies again and again',
        promised:
          'its prompts get `model_failed`; the model is loaded anew; no thread, no handle is left behind',
        figures: {
          deaths: lost(),
          prompts: asked[0],
          'with masks': ledger.withMasks,
          'with model_failed': codes.model_failed ?? 0,
          'threads before, after': `${before.threads}, ${after.threads}`,
          'handles before, after': `${before.handles}, ${after.handles}`,
          'MiB before, after': `${Math.round(before.rssBytes / 2 ** 20)}, ${Math.round(after.rssBytes / 2 ** 20)}`,
        },
      });
    },
    TIMEOUT_MS,
  );
});
