import { exposedFiles } from '../config/files.js';
import { loadConfig } from '../config/load.js';
import { createLogger } from '../log.js';
import { startService } from '../main.js';
import { loadAddon } from '../native/addon.js';
import { reportCrashes } from './crash.js';
import { EXIT } from './exit.js';

/**
 * A clean stop takes no longer than this; then the process ends all the same. It is gone within 5 s of the signal also
 * where the machine is busy.
 */
const STOP_TIMEOUT_MS = 4000;

export interface RunCommand {
  readonly config: string | undefined;
  readonly logLevel: string | undefined;
}

/** `samwire run`: serves until SIGINT, SIGTERM or a fault that it can't go on with. */
export async function runCommand(command: RunCommand): Promise<number> {
  const { config, path, warnings } = loadConfig(command.config);
  const log = createLogger({ level: command.logLevel ?? config.log.level, pretty: config.log.pretty });
  reportCrashes(log);
  for (const warning of [...warnings, ...exposedFiles(config)])
    log.warn({ path: warning.path }, warning.message);
  if (Object.keys(config.cameras).length === 0)
    log.warn(
      config.jobs.enabled
        ? 'no camera is configured: only jobs and requests are served'
        : 'no camera is configured: only requests are served',
    );
  log.info({ config: path, node: config.node.id, broker: config.mqtt.url }, 'starting');

  const stop = new AbortController();
  let end: (exitCode: number) => void = () => undefined;
  const ended = new Promise<number>((resolve) => {
    end = (exitCode) => {
      resolve(exitCode);
      stop.abort();
    };
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      log.info({ signal }, 'stopping');
      end(EXIT.done);
    });
  const onFatal = (reason: string, exitCode: number): void => {
    log.fatal(reason);
    end(exitCode);
  };
  const starting = startService({ config, log, onFatal, signal: stop.signal });
  // A start that fails ends the command with its error; one that is interrupted undoes itself.
  await Promise.race([starting, ended]);
  const exitCode = await ended;
  setTimeout(() => loadAddon().exitNow(exitCode), STOP_TIMEOUT_MS).unref();
  const service = await starting.catch(() => undefined);
  await service?.close();
  return exitCode;
}
