import { parentPort, workerData } from 'node:worker_threads';
import { ConfigError, toSamwireError } from '../../errors.js';
import { readModelDirectory } from '../../models/directory.js';
import { verifyFiles } from '../../models/verify.js';
import { loadAddon } from '../../native/addon.js';
import { OnnxEngine } from './engine.js';
import { loadOnnxModel } from './model.js';
import type { WorkerMessage, WorkerRequest, WorkerStart } from './protocol.js';
import { warmUp } from './warm-up.js';

// The inference thread: one model, one request at a time, in the order in which they came.
const port = parentPort;
if (!port) throw new Error('worker.js is started as a worker thread by backend.ts');
const post = (message: WorkerMessage): void => port.postMessage(message);

async function load(start: WorkerStart): Promise<OnnxEngine | undefined> {
  try {
    const directory = await readModelDirectory(start.dir);
    await verifyFiles(directory);
    const model = await loadOnnxModel(directory, start.threads);
    const addon = loadAddon();
    const engine = new OnnxEngine(model, addon);
    if (start.warmUp) await warmUp(engine, addon);
    post({ type: 'ready', model: directory.manifest.name, mending: model.mending });
    return engine;
  } catch (thrown) {
    const faults = thrown instanceof ConfigError ? thrown.faults : [];
    post({ type: 'refused', message: thrown instanceof Error ? thrown.message : String(thrown), faults });
    return undefined;
  }
}

const engine = await load(workerData as WorkerStart);
let last: Promise<void> = Promise.resolve();

async function serve({ id, request }: WorkerRequest): Promise<void> {
  try {
    if (engine) post({ type: 'result', id, result: await engine.segment(request) });
  } catch (thrown) {
    post({ type: 'failed', id, error: toSamwireError(thrown).toBody() });
  }
}

port.on('message', (message: WorkerRequest | 'close') => {
  if (message === 'close') {
    void last.then(() => port.close());
    return;
  }
  last = last.then(() => serve(message));
});
