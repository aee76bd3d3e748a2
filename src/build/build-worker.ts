import { parentPort, workerData } from 'node:worker_threads';
import { toSamwireError } from '../errors.js';
import { loadAddon } from '../native/addon.js';
import type { NativeBuildRequest } from '../native/build-types.js';
import type { ChildMessage } from './tasks.js';

// The thread of src/build/child.ts that builds.
const { request, channel } = workerData as { request: NativeBuildRequest; channel: number };

function build(): ChildMessage {
  try {
    return { result: loadAddon().buildEngine(request, channel) };
  } catch (thrown) {
    const { code, message } = toSamwireError(thrown);
    return { failed: { kind: 'samwire', code, message, faults: [] } };
  }
}

parentPort?.postMessage(build());
