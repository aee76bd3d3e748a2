import { parentPort, workerData } from 'node:worker_threads';
import { ConfigError, SamwireError, toSamwireError } from '../../errors.js';
import { readModelDirectory } from '../../models/directory.js';
import { loadAddon } from '../../native/addon.js';
import type { InferenceEngine } from './inference-engine.js';
import { openEngine } from './open-engine.js';
import type { Ability, Ask, Asks, WorkerMessage, WorkerRequest, WorkerStart } from './protocol.js';
import { warmUp } from './warm-up.js';

// The inference thread: one model, one request at a time, in the order in which they came.
const port = parentPort;
if (!port) throw new Error('worker.js is started as a worker thread by backend.ts');
const post = (message: WorkerMessage): void => port.postMessage(message);

async function load(start: WorkerStart): Promise<InferenceEngine | undefined> {
  try {
    const directory = await readModelDirectory(start.dir);
    const addon = loadAddon();
    const { engine, mending } = await openEngine(directory, { ...start, addon });
    if (start.warmUp && start.part === 'all') await warmUp(engine, addon);
    post({ type: 'ready', model: directory.manifest.name, abilities: abilitiesOf(engine), mending });
    return engine;
  } catch (thrown) {
    const faults = thrown instanceof ConfigError ? thrown.faults : [];
    post({ type: 'refused', message: thrown instanceof Error ? thrown.message : String(thrown), faults });
    return undefined;
  }
}

function abilitiesOf(engine: InferenceEngine): Ability[] {
  const all: readonly Ability[] = ['proposals', 'everything', 'edges'];
  return all.filter((ability) => engine[ability] !== undefined);
}

/** The backend asks only for what `ready` has named. */
async function answer(
  engine: InferenceEngine,
  { ask, request }: WorkerRequest,
): Promise<Asks[Ask]['result'] | undefined> {
  switch (ask) {
    case 'segment':
      return engine.segment(request);
    case 'proposals':
      return engine.proposals?.(request);
    case 'everything':
      return engine.everything?.(request);
    case 'edges':
      return engine.edges?.(request);
  }
}

const engine = await load(workerData as WorkerStart);
let last: Promise<void> = Promise.resolve();

async function serve(request: WorkerRequest): Promise<void> {
  const { id } = request;
  try {
    const result = engine && (await answer(engine, request));
    if (result) post({ type: 'result', id, result });
    else throw new SamwireError('internal', `The model was asked for ${request.ask}, which it can't.`);
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
