import { ConfigError, SamwireError } from '../errors.js';

/** Of a file with more faults, the first are told. */
const MAX_TOLD = 50;

/** Why a config file is not taken, for who asked for the reload. What is no fault of the file is thrown on. */
export function invalidConfig(thrown: unknown): SamwireError {
  if (!(thrown instanceof ConfigError)) throw thrown;
  const [summary = thrown.message] = thrown.message.split('\n');
  const details = thrown.faults
    .slice(0, MAX_TOLD)
    .map(({ path, expected, got }) => ({ path, expected, got }));
  const message = `${summary.replace(/:$/, '.')} The node goes on with the config that it has.`;
  return new SamwireError('invalid_config', message, { details, cause: thrown });
}
