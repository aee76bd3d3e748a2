import type { Service } from '../main.js';
import { isRobots } from './prompter.js';

/** From the last answer to somebody else: as long as a person takes for the next click on the same object. */
const YIELD_MS = 2500;

/**
 * Whether somebody but the robot wants the model: a person who clicks in the console, an object that is followed, a
 * client on the broker. The robot would otherwise keep it busy: each click waited for a run of six prompts, and what
 * is followed got a tenth of the model's time (docs/scheduling.md).
 */
export function whoElseAsks(service: Pick<Service, 'onMasks' | 'waiting'>): {
  readonly othersAsk: () => boolean;
  readonly close: () => void;
} {
  let lastAt = Number.NEGATIVE_INFINITY;
  const close = service.onMasks((_camera, message) => {
    if (!isRobots(message)) lastAt = performance.now();
  });
  const othersAsk = (): boolean => {
    // The robot has at most one request, and looks while it has none.
    if (service.waiting() > 0) lastAt = performance.now();
    return performance.now() - lastAt < YIELD_MS;
  };
  return { othersAsk, close };
}
