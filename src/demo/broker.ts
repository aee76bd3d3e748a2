import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { UnavailableError } from '../errors.js';

/** A broker of the demo's own, on loopback only. */
export interface DemoBroker {
  readonly kind: 'mosquitto' | 'aedes';
  readonly port: number;
  readonly url: string;
  close(): Promise<void>;
}

const START_TIMEOUT_MS = 5000;

/** Mosquitto where it is installed (MQTT 5), else aedes (MQTT 3.1.1), on a free port. */
export async function startDemoBroker(): Promise<DemoBroker> {
  return (await startMosquitto()) ?? (await startAedes());
}

async function startMosquitto(): Promise<DemoBroker | undefined> {
  const dir = await mkdtemp(join(tmpdir(), 'samwire-demo-'));
  const remove = () => rm(dir, { recursive: true, force: true });
  const port = await freePort();
  const config = join(dir, 'mosquitto.conf');
  const lines = [
    `listener ${port} 127.0.0.1`,
    'allow_anonymous true',
    'persistence false',
    'log_type none',
    // Nagle's algorithm holds small messages back: 43 ms from prompt to masks instead of 1.5 ms (measured, QoS 1).
    'set_tcp_nodelay true',
  ];
  await writeFile(config, `${lines.join('\n')}\n`);
  // /usr/sbin is where Debian puts it, and not on an ordinary user's PATH.
  const env = { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin` };
  const child = spawn('mosquitto', ['-c', config], { stdio: 'ignore', env });
  const gone = new Promise<'gone'>((resolve) => {
    child.once('error', () => resolve('gone'));
    child.once('exit', () => resolve('gone'));
  });
  const started = await Promise.race([accepts(port), gone]);
  if (started !== 'up') {
    if (child.exitCode === null && child.pid !== undefined) child.kill();
    await remove();
    return undefined;
  }
  return {
    kind: 'mosquitto',
    port,
    url: `mqtt://127.0.0.1:${port}`,
    close: async () => {
      await stop(child);
      await remove();
    },
  };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await Promise.race([exited, sleep(2000).then(() => child.kill('SIGKILL'))]);
}

async function startAedes(): Promise<DemoBroker> {
  const { Aedes } = await import('aedes');
  const broker = await Aedes.createBroker();
  const server: Server = createServer({ noDelay: true }, broker.handle);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    kind: 'aedes',
    port,
    url: `mqtt://127.0.0.1:${port}`,
    close: async () => {
      await new Promise<void>((resolve) => broker.close(() => resolve()));
      server.close();
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Waits until somebody listens on the port. */
async function accepts(port: number): Promise<'up' | 'timed out'> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  while (performance.now() < deadline) {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return 'up';
    } catch {
      await sleep(50);
    } finally {
      socket.destroy();
    }
  }
  return 'timed out';
}

/** Says what to do where no broker could be started at all. */
export function noBroker(cause: unknown): UnavailableError {
  return new UnavailableError(
    'The demo could not start a broker on 127.0.0.1. Run: sudo apt-get install -y mosquitto',
    { cause },
  );
}
