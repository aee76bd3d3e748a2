import { afterEach, describe, expect, it, vi } from 'vitest';
import type { MaskSource, MasksMessage } from '../../src/masks/types.js';
import { Metrics } from '../../src/metrics/metrics.js';
import { DEFAULT_PROMPT_LIMITS, parsePromptMessage } from '../../src/prompts/message.js';
import { masksMessage } from '../mqtt/service.js';
import { errorsOf, madeCamera, madeFigures } from './figures.js';
import { NO_PROMETHEUS, promtool } from './prometheus.js';

type Look = ReturnType<typeof madeFigures>;

let opened: Metrics[] = [];
afterEach(() => {
  for (const metrics of opened.splice(0)) metrics.close();
  opened = [];
});

function metricsOf(look: () => Look | Promise<Look> = () => madeFigures()): {
  readonly metrics: Metrics;
  readonly warn: ReturnType<typeof vi.fn>;
} {
  const warn = vi.fn();
  const metrics = new Metrics({ look: async () => look(), log: { warn } });
  opened.push(metrics);
  return { metrics, warn };
}

const prompt = parsePromptMessage('{"box":[0,0,1,1]}', DEFAULT_PROMPT_LIMITS);
const answer = (source: MaskSource, parts: Partial<MasksMessage> = {}): MasksMessage => ({
  ...masksMessage('front', prompt),
  source,
  ...parts,
});

/** The samples of a metric, each as its line of text without the metric's name. */
async function samples(metrics: Metrics, name: string): Promise<string[]> {
  const { text } = await metrics.text();
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .map((line) => line.slice(name.length).trim());
}

describe('/metrics', () => {
  it.skipIf(NO_PROMETHEUS !== null)('is as promtool wants it, with everything there is', async () => {
    const { metrics, warn } = metricsOf();
    for (const source of ['prompt', 'detections', 'track', 'everything', 'job'] as const)
      metrics.answered(answer(source));
    metrics.served({ method: 'GET', route: '/metrics', status: 200 });
    const { text, contentType } = await metrics.text();
    expect(contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(promtool(['check', 'metrics'], text)).toBe('');
    expect(warn).not.toHaveBeenCalled();
    // But for the progress of a build, which a node that is online has none of.
    const silent = metrics.descriptions().filter(({ name }) => !text.includes(`# TYPE ${name} `));
    expect(silent.map(({ name }) => name)).toEqual(['samwire_engine_build_ratio']);
  });

  it('says nothing of a GPU, a board, jobs and a model that are not there', async () => {
    const all = madeFigures();
    const { jobs: _, ...link } = all.link;
    const { metrics } = metricsOf(() => ({
      ...all,
      link,
      gpu: null,
      board: [],
      pipeline: { ...all.pipeline, scheduler: null },
    }));
    const { text } = await metrics.text();
    expect(text).not.toMatch(/samwire_(gpu|jetson|jobs|scheduler)/);
    expect(text).not.toMatch(/^# TYPE .*\n\n/m);
  });

  it('has a series for each state, of which one holds', async () => {
    const { metrics } = metricsOf();
    const states = await samples(metrics, 'samwire_camera_state');
    expect(states).toHaveLength(10);
    expect(states.filter((line) => line.endsWith(' 1'))).toEqual([
      '{camera="front",state="streaming"} 1',
      '{camera="gate",state="failed"} 1',
    ]);
  });

  it('tells totals as they stand, however often it is asked', async () => {
    const { metrics } = metricsOf(() => ({
      ...madeFigures(),
      cameras: new Map([['front', madeCamera('streaming', { frames: 7, untold: 2 })]]),
    }));
    for (let scrape = 0; scrape < 3; ++scrape) {
      const texts = await Promise.all([metrics.text(), metrics.text()]);
      for (const { text } of texts) {
        expect(text).toContain('samwire_camera_frames_total{camera="front"} 7\n');
        expect(text).toContain('samwire_drops_total{at="camera",reason="untold"} 2\n');
      }
    }
  });

  it('leaves out a figure that can not be read, says so once, and goes on', async () => {
    const { metrics, warn } = metricsOf(() => ({
      ...madeFigures(),
      cameras: new Map([
        [
          'front',
          {
            ...madeCamera('streaming'),
            stats: () => {
              throw new Error('gone');
            },
          },
        ],
      ]),
    }));
    await metrics.text();
    const named = warn.mock.calls.length;
    const { text } = await metrics.text();
    expect(warn).toHaveBeenCalledTimes(named);
    expect(text).not.toContain('samwire_camera_frames_total');
    expect(text).toContain('samwire_mqtt_connected 1\n');
    expect(text).toContain('samwire_camera_state{camera="front",state="streaming"} 1\n');
  });

  it('counts errors by code and by how the sender had asked', async () => {
    const all = madeFigures();
    const { metrics } = metricsOf(() => ({
      ...all,
      link: { ...all.link, errors: errorsOf({ overloaded: 4 }) },
      http: { ...all.http, errors: errorsOf({ unauthorized: 2 }) },
    }));
    const told = (await samples(metrics, 'samwire_errors_total')).filter((line) => !line.endsWith(' 0'));
    expect(told).toEqual(['{code="overloaded",over="mqtt"} 4', '{code="unauthorized",over="http"} 2']);
  });

  it('knows routes by their template and the usual methods, so that no request makes a new series', async () => {
    const { metrics } = metricsOf();
    for (let i = 0; i < 50; ++i) metrics.served({ method: `FLY${i}`, route: undefined, status: 404 });
    metrics.served({ method: 'POST', route: '/api/cameras/:name/prompt', status: 200 });
    expect(await samples(metrics, 'samwire_http_requests_total')).toEqual([
      '{method="other",route="none",status="404"} 50',
      '{method="POST",route="/api/cameras/:name/prompt",status="200"} 1',
    ]);
  });
});

describe('answers', () => {
  it('are counted by source, with each stage of their timing, in seconds', async () => {
    const { metrics } = metricsOf();
    metrics.answered(answer('prompt', { timing: { ...answer('prompt').timing, captureToPublishMs: 21 } }));
    metrics.answered(answer('track'));
    const { text } = await metrics.text();
    expect(text).toContain('samwire_stage_duration_seconds_sum{stage="encode",source="prompt"} 0.004\n');
    expect(text).toContain('samwire_stage_duration_seconds_count{stage="age",source="track"} 1\n');
    expect(text).toContain('samwire_capture_to_publish_seconds_bucket{le="0.01",source="prompt"} 0\n');
    expect(text).toContain('samwire_capture_to_publish_seconds_bucket{le="0.025",source="prompt"} 1\n');
    expect(text).toContain('samwire_masks_total{source="prompt"} 1\n');
    expect(text).toContain('samwire_masks_total{source="job"} 0\n');
  });

  it('on a kept embedding are hits, and prompts that failed alone are no masks', async () => {
    const { metrics } = metricsOf();
    const { timing, masks } = answer('prompt');
    const failed = { id: 'x', error: { code: 'invalid_message', message: 'Outside.' } } as const;
    metrics.answered(answer('prompt', { masks: [...masks, failed] }));
    metrics.answered(answer('prompt', { timing: { ...timing, embeddingReused: true } }));
    const { text } = await metrics.text();
    expect(text).toContain('samwire_embedding_cache_hits_total{source="prompt"} 1\n');
    expect(text).toContain('samwire_embedding_cache_misses_total{source="prompt"} 1\n');
    expect(text).toContain('samwire_masks_total{source="prompt"} 2\n');
    expect(text).toContain('samwire_prompts_failed_total{source="prompt"} 1\n');
  });

  it('that tell of ended tracks alone are none', async () => {
    const { metrics } = metricsOf();
    metrics.answered(answer('track', { masks: [], ended: [{ id: 'a', reason: 'lost' }] }));
    const counts = await samples(metrics, 'samwire_capture_to_publish_seconds_count');
    expect(counts).toContain('{source="track"} 0');
    expect(counts.every((line) => line.endsWith(' 0'))).toBe(true);
  });
});
