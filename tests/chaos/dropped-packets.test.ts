import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { brokerMissing, freePort } from '../integration/broker.js';
import { broker, client, closeAll, owe, waitFor } from '../integration/mqtt/harness.js';
import { BASE, ready, run } from '../integration/service/harness.js';
import { LONG, TIMEOUT_MS } from './durations.js';
import { Ledger } from './ledger.js';
import { measured } from './report.js';
import { BOX, fastNode, statsOf, sum } from './site.js';

const HERE = '10.213.7.1';
const THERE = '10.213.7.2';
/** Nobody has it. */
const NOWHERE = '00:00:5e:00:53:01';
const CUT_MS = 45_000;

const ip = (...words: string[]): string => execFileSync('ip', words, { stdio: 'pipe' }).toString();

/** A network namespace with a cable to this one; why there can be none, or null. */
const NO_NAMESPACE = !LONG
  ? 'only in `npm run test:chaos`'
  : process.getuid?.() === 0
    ? null
    : 'network namespaces need root';
if (LONG && NO_NAMESPACE) console.warn(`Dropped packets are not tested: ${NO_NAMESPACE}`);

interface Cable {
  /** Packets in both directions go to an address that nobody has: both ends are up, and nothing arrives. */
  cut(): void;
  mend(): void;
}

function cable(namespace: string, here: string, there: string): Cable {
  const inside = (...words: string[]): string => ip('netns', 'exec', namespace, 'ip', ...words);
  ip('netns', 'add', namespace);
  // The cable goes with the namespace that its end lies in.
  owe(async () => void ip('netns', 'del', namespace));
  ip('link', 'add', here, 'type', 'veth', 'peer', 'name', there, 'netns', namespace);
  ip('addr', 'add', `${HERE}/30`, 'dev', here);
  ip('link', 'set', here, 'up');
  inside('addr', 'add', `${THERE}/30`, 'dev', there);
  inside('link', 'set', there, 'up');
  const address = (change: 'replace' | 'del', ...more: string[]): void => {
    ip('neigh', change, THERE, 'dev', here, ...more);
    inside('neigh', change, HERE, 'dev', there, ...more);
  };
  return {
    cut: () => address('replace', 'lladdr', NOWHERE, 'nud', 'permanent'),
    mend: () => address('del'),
  };
}

describe.skipIf(brokerMissing() !== null || NO_NAMESPACE !== null)(
  'a network that drops every packet',
  () => {
    afterEach(closeAll);

    it(
      'is noticed within the keep-alive; when it is back, so is the node, with every answer',
      async () => {
        const suffix = String(process.pid % 10_000);
        const { cut, mend } = cable(`samwire-${suffix}`, `sw${suffix}a`, `sw${suffix}b`);
        const port = await freePort();
        const { url } = await broker({ extraLines: [`listener ${port} ${HERE}`] });
        const behind = `mqtt://${HERE}:${port}`;
        const { log } = await run(await fastNode(behind), {
          within: ['ip', 'netns', 'exec', `samwire-${suffix}`],
        });
        const sender = await client(url);
        await ready(sender, 'front');
        const before = await statsOf(url);
        const ledger = new Ledger();
        sender.client.on(
          'message',
          (topic, payload) => /\/(?:masks|errors)$/.test(topic) && ledger.hear(payload),
        );

        cut();
        const cutAt = performance.now();
        let noticedMs = Number.NaN;
        for (let i = 0; performance.now() - cutAt < CUT_MS; i++) {
          ledger.ask(`p${i}`);
          const message = { requestId: `p${i}`, prompts: [BOX], maxAgeMs: 120_000 };
          await sender.send(`${BASE}/front/prompt`, message);
          if (Number.isNaN(noticedMs) && log().includes('no connection to the broker'))
            noticedMs = performance.now() - cutAt;
          await sleep(500);
        }
        mend();
        const mendedAt = performance.now();
        await waitFor(() => ledger.missing.length === 0, `every answer; ${log()}`);
        const backMs = performance.now() - mendedAt;

        // 20 s of keep-alive, by half as much again, and the library's own steps.
        expect(noticedMs).toBeLessThan(40_000);
        expect(ledger.unlike.slice(0, 1)).toEqual([]);
        const after = await statsOf(url, ({ mqtt }) => mqtt.owedMessages === 0);
        expect(after.mqtt.answers - before.mqtt.answers + sum(after.mqtt.errors)).toBe(ledger.asked);
        expect(after.mqtt.prompts - before.mqtt.prompts).toBe(ledger.asked + after.mqtt.repeats);
        measured({
          fault: `a network that drops every packet for ${CUT_MS / 1000} s (two network namespaces)`,
          promised: 'noticed within the keep-alive; owed answers come when it is back',
          figures: {
            'noticed after ms': Math.round(noticedMs),
            'every answer after the mending, ms': Math.round(backMs),
            prompts: ledger.asked,
            lost: 0,
          },
        });
      },
      TIMEOUT_MS,
    );
  },
);
