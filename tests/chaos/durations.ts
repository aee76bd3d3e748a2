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
  readonly camerasFlapping: { readonly forMs: number; readonly quietMs: number };
  readonly workerDies: { readonly deaths: number; readonly everyMs: number; readonly perSec: number };
  /** Each of so many clients comes once in each round. */
  readonly manyClients: { readonly clients: number; readonly rounds: number };
  readonly slowBroker: { readonly forMs: number; readonly perSec: number };
}

const BRIEF: Durations = {
  brokerKilled: { forMs: 6000, everyMs: 2500, perSec: 20 },
  brokerStopped: { times: 1, upMs: 1500, downMs: 500, perSec: 20 },
  camerasFlapping: { forMs: 6000, quietMs: 2000 },
  workerDies: { deaths: 2, everyMs: 1500, perSec: 10 },
  manyClients: { clients: 30, rounds: 4 },
  slowBroker: { forMs: 5000, perSec: 4 },
};

const FULL: Durations = {
  brokerKilled: { forMs: 120_000, everyMs: 5000, perSec: 50 },
  brokerStopped: { times: 5, upMs: 6000, downMs: 3000, perSec: 50 },
  camerasFlapping: { forMs: 90_000, quietMs: 10_000 },
  workerDies: { deaths: 20, everyMs: 3000, perSec: 20 },
  manyClients: { clients: 1000, rounds: 16 },
  slowBroker: { forMs: 40_000, perSec: 4 },
};

export const DURATIONS: Durations = LONG ? FULL : BRIEF;

/** Far above what any scenario takes on a busy machine: a hang ends there. */
export const TIMEOUT_MS = LONG ? 600_000 : 120_000;
