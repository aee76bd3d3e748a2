import '../onnx/no-telemetry.js';
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Worker } from 'node:worker_threads';
import { ConfigError, SamwireError, toSamwireError, UnavailableError } from '../errors.js';
import type { ChildMessage, Task } from './tasks.js';

// A process for one task: a line with it on standard input, progress and result as lines on descriptor 3.
const CHANNEL = 3;
const NO_SPACE: readonly unknown[] = ['ENOSPC', 'EDQUOT'];

function send(message: ChildMessage): void {
  writeSync(CHANNEL, `${JSON.stringify(message)}\n`);
}

/** Each task loads what it needs alone: a build needs neither onnxruntime nor a reader of graphs, a third of a second. */
async function run(task: Task): Promise<unknown> {
  switch (task.task) {
    case 'prepare':
      return (await import('./prepare.js')).prepareGraphs(task);
    case 'build':
      return build(task.request);
    case 'reference':
      return (await import('./self-test.js')).makeReference(task);
    case 'self-test':
      return (await import('./self-test.js')).runSelfTest(task);
  }
}

/** On a thread of its own, for it takes minutes: this one must notice when nobody waits for it any more. */
function build(request: Extract<Task, { task: 'build' }>['request']): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./build-worker.js', import.meta.url), {
      workerData: { request, channel: CHANNEL },
    });
    worker.once('error', reject);
    worker.once('message', (message: ChildMessage) => {
      send(message);
      resolve(undefined);
    });
  });
}

function failure(thrown: unknown): ChildMessage {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  if (thrown instanceof ConfigError)
    return { failed: { kind: 'config', message, faults: thrown.faults.map(plain) } };
  if (thrown instanceof UnavailableError) return { failed: { kind: 'unavailable', message, faults: [] } };
  if (thrown instanceof Error && 'code' in thrown && NO_SPACE.includes(thrown.code)) {
    const full = `There is no room for what TensorRT engines are built from (${message}). Make room there.`;
    return { failed: { kind: 'transient', message: full, faults: [] } };
  }
  const error = toSamwireError(thrown);
  const kind = thrown instanceof SamwireError ? 'samwire' : 'other';
  return {
    failed: { kind, code: error.code, message: error.message, faults: error.details.map(plain) },
  };
}

function plain({ path, expected, got }: { path: string; expected: string; got: string }) {
  return { path, expected, got };
}

const lines = createInterface({ input: process.stdin });
lines.once('line', (line) => {
  const task = JSON.parse(line) as Task;
  run(task)
    .then(
      (result) => {
        if (result !== undefined) send({ result });
      },
      (thrown) => send(failure(thrown)),
    )
    .finally(() => process.exit());
});
// Whoever asked is gone. A build does not listen to process.exit.
lines.once('close', () => process.kill(process.pid, 'SIGKILL'));
