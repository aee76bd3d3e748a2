import { maskSecrets } from '../secrets.js';
import type { CameraVitals, Vitals } from './vitals.js';

/** `systemctl status` shows one line. */
const MAX_CHARACTERS = 500;

/** What a person reads in `systemctl status`: what the service does, and what is wrong. Without secrets. */
export function statusLine(vitals: Vitals, notes: readonly string[] = []): string {
  return oneLine([work(vitals), cameras(vitals.cameras), broker(vitals), ...notes].join('; '));
}

/** Without line ends, and with no more than a line can hold. */
export function oneLine(text: string): string {
  const line = maskSecrets(text)
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim();
  return line.length > MAX_CHARACTERS ? `${line.slice(0, MAX_CHARACTERS - 1)}…` : line;
}

function work({ node, load }: Vitals): string {
  const { state, model, backend, progress } = node;
  const problem = load?.problem == null ? '' : ` (the last try: ${load.problem})`;
  switch (state) {
    case 'starting':
      return `starting: the model is being loaded${problem}`;
    case 'building': {
      const step = load?.step == null ? '' : ` (${load.step})`;
      return `building TensorRT engines of ${model}, ${Math.floor((progress ?? 0) * 100)} %${step}${problem}`;
    }
    case 'online':
      return `online: ${model} on ${backend}`;
    case 'offline':
    case 'stopped':
      return 'stopping';
  }
}

function cameras(all: readonly CameraVitals[]): string {
  const enabled = all.filter(({ state }) => state.state !== 'disabled');
  if (enabled.length === 0) return 'no camera';
  const streaming = enabled.filter(({ state }) => state.state === 'streaming');
  const wrong = enabled
    .filter(({ state }) => state.state !== 'streaming')
    .map(({ name, state }) => `${name} ${state.state}${state.error ? `: ${state.error.message}` : ''}`);
  const told = `${streaming.length} of ${enabled.length} camera${enabled.length === 1 ? '' : 's'} streaming`;
  return wrong.length === 0 ? told : `${told} (${wrong.join(', ')})`;
}

function broker({ broker: { url, connected, problem } }: Vitals): string {
  if (connected) return `broker ${url} connected`;
  return problem === null ? `broker ${url} not connected yet` : `broker ${url} not connected: ${problem}`;
}
