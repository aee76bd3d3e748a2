/** The programs that a page is tested against: the demo, or a node with a config of the test's own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PACKAGE_ROOT } from '../../src/native/addon.js';

export interface Served {
  readonly url: string;
  readonly port: number;
  /** Idempotent. */
  close(): Promise<void>;
}

const START_TIMEOUT_MS = 30_000;

/** The whole demo: broker, camera, model, robot and console. Port 0: a free one. */
export function serveDemo(port = 0): Promise<Served> {
  return serve((dir) => [fileURLToPath(new URL('serve-demo.mjs', import.meta.url)), String(port), dir]);
}

/** `samwire run`, on a free port; there is no broker, for which it waits. */
export function serveNode(config: Readonly<Record<string, unknown>>): Promise<Served> {
  return serve(async (dir) => {
    const path = join(dir, 'samwire.yaml');
    await writeFile(path, JSON.stringify(config));
    return [join(PACKAGE_ROOT, 'dist/cli/main.js'), 'run', '--config', path];
  });
}

async function serve(argsIn: (dir: string) => string[] | Promise<string[]>): Promise<Served> {
  const dir = await mkdtemp(join(tmpdir(), 'samwire-browser-'));
  const child = spawn(process.execPath, await argsIn(dir), { stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = once(child, 'exit');
  const close = async (): Promise<void> => {
    child.kill('SIGTERM');
    await exited;
    await rm(dir, { recursive: true, force: true });
  };
  const url = await addressOf(child).catch(async (error) => {
    await close();
    throw error;
  });
  return { url, port: Number(new URL(url).port), close };
}

/** The first address that the program prints. */
function addressOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const fail = (): void => reject(new Error(`It printed no address:\n${text}`));
    const timer = setTimeout(fail, START_TIMEOUT_MS);
    child.once('exit', fail);
    const read = (chunk: Buffer): void => {
      text += chunk;
      const [, url] = /"?(?:console|url)"?:? ?"?(http:\/\/127\.0\.0\.1:\d+)/.exec(text) ?? [];
      if (!url) return;
      clearTimeout(timer);
      resolve(url);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
  });
}
