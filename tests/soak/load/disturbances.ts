/** Cameras that are opened anew, a broker that goes away, every now and then. */
import type { Paced } from '../pace.js';
import { pace } from '../pace.js';
import { CAMERAS, type Site } from '../site.js';

const BROKER_AWAY_MS = 3000;

export interface DisturbanceOptions {
  /** 0: never. */
  readonly brokerEveryMs: number;
  readonly cameraEveryMs: number;
  readonly onDisturbed: (what: 'broker' | 'camera') => void;
}

export function disturbances(site: Site, options: DisturbanceOptions): Paced {
  const { brokerEveryMs, cameraEveryMs, onDisturbed } = options;
  const onError = (error: unknown): void => site.tally.fail(`${error}`);
  const paced: Paced[] = [];
  if (brokerEveryMs > 0)
    paced.push(
      pace({
        everyMs: brokerEveryMs,
        onError,
        work: async (turn) => {
          onDisturbed('broker');
          site.tally.add('broker restarts');
          await (turn % 2 === 0 ? site.broker.stop() : site.broker.kill());
          await new Promise((resolve) => setTimeout(resolve, BROKER_AWAY_MS));
          await site.broker.start();
        },
      }),
    );
  if (cameraEveryMs > 0)
    paced.push(
      pace({
        everyMs: cameraEveryMs,
        onError,
        work: async (turn) => {
          onDisturbed('camera');
          site.tally.add('camera restarts');
          const url = `${site.httpUrl}/api/cameras/${CAMERAS[turn % 2]}/restart`;
          const response = await fetch(url, { method: 'POST' });
          await response.arrayBuffer();
          if (!response.ok) site.tally.fail(`A camera's restart was answered with ${response.status}`);
        },
      }),
    );
  return {
    stop: async () => {
      await Promise.all(paced.map((each) => each.stop()));
    },
  };
}
