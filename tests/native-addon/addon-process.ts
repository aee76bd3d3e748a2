import { spawn } from 'node:child_process';
import { PACKAGE_ROOT } from '../../src/native/addon.js';

/** A line of script: `addon`, from this file. */
export const loading = (path: string): string => `
  const addon = require(${JSON.stringify(path)});
  addon.setErrorClass(class extends Error {
    constructor(code, message) { super(message); this.code = code; }
  });
`;

/** What every script begins with: the addon itself, and cameras by URI. */
const PRELUDE = `
  ${loading(`${PACKAGE_ROOT}build/Release/samwire.node`)}
  const open = (source, onEvent = () => {}) => addon.openCamera({
    ...addon.cameraPipeline({ source, ...(source.startsWith('test:') ? { width: 64, height: 48, fps: 100 } : {}) }),
    historyMs: 100, historyBytes: 1e6, clockOffsetMs: 0, lastSeq: 0,
  }, onEvent);
`;

/** A camera that does not stop within 20 seconds of its first frame, which sleeps in one of its elements. */
export const HANGING =
  'gst://videotestsrc is-live=true ! video/x-raw,width=64,height=48,framerate=50/1 ! identity sleep-time=20000000';

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
  readonly tookMs: number;
}

/**
 * Runs a script that has the addon as `addon`, `open(uri, onEvent)` and `gc()`, in a process of its own: what it
 * does to that process is what a test looks at. Killed after `limitMs`.
 */
export function runProcess(script: string, limitMs = 40_000): Promise<Ended> {
  return runPlainProcess(PRELUDE + script, limitMs);
}

/** The same without the addon in the main thread. */
export function runPlainProcess(script: string, limitMs = 40_000): Promise<Ended> {
  return new Promise((resolve) => {
    const start = Date.now();
    const child = spawn(process.execPath, ['--expose-gc', '-e', script], {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: limitMs,
      killSignal: 'SIGKILL',
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    child.on('close', (code, signal) => resolve({ code, signal, output, tookMs: Date.now() - start }));
  });
}

/** The source of a thread that has the addon, runs `body`, and posts what it hands to `ready(value)`. It does not end by itself. */
export const workerSource = (body: string, prelude = PRELUDE): string => `
    const ready = (value) => require('node:worker_threads').parentPort.postMessage(value);
    setInterval(() => {}, 1000);
    ${prelude}
    ${body}`;

/**
 * A line of script: `startWorker()` starts a thread of `workerSource` and answers it once it has called `ready(value)`, as
 * `{ worker, value }`.
 */
export function defineWorker(body: string, prelude?: string): string {
  return `const startWorker = () => new Promise((resolve, reject) => {
    const { Worker } = require('node:worker_threads');
    const worker = new Worker(${JSON.stringify(workerSource(body, prelude))}, { eval: true });
    worker.once('message', (value) => resolve({ worker, value }));
    worker.once('error', reject);
  });`;
}
