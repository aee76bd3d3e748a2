import type { CameraStatus, Status } from '../../../src/http/live/protocol.js';

export const STREAMING: CameraStatus = {
  state: 'streaming',
  fps: 15,
  width: 640,
  height: 480,
  since: 0,
  longestGapMs: 120,
  reopens: 0,
};

/** A node that is well, and what differs. */
export function status(differs: Partial<Status> = {}): Status {
  return {
    type: 'status',
    at: 1_000_000,
    node: { state: 'online', version: '0.1.0', backend: 'onnx', model: 'samwire-tiny', since: 0 },
    broker: { url: 'mqtt://127.0.0.1:1883', connected: true, protocol: '5', problem: null },
    cameras: { front: STREAMING },
    stages: {},
    answers: 0,
    queue: 0,
    drops: {},
    rssBytes: 0,
    eventLoopDelayMs: 0,
    ...differs,
  };
}
