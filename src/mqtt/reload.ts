import { SamwireError } from '../errors.js';
import type { Reloading } from './service.js';

/**
 * Has the service put together anew with its config file.
 * @throws SamwireError `invalid_config`; `unknown_request` where there is nothing to read again.
 */
export function reloadWith(reload: (() => Reloading) | null | undefined): Reloading {
  if (reload) return reload();
  throw new SamwireError(
    'unknown_request',
    'This node has no config file that could be read again: it was not started by samwire run.',
  );
}
