/** A real Prometheus scrapes a real node that works, and answers the dashboard's queries from that. */

import { chmod, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Jetson } from '../../../src/metrics/jetson/jetson.js';
import { Metrics } from '../../../src/metrics/metrics.js';
import { semanticModel } from '../../graphs/semantics.js';
import { type HttpService, serveHttp } from '../../http/harness.js';
import { dashboard, filledIn } from '../../metrics/dashboard.js';
import { madeFigures } from '../../metrics/figures.js';
import { jetpack6 } from '../../metrics/jetson/tree.js';
import {
  NO_PROMETHEUS,
  type Prometheus,
  promtool,
  type Sample,
  startPrometheus,
} from '../../metrics/prometheus.js';
import { encode, testPicture } from '../../segment/picture.js';
import { broker, client, closeAll, owe, type TestClient } from '../mqtt/harness.js';
import {
  ask,
  askInVain,
  BASE,
  configOf,
  directory,
  ready,
  semanticConfig,
  serviceMissing,
  stillCamera,
} from '../service/harness.js';

const missing = serviceMissing() ?? NO_PROMETHEUS;
/** Of a range, in the place of what Grafana computes from the scrape interval. */
const INTERVAL = '30s';
const TOKEN = 'correct-horse-battery-staple-0123456789';

async function tokenFile(): Promise<string> {
  const path = join(await directory(), 'token');
  await writeFile(path, `${TOKEN}\n`);
  await chmod(path, 0o600);
  return path;
}

/** What this machine has none of, a GPU and a Jetson, from the same code over a made /sys. */
async function boardAddress(): Promise<string> {
  const board = await new Jetson({ root: jetpack6().root }).read();
  const metrics = new Metrics({ look: async () => madeFigures({ board }), log: { warn: () => {} } });
  const server = createServer((_request, response) => {
    void metrics
      .text()
      .then(({ contentType, text }) => response.setHeader('content-type', contentType).end(text));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  owe(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    metrics.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Something of every source, and one of the usual faults. */
async function traffic(watcher: TestClient, { fetch, post }: HttpService): Promise<void> {
  const headers = { authorization: `Bearer ${TOKEN}` };
  const box = { id: 'box', box: [10, 8, 120, 90] };
  const { frame } = await ask(watcher, 'front', { prompts: [box, { id: 'off', box: [900, 900, 999, 999] }] });
  await ask(watcher, 'front', { frame: { seq: frame.seq }, prompts: [box] });
  await ask(watcher, 'front', { ...box, track: true });
  await askInVain(watcher, 'front', { prompts: [] });
  await watcher.send(`${BASE}/front/detections`, {
    detections: [
      { box: [10, 8, 60, 60], label: 'cup', score: 0.9 },
      { box: [20, 8, 60, 60], label: 'cup', score: 0.1 },
    ],
  });
  await watcher.send(`${BASE}/request/everything`, { transaction: 't', camera: 'front' });
  await watcher.on(`${BASE}/response/everything`);
  await watcher.send('samwire/jobs', await encode(testPicture(64, 48), 'jpeg'), {
    properties: { userProperties: { jobId: 'j1', prompts: JSON.stringify([box]) } },
  });
  await watcher.on('samwire/job/j1');
  await post('/api/cameras/front/prompt', box, headers);
  const image = (await encode(testPicture(64, 48), 'jpeg')).toString('base64');
  await post('/api/segment', { image, prompts: [box] }, headers);
  await watcher.next(({ topic, json }) => topic === `${BASE}/front/masks` && json.source === 'detections');
  await watcher.next(({ topic, json }) => topic === `${BASE}/front/masks` && json.source === 'track');
  await fetch('/nothing', { headers });
}

describe.skipIf(missing !== null)('Prometheus at a node that works', () => {
  let watcher: TestClient;
  let service: HttpService;
  let prometheus: Prometheus;
  const headers = { authorization: `Bearer ${TOKEN}` };

  beforeAll(async () => {
    const { url } = await broker();
    watcher = await client(url);
    const still = await stillCamera(testPicture(301, 213));
    const secret = await tokenFile();
    service = await serveHttp(
      configOf(url, {
        cameras: {
          front: { ...still, historyMs: 20_000, detections: { minScore: 0.5 }, everything: { grid: 2 } },
          off: { ...still, enabled: false },
        },
        model: await semanticConfig(semanticModel('nanosam')),
        jobs: { enabled: true },
      }),
      { tokenFile: secret },
    );
    await ready(watcher, 'front');
    prometheus = await startPrometheus({
      samwire: { address: new URL(service.url).host, tokenFile: secret },
      board: { address: await boardAddress() },
    });
    await seen('up{job="samwire"} == 1');
    await traffic(watcher, service);
    // A rate needs the figures from before and from after.
    await seen('sum(samwire_http_requests_total{route="none"} offset 2s) >= 1');
  });
  afterAll(closeAll);

  /** The samples, as soon as there are some: a scrape may fail on a machine that is busy, and then there are none for a second. */
  async function seen(expression: string, patienceMs = 30_000): Promise<readonly Sample[]> {
    const deadline = Date.now() + patienceMs;
    for (;;) {
      const samples = await prometheus.query(expression);
      if (samples.length > 0) return samples;
      if (Date.now() > deadline) throw new Error(`Expected a sample of ${expression}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  const of = (source: string): string => `{job="samwire",source="${source}"}`;

  const one = async (expression: string): Promise<number> => Number((await seen(expression))[0]?.value[1]);

  it('is let in with its token alone', async () => {
    expect((await service.fetch('/metrics')).status).toBe(401);
    expect((await service.fetch('/metrics', { headers })).status).toBe(200);
  });

  it('gets text that promtool finds no fault with', async () => {
    const text = await (await service.fetch('/metrics', { headers })).text();
    expect(promtool(['check', 'metrics'], text)).toBe('');
    expect(text).not.toContain(TOKEN);
  });

  it('finds each answer once, whoever asked, and stages that sum to the whole', async () => {
    // Over MQTT three prompts and one job, over HTTP one of each.
    const answers = { prompt: 4, detections: 1, everything: 1, job: 2 };
    for (const [source, count] of Object.entries(answers))
      expect(await one(`samwire_capture_to_publish_seconds_count${of(source)}`), source).toBe(count);
    expect(await one(`samwire_capture_to_publish_seconds_count${of('track')}`)).toBeGreaterThanOrEqual(1);
    for (const source of Object.keys(answers)) {
      const stages = await one(`sum(samwire_stage_duration_seconds_sum${of(source)})`);
      expect(await one(`samwire_capture_to_publish_seconds_sum${of(source)}`), source).toBeCloseTo(stages, 3);
    }
    // One of the prompts was on the frame of the one before.
    expect(await one(`samwire_embedding_cache_hits_total${of('prompt')}`)).toBeGreaterThan(0);
    expect(await one(`samwire_prompts_failed_total${of('prompt')}`)).toBe(1);
  });

  it('finds what was refused, left out and asked over HTTP', async () => {
    expect(await one('samwire_errors_total{job="samwire",code="invalid_message",over="mqtt"}')).toBe(1);
    expect(await one('samwire_errors_total{job="samwire",code="unknown_request",over="http"}')).toBe(1);
    expect(await one('samwire_drops_total{job="samwire",at="detections",reason="below_score"}')).toBe(1);
    const route = '/api/cameras/:name/prompt';
    expect(await one(`samwire_http_requests_total{route="${route}",method="POST",status="200"}`)).toBe(1);
    expect(await one('samwire_jobs_total{job="samwire",outcome="answered"}')).toBe(1);
    expect(await one('samwire_camera_state{job="samwire",camera="off",state="disabled"}')).toBe(1);
    expect(await one('samwire_build_info{job="samwire",node="n1",model="nanosam-semantic"}')).toBe(1);
  });

  it('answers every query of the dashboard', async () => {
    const silent: string[] = [];
    for (const { title, type, targets = [] } of dashboard().panels) {
      if (type === 'row') continue;
      for (const { expr } of targets) {
        await seen(filledIn(expr, INTERVAL), 5000).catch((error: Error) =>
          silent.push(`${title}: ${error.message}`),
        );
      }
    }
    expect(silent).toEqual([]);
  });

  it('makes no new series of what is asked, however odd', async () => {
    const series = async (): Promise<string[]> => {
      const text = await (await service.fetch('/metrics', { headers })).text();
      return text
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('#'))
        .map((line) => line.replace(/ \S+$/, ''));
    };
    const strange = async (i: number): Promise<void> => {
      const { fetch, post } = service;
      await fetch(`/made/up/${i}`, { headers });
      await post(`/api/cameras/no${i}/prompt`, { box: [1, 2, 30, 40] }, headers);
      await askInVain(watcher, `no${i}`, { box: [1, 2, 30, 40] });
      await ask(watcher, 'front', { id: `p${i}`, label: `l${i}`, box: [10, 8, 60, 60] });
    };
    await strange(0);
    const before = await series();
    for (let i = 1; i < 5; ++i) await strange(i);
    expect(await series()).toEqual(before);
  });
});
