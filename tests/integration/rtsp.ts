/** A real RTSP camera for tests (tests/native/rtsp_server.cc) in a process of its own, to be killed and frozen. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { PACKAGE_ROOT } from '../../src/native/addon.js';
import { freePort } from './broker.js';
import { owe } from './mqtt/harness.js';

/** Of the native tests' build, or of SAMWIRE_RTSP_SERVER; null where there is none. */
export function rtspServer(): string | null {
  const path = process.env.SAMWIRE_RTSP_SERVER ?? join(PACKAGE_ROOT, 'build/tests/tests/native/rtsp_server');
  return existsSync(path) ? path : null;
}

export interface RtspCameraOptions {
  readonly port?: number;
  readonly width?: number;
  readonly height?: number;
  readonly fps?: number;
  readonly user?: string;
  readonly password?: string;
}

export interface RtspCamera {
  readonly port: number;
  readonly url: string;
  kill(): Promise<void>;
  freeze(): void;
  thaw(): void;
  /** After `kill()`, on the same port; options that are not given stay. */
  start(options?: RtspCameraOptions): Promise<void>;
}

/** Resolves when it serves; killed at the end of the test. */
export async function rtspCamera(options: RtspCameraOptions = {}): Promise<RtspCamera> {
  const port = options.port ?? (await freePort());
  let current: RtspCameraOptions = { width: 320, height: 240, fps: 15, ...options, port };
  let child: ChildProcess | undefined;

  async function kill(): Promise<void> {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  async function start(more: RtspCameraOptions = {}): Promise<void> {
    current = { ...current, ...more };
    const values = Object.entries(current).flatMap(([name, value]) => [`--${name}`, String(value)]);
    child = spawn(rtspServer() as string, values, { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(createInterface({ input: child.stdout as NodeJS.ReadableStream }), 'line');
  }

  await start();
  owe(kill);
  return {
    port,
    url: `rtsp://127.0.0.1:${port}/stream`,
    kill,
    freeze: () => child?.kill('SIGSTOP'),
    thaw: () => child?.kill('SIGCONT'),
    start,
  };
}
