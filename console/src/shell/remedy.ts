import type { RecentError } from '../../../src/health/recent-errors.js';
import { ERRORS_EXPLAINED } from '../../../src/remedies.js';

const BY_SOURCE: Readonly<Record<RecentError['source'], string>> = {
  message: 'mend the sender: the message says what was expected',
  camera:
    'it is opened again every few seconds; `samwire doctor` looks whether device, port or file are there',
  broker: 'see that the broker runs and that `mqtt.url` is right; `samwire doctor` tries it step by step',
  model: 'look at the log; `samwire models verify` tells whether the model runs at all',
};

/** What to do about an error: by its code, and for what comes without one by its source. A whole sentence. */
export function remedyOf({ source, code }: Pick<RecentError, 'source' | 'code'>): string {
  // A camera's faults all have one code, and their message says more than its explanation.
  const text =
    code === undefined || source === 'camera'
      ? BY_SOURCE[source]
      : (ERRORS_EXPLAINED[code]?.remedy ?? BY_SOURCE[source]);
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** Where it happened, for a heading. */
export function placeOf({ source, camera }: Pick<RecentError, 'source' | 'camera'>): string {
  const names = { message: 'Message', camera: 'Camera', broker: 'Broker', model: 'Model' } as const;
  if (camera === undefined) return names[source];
  return source === 'camera' ? `Camera ${camera}` : `${names[source]} for ${camera}`;
}
