/** How long each scenario lasts: briefly within `npm test`, in full by `npm run test:chaos`. */

/** Set by scripts/chaos.mjs. */
export const LONG = process.env.SAMWIRE_CHAOS === 'long';

interface Durations {
  /** How long the broker is killed again and again, how often, and the prompts a second meanwhile. */
  readonly brokerKilled: { readonly forMs: number; readonly everyMs: number; readonly perSec: number };
  readonly brokerStopped: {
    readonly times: number;
    readonly upMs: number;
    readonly downMs: number;
    readonly perSec: number;
  };
}

const BRIEF: Durations = {
  brokerKilled: { forMs: 6000, everyMs: 2500, perSec: 20 },
  brokerStopped: { times: 1, upMs: 1500, downMs: 500, perSec: 20 },
};

const FULL: Durations = {
  brokerKilled: { forMs: 120_000, everyMs: 5000, perSec: 50 },
  brokerStopped: { times: 5, upMs: 6000, downMs: 3000, perSec: 50 },
};

export const DURATIONS: Durations = LONG ? FULL : BRIEF;

/** Far above what any scenario takes on a busy machine: a hang ends there. */
export const TIMEOUT_MS = LONG ? 600_000 : 120_000;
