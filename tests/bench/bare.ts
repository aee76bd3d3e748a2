import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { BareModel, BareRun, BareTimes } from './bare-worker.js';

/** onnxruntime-node by itself in a worker thread: what a frame would cost if nothing but the network had to run. */
export interface Bare {
  /** The encoder once, then the decoder for all prompts. */
  run(request: BareRun): Promise<BareTimes>;
  close(): Promise<void>;
}

export async function startBare(model: BareModel): Promise<Bare> {
  const worker = new Worker(new URL('./bare-worker.js', import.meta.url), { workerData: model });
  await once(worker, 'message');
  return {
    run: async (request) => {
      const answer = once(worker, 'message');
      worker.postMessage(request);
      const [times] = await answer;
      return times as BareTimes;
    },
    close: async () => {
      await worker.terminate();
    },
  };
}
