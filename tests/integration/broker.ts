/**
 * A real Mosquitto for the integration tests: its own port on 127.0.0.1, its own directory, ended by its process id.
 * Nothing here is shared between tests, so that each may kill, restart or reconfigure its broker.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import type { TlsFiles } from './certificates.js';

const run = promisify(execFile);

/** Debian puts the broker into /usr/sbin, which is not on every user's PATH. */
function findProgram(name: string): string | null {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', '/usr/bin'];
  for (const folder of folders) {
    const path = join(folder, name);
    if (folder !== '' && existsSync(path)) return path;
  }
  return null;
}

/** Why the integration tests can't run on this machine, or null: `describe.skipIf(brokerMissing() !== null)`. */
export function brokerMissing(): string | null {
  if (findProgram('mosquitto') === null) return 'mosquitto is not installed (apt-get install mosquitto)';
  if (findProgram('mosquitto_passwd') === null) return 'mosquitto_passwd is not installed';
  return null;
}

/** A TCP port of 127.0.0.1 that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

export interface BrokerOptions {
  /** A port from `freePort()`, where the URL must be known before the broker runs. */
  readonly port?: number;
  /** User name → password; anonymous clients are refused when it is given. */
  readonly passwords?: Readonly<Record<string, string>>;
  /** Serves TLS with these files. */
  readonly tls?: TlsFiles;
  /** With `tls`: clients must show a certificate of the CA. */
  readonly requireClientCertificate?: boolean;
  /** `max_packet_size`: told to MQTT 5 clients, enforced by closing the connection on others. */
  readonly maxPacketBytes?: number;
  /** Serves MQTT over WebSockets instead of TCP. */
  readonly websockets?: boolean;
  /** Keeps sessions and retained messages on disk, saved at every change, so that they survive a kill. */
  readonly persistence?: boolean;
  /** A mosquitto.conf of its own in the place of all that: of a listener on `port`. `tls` says what its URL is. */
  readonly wholeConfig?: (port: number) => string;
  /** Further lines of mosquitto.conf. */
  readonly extraLines?: readonly string[];
}

export interface Broker {
  readonly url: string;
  readonly port: number;
  /** What the broker logged since its first start. */
  log(): string;
  /** SIGKILL, as a power cut does; `start()` brings it back on the same port. */
  kill(): Promise<void>;
  /** SIGTERM: clients get a DISCONNECT. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Ends the broker and removes its directory. */
  close(): Promise<void>;
}

async function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

async function writeConfig(directory: string, port: number, options: BrokerOptions): Promise<string> {
  const lines = [
    // Mosquitto 2.0 gives up when it serves WebSockets alone ("unable to start any listening sockets").
    ...(options.websockets ? [`listener ${await freePort()} 127.0.0.1`] : []),
    // Started by root, Mosquitto would become the user `mosquitto`, who can't read this directory.
    ...(process.getuid?.() === 0 ? ['user root'] : []),
    `listener ${port} 127.0.0.1`,
    'log_dest stderr',
    'log_type all',
    // As docs/mqtt.md recommends: by default Mosquitto's answers wait up to 40 ms for Nagle's algorithm.
    'set_tcp_nodelay true',
    `allow_anonymous ${options.passwords === undefined}`,
  ];
  if (options.websockets) lines.push('protocol websockets');
  if (options.passwords !== undefined) {
    const file = join(directory, 'passwords');
    await writeFile(file, '', { mode: 0o600 });
    const program = findProgram('mosquitto_passwd') ?? 'mosquitto_passwd';
    for (const [user, password] of Object.entries(options.passwords)) {
      await run(program, ['-b', file, user, password]);
    }
    lines.push(`password_file ${file}`);
  }
  if (options.tls !== undefined) {
    lines.push(
      `cafile ${options.tls.ca}`,
      `certfile ${options.tls.serverCert}`,
      `keyfile ${options.tls.serverKey}`,
    );
    if (options.requireClientCertificate) lines.push('require_certificate true');
  }
  if (options.maxPacketBytes !== undefined) lines.push(`max_packet_size ${options.maxPacketBytes}`);
  if (options.persistence) {
    lines.push(
      'persistence true',
      `persistence_location ${directory}/`,
      'autosave_on_changes true',
      'autosave_interval 1',
    );
  } else {
    lines.push('persistence false');
  }
  lines.push(...(options.extraLines ?? []));
  const path = join(directory, 'mosquitto.conf');
  const text = options.wholeConfig?.(port) ?? lines.join('\n');
  await writeFile(path, `${text}\n`);
  return path;
}

function scheme(options: BrokerOptions): string {
  if (options.websockets) return options.tls === undefined ? 'ws' : 'wss';
  return options.tls === undefined ? 'mqtt' : 'mqtts';
}

/** Starts a Mosquitto and resolves when it accepts connections. The caller owes a `close()`. */
export async function startBroker(options: BrokerOptions = {}): Promise<Broker> {
  const program = findProgram('mosquitto');
  if (program === null) throw new Error(brokerMissing() ?? 'mosquitto is missing');
  const directory = await mkdtemp(join(tmpdir(), 'samwire-broker-'));
  await chmod(directory, 0o700);
  const port = options.port ?? (await freePort());
  const config = await writeConfig(directory, port, options);
  let child: ChildProcess | null = null;
  let log = '';

  async function start(): Promise<void> {
    if (child !== null) return;
    const started = spawn(program as string, ['-c', config], { stdio: ['ignore', 'ignore', 'pipe'] });
    child = started;
    started.stderr?.setEncoding('utf8').on('data', (text: string) => {
      log += text;
    });
    const deadline = Date.now() + 30_000;
    while (!(await accepts(port))) {
      if (started.exitCode !== null || Date.now() > deadline) {
        await end('SIGKILL');
        throw new Error(`Expected Mosquitto to listen on port ${port}; it logged:\n${log}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    const running = child;
    child = null;
    if (running === null || running.exitCode !== null || running.signalCode !== null) return;
    const exited = new Promise<void>((resolve) => running.once('exit', () => resolve()));
    running.kill(signal);
    await exited;
  }

  await start();
  return {
    url: `${scheme(options)}://127.0.0.1:${port}`,
    port,
    log: () => log,
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
    start,
    async close() {
      await end('SIGTERM');
      await rm(directory, { recursive: true, force: true });
    },
  };
}
