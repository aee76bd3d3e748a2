/** What is asked for now and then, over MQTT and over HTTP, and jobs. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isClientError } from '../../../src/client/client.js';
import { ROOT } from '../../bench/models.js';
import { type Paced, pace } from '../pace.js';
import { BASE, CAMERAS, type Site } from '../site.js';

const JOB_EVERY_MS = 20_000;
/** Prompts go before jobs: on a machine that is too slow for both a job waits. */
const JOB_TIMEOUT_MS = 600_000;
const REQUEST_EVERY_MS = 15_000;
const HTTP_EVERY_MS = 5000;
const ANSWER_TIMEOUT_MS = 60_000;
const REQUEST_TIMEOUT_MS = 150_000;
const TRIES = 2;

export function jobLoad(site: Site): Paced {
  const { client, tally } = site;
  const image = readFileSync(join(ROOT, 'assets/self-test/table.jpg'));
  return pace({
    everyMs: JOB_EVERY_MS,
    // One after the other: jobs that are asked for whether or not one was answered, and asked again, would pile up at the broker.
    atOnce: 1,
    onError: (error) => tally.fail(`${error}`),
    work: async () => {
      tally.add('jobs asked');
      try {
        const prompts = [{ id: 'apple', box: [585, 370, 792, 589] as [number, number, number, number] }];
        await client.job(image, prompts, { timeoutMs: JOB_TIMEOUT_MS });
        tally.add('jobs answered with masks');
      } catch (error) {
        const code = isClientError(error) ? error.code : 'not told';
        tally.add(`jobs answered with ${code}`);
        if (code !== 'overloaded' && code !== 'expired') tally.fail(`A job: ${code}: ${error}`);
      }
    },
  });
}

/** Requests in turn; a track that lives for a few seconds among them. */
export function requestLoad(site: Site): Paced {
  const { tally, client } = site;
  const of = (turn: number): { verb: string; body: Record<string, unknown> } => {
    const camera = CAMERAS[turn % 2];
    const bodies = [
      { verb: 'info', body: {} },
      { verb: 'snapshot', body: { camera, overlay: true } },
      { verb: 'everything', body: { camera, grid: 4, strategy: 'grid', maxMasks: 5 } },
      { verb: 'tracks', body: { camera, remove: 'all' } },
    ];
    return bodies[Math.floor(turn / 2) % bodies.length] ?? { verb: 'info', body: {} };
  };
  return pace({
    everyMs: REQUEST_EVERY_MS,
    atOnce: 4,
    onError: (error) => tally.fail(`${error}`),
    work: async (turn) => {
      if (turn % 4 === 3) {
        const message = { id: 'followed', box: [300, 250, 800, 700], track: true, ttlMs: 3000 } as const;
        await client
          .prompt(CAMERAS[turn % 2] ?? 'front', { ...message, box: [...message.box] })
          .catch(() => {});
      }
      const { verb, body } = of(turn);
      tally.add('requests asked');
      const status = await request(site, verb, { ...body, transaction: `q${turn}` });
      if (status === null) tally.fail(`The request ${verb} had no answer in ${TRIES} tries`);
      else tally.add(`requests answered with ${status}`);
    },
  });
}

/**
 * The response's status, or its error's code, of any of the tries: while prompts keep the model busy, everything has a tenth of its
 * time. Null when there was none: no broker keeps a response for who was away.
 */
async function request(
  { raw }: Site,
  verb: string,
  body: { readonly transaction: string },
): Promise<string | null> {
  return new Promise((resolve) => {
    let tries = 0;
    const end = (status: string | null): void => {
      clearInterval(timer);
      raw.off('message', listen);
      resolve(status);
    };
    const listen = (topic: string, payload: Buffer): void => {
      if (topic !== `${BASE}/response/${verb}`) return;
      const { transaction, status, error } = JSON.parse(payload.toString());
      if (transaction === body.transaction) end(error?.code ?? status);
    };
    const ask = (): void => {
      if (++tries > TRIES) end(null);
      else raw.publish(`${BASE}/request/${verb}`, JSON.stringify(body), { qos: 1 });
    };
    const timer = setInterval(ask, REQUEST_TIMEOUT_MS);
    raw.on('message', listen);
    ask();
  });
}

export function httpLoad(site: Site): Paced {
  const { tally } = site;
  return pace({
    everyMs: HTTP_EVERY_MS,
    atOnce: 4,
    onError: (error) => tally.fail(`Over HTTP: ${error} ${error instanceof Error ? error.cause : ''}`),
    work: async (turn) => {
      const camera = `${site.httpUrl}/api/cameras/${CAMERAS[turn % 2]}`;
      const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
      tally.add('HTTP asked');
      const body = JSON.stringify({ box: [300, 250, 800, 700], encodings: ['rle'], maxAgeMs: 10_000 });
      const response = await (turn % 3 === 0
        ? fetch(`${camera}/frame.jpg?width=640`, { signal })
        : fetch(`${camera}/prompt`, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body,
            signal,
          }));
      await response.arrayBuffer();
      tally.add(`HTTP answered with ${response.status}`);
      // 503 and 504 are of a loaded machine, or of a camera that is being opened.
      if (response.status === 500) tally.fail(`Over HTTP: ${response.status} of ${response.url}`);
    },
  });
}
