import { setImmediate } from 'node:timers/promises';

/** MQTT and cameras live on the same thread, which work of ours must not hold for longer. */
const LONGEST_MS = 10;

/** To be awaited between steps of a long piece of work: lets others run where the last time is too long ago. */
export function createPause(now = (): number => performance.now()): () => Promise<void> {
  let sinceMs = now();
  return async () => {
    if (now() - sinceMs < LONGEST_MS) return;
    await setImmediate();
    sinceMs = now();
  };
}
