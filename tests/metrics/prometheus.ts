/** Debian's own Prometheus and promtool, on loopback, with nothing outside of a temporary folder. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../integration/broker.js';
import { owe } from '../integration/mqtt/harness.js';

function missing(): string | null {
  try {
    for (const program of ['prometheus', 'promtool'])
      execFileSync(program, ['--version'], { stdio: 'ignore' });
    return null;
  } catch {
    return 'prometheus and promtool are not installed (apt-get install prometheus)';
  }
}

/** Why what needs them can't be tested here, or null. */
export const NO_PROMETHEUS = missing();
if (NO_PROMETHEUS) console.warn(`Metrics are not held against Prometheus: ${NO_PROMETHEUS}`);

/** What promtool says; throws with it where it finds a fault. */
export function promtool(args: readonly string[], input = ''): string {
  try {
    return execFileSync('promtool', [...args], { input, encoding: 'utf8', stdio: 'pipe' });
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { readonly stdout?: string; readonly stderr?: string };
    throw new Error(`promtool ${args.join(' ')}: ${stdout}${stderr}`);
  }
}

export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [time: number, value: string];
}

export interface Prometheus {
  /** An instant query; throws with Prometheus' reason where it can't be evaluated. */
  query(expression: string): Promise<readonly Sample[]>;
}

export interface Target {
  /** `127.0.0.1:port`. */
  readonly address: string;
  /** Of a bearer token. */
  readonly tokenFile?: string;
}

/** Scrapes each target every second; ends with the test. */
export async function startPrometheus(targets: Readonly<Record<string, Target>>): Promise<Prometheus> {
  const folder = await mkdtemp(join(tmpdir(), 'samwire-prometheus-'));
  const port = await freePort();
  // JSON is YAML.
  const config = {
    global: { scrape_interval: '1s', scrape_timeout: '1s' },
    scrape_configs: Object.entries(targets).map(([job, { address, tokenFile }]) => ({
      job_name: job,
      static_configs: [{ targets: [address] }],
      ...(tokenFile && { authorization: { credentials_file: tokenFile } }),
    })),
  };
  await writeFile(join(folder, 'prometheus.yml'), JSON.stringify(config));
  const child = spawn(
    'prometheus',
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=warn',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => {
    log = (log + chunk.toString()).slice(-10_000);
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  owe(async () => {
    child.kill('SIGKILL');
    await ended;
    await rm(folder, { recursive: true, force: true });
  });
  const url = `http://127.0.0.1:${port}`;
  await ready(`${url}/-/ready`, () => log);
  return {
    async query(expression) {
      const body = new URLSearchParams({ query: expression });
      const answer = (await (await fetch(`${url}/api/v1/query`, { method: 'POST', body })).json()) as {
        readonly error?: string;
        readonly data?: { readonly result: readonly Sample[] };
      };
      if (!answer.data) throw new Error(`${answer.error} in ${expression}`);
      return answer.data.result;
    },
  };
}

async function ready(url: string, log: () => string): Promise<void> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const response = await fetch(url).catch(() => null);
    if (response?.ok) return;
    if (Date.now() > deadline) throw new Error(`Expected Prometheus to be ready, it logged ${log()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
