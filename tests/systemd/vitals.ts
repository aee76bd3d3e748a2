import type { CameraVitals, Vitals } from '../../src/systemd/vitals.js';

export function camera(
  name: string,
  state: CameraVitals['state']['state'] = 'streaming',
  more: { readonly message?: string; readonly quietMs?: number } = {},
): CameraVitals {
  const error =
    more.message === undefined ? {} : { error: { code: 'no_frame' as const, message: more.message } };
  return {
    name,
    state: { state, fps: 15, width: 64, height: 64, since: 0, ...error },
    quietMs: more.quietMs ?? 0,
  };
}

/** A service that is well, but for `parts`. */
export function vitals(parts: Partial<Vitals> = {}): Vitals {
  return {
    node: { state: 'online', version: '0.1.0', backend: 'onnx', model: 'samwire-tiny', since: 0 },
    cameras: [camera('front')],
    broker: { url: 'mqtt://127.0.0.1:1883', connected: true, problem: null },
    load: null,
    run: { atWorkMs: null, slowestMs: 0 },
    ...parts,
  };
}

export function loading(parts: Partial<NonNullable<Vitals['load']>> = {}): Partial<Vitals> {
  return {
    node: { state: 'starting', version: '0.1.0', backend: null, model: null, since: 0 },
    load: { quietMs: 0, prolongs: false, problem: null, step: null, ...parts },
  };
}
