import { maskSecrets } from '../secrets.js';
import type { NodeView } from './node-view.js';

export interface Readiness {
  readonly ok: boolean;
  /** What is, and for what is not ready why. Without addresses of cameras. */
  readonly detail: string;
}

export interface Ready {
  readonly ready: boolean;
  readonly checks: { readonly model: Readiness; readonly broker: Readiness; readonly cameras: Readiness };
}

/** Whether a prompt that comes now could be answered. */
export function readiness(node: Pick<NodeView, 'state' | 'broker' | 'cameras' | 'servesJobs'>): Ready {
  const checks = { model: model(node), broker: broker(node), cameras: cameras(node) };
  return { ready: Object.values(checks).every(({ ok }) => ok), checks };
}

/** What somebody without the token is told: no names of models and cameras, no broker's address. */
export function withoutNames({ ready, checks }: Ready): Ready {
  const told = ({ ok }: Readiness): Readiness => ({
    ok,
    detail: ok ? 'ready' : 'not ready; GET /api/info, with the token, and `samwire doctor` tell more',
  });
  const { model, broker, cameras } = checks;
  return { ready, checks: { model: told(model), broker: told(broker), cameras: told(cameras) } };
}

function model(node: Pick<NodeView, 'state'>): Readiness {
  const { state, model: name, backend, progress } = node.state();
  switch (state) {
    case 'online':
      return { ok: true, detail: `${name} on ${backend}` };
    case 'starting':
      return { ok: false, detail: 'the model is being loaded' };
    case 'building': {
      const share = progress === undefined ? '' : `, ${Math.round(progress * 100)} % done`;
      return { ok: false, detail: `TensorRT engines of ${name} are being built${share}` };
    }
    case 'offline':
    case 'stopped':
      return { ok: false, detail: 'the service stops' };
  }
}

function broker(node: Pick<NodeView, 'broker'>): Readiness {
  const { connected, protocol, problem } = node.broker();
  if (connected) return { ok: true, detail: `connected, MQTT ${protocol}` };
  return { ok: false, detail: problem === null ? 'not connected yet' : maskSecrets(problem) };
}

function cameras({ cameras: all, servesJobs }: Pick<NodeView, 'cameras' | 'servesJobs'>): Readiness {
  const states = [...all.values()].map(({ name, state }) => ({ name, ...state }));
  if (states.length === 0)
    return servesJobs
      ? { ok: true, detail: 'none is configured; jobs are served' }
      : { ok: false, detail: 'none is configured, and jobs.enabled is false' };
  const told = states.map(({ name, state, error }) => `${name}: ${state}${error ? ` (${error.code})` : ''}`);
  return { ok: states.some(({ state }) => state === 'streaming'), detail: told.join(', ') };
}
