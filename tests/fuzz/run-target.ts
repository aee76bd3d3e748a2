import { Worker } from 'node:worker_threads';
import { CURRENT_BYTES, type WorkerFinding, type WorkerMessage, type WorkerTask } from './protocol.js';

/** An input that is at work for so long never ends. */
const HANG_MS = 10_000;
/** A campaign's heap: an input that needs more than this allocates without a bound. */
const HEAP_MB = 512;

export interface TargetReport {
  readonly runs: number;
  readonly kept: number;
  readonly covered: number;
  readonly slowestMs: number;
  readonly growthBytes: number;
  readonly seconds: number;
  readonly finding: WorkerFinding | undefined;
}

/** Runs a campaign to its end, or until an input hangs, or takes the thread down with it. */
export function runTarget(
  task: Omit<WorkerTask, 'current'>,
  onKept: (input: Uint8Array) => void,
): Promise<TargetReport> {
  const current = new SharedArrayBuffer(CURRENT_BYTES);
  const numbers = new Uint32Array(current, 0, 2);
  const startedMs = performance.now();
  const worker = new Worker(new URL('./worker.js', import.meta.url), {
    workerData: { ...task, current } satisfies WorkerTask,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
  });
  return new Promise((resolve) => {
    let last = { number: 0, atMs: startedMs };
    const end = (report: Omit<TargetReport, 'seconds'>): void => {
      clearInterval(timer);
      resolve({ ...report, seconds: (performance.now() - startedMs) / 1000 });
      void worker.terminate();
    };
    const broken = (text: string): void => {
      const input = new Uint8Array(current, 8).slice(0, numbers[1]);
      end({
        runs: numbers[0] ?? 0,
        kept: 0,
        covered: 0,
        slowestMs: 0,
        growthBytes: 0,
        finding: { input, text },
      });
    };
    const timer = setInterval(() => {
      const number = Atomics.load(numbers, 0);
      if (number !== last.number) last = { number, atMs: performance.now() };
      else if (number > 0 && performance.now() - last.atMs > HANG_MS)
        broken(`runs for more than ${HANG_MS} ms`);
    }, 500);
    worker.on('message', (message: WorkerMessage) => {
      if (message.kind === 'kept') onKept(message.input);
      else end({ ...message.result, finding: message.finding });
    });
    // An unhandled rejection, or the end of the thread's memory.
    worker.once('error', (error) =>
      broken(error instanceof Error ? (error.stack ?? error.message) : String(error)),
    );
    worker.once('exit', () => broken('the thread ended'));
  });
}
