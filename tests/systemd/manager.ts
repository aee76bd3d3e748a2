/** A service manager's notify socket, as systemd opens it: who sends, and what, in their order. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** Node has no unix datagram sockets. */
const LISTENER = `
import json, socket, struct, sys
name = sys.argv[1]
server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
server.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
server.bind("\\0" + name[1:] if name[0] == "@" else name)
print("listening", flush=True)
while True:
    data, ancillary, _, _ = server.recvmsg(65536, 256)
    pid = struct.unpack("3i", ancillary[0][2][:12])[0]
    print(json.dumps({"pid": pid, "text": data.decode()}), flush=True)
`;

export interface Datagram {
  readonly pid: number;
  readonly told: Readonly<Record<string, string>>;
  /** On the monotonic clock. */
  readonly atMs: number;
}

export interface Manager {
  /** For NOTIFY_SOCKET. */
  readonly socket: string;
  readonly received: readonly Datagram[];
  /** Values of a name, in their order. */
  values(name: string): readonly string[];
  /** The first datagram, from `from` on, that fits. */
  next(fits: (told: Datagram['told']) => boolean, what: string, from?: number): Promise<Datagram>;
  close(): Promise<void>;
}

const WAIT_MS = 40_000;

export async function startManager({ abstract = false } = {}): Promise<Manager> {
  const dir = await mkdtemp(join(tmpdir(), 'samwire-manager-'));
  const socket = abstract ? `@samwire-test-${process.pid}-${Date.now()}` : join(dir, 'notify');
  const child = spawn('python3', ['-c', LISTENER, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
  const received: Datagram[] = [];
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    void ended.then(() => reject(new Error('The listener ended.')));
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line === 'listening') return resolve();
      const { pid, text } = JSON.parse(line) as { readonly pid: number; readonly text: string };
      const told = Object.fromEntries(text.split('\n').map((one) => one.split(/=(.*)/s).slice(0, 2)));
      received.push({ pid, told, atMs: performance.now() });
    });
  });
  return {
    socket,
    received,
    values: (name) => received.flatMap(({ told }) => told[name] ?? []),
    async next(fits, what, from = 0) {
      const deadline = Date.now() + WAIT_MS;
      for (;;) {
        const found = received.slice(from).find(({ told }) => fits(told));
        if (found) return found;
        if (Date.now() > deadline)
          throw new Error(
            `Expected ${what}, got ${JSON.stringify(
              received
                .filter(({ told }) => !told.WATCHDOG)
                .slice(-5)
                .map(({ told }) => told),
            )}`,
          );
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
    async close() {
      child.kill('SIGKILL');
      await ended;
      await rm(dir, { recursive: true, force: true });
    },
  };
}
