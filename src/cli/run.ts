import type { Logger } from 'pino';
import { exposedFiles } from '../config/files.js';
import { loadConfig } from '../config/load.js';
import type { Config } from '../config/schema.js';
import { takeServiceManager } from '../config/service-manager.js';
import { SamwireError } from '../errors.js';
import { createLogger } from '../log.js';
import { loadAddon } from '../native/addon.js';
import { ServiceProcess } from '../serve/service-process.js';
import { handleSignals } from '../serve/signals.js';
import { Notifier } from '../systemd/notifier.js';
import { Reporter } from '../systemd/reporter.js';
import { reportCrashes } from './crash.js';
import { EXIT } from './exit.js';

export interface RunCommand {
  readonly config: string | undefined;
  readonly logLevel: string | undefined;
}

/** `samwire run`: serves until SIGINT, SIGTERM or a fault that it can't go on with; SIGHUP reads the config again. */
export async function runCommand(command: RunCommand): Promise<number> {
  const manager = takeServiceManager();
  const read = () => {
    const loaded = loadConfig(command.config);
    return {
      ...loaded,
      warnings: [...noCamera(loaded.config), ...loaded.warnings, ...exposedFiles(loaded.config)],
    };
  };
  const logger = loggers(command.logLevel);
  const first = read();
  const addon = loadAddon();
  const log = logger(first.config);
  reportCrashes(log);
  const reporter =
    manager &&
    new Reporter({
      notifier: new Notifier({ addon, socket: manager.socket, log }),
      watchdogMs: manager.watchdogMs,
      log,
    });
  const service = new ServiceProcess({
    first,
    read,
    logger,
    reporter,
    exitNow: (code) => addon.exitNow(code),
  });
  const stopListening = handleSignals({
    log: () => service.log,
    onTerminal: process.stderr.isTTY === true,
    onStop: () => service.end(EXIT.done),
    onReload: () => reloadBySignal(service),
    onImpatient: () => addon.exitNow(EXIT.interrupted),
  });
  reporter?.start();
  try {
    return await service.run();
  } finally {
    stopListening();
    reporter?.close();
  }
}

/** The log that a config wants; the one before where it wants the same. */
function loggers(logLevel: string | undefined): (config: Config) => Logger {
  let last: { readonly level: string; readonly pretty: boolean; readonly log: Logger } | null = null;
  return ({ log: { level: configured, pretty } }) => {
    const level = logLevel ?? configured;
    if (last?.level !== level || last.pretty !== pretty)
      last = { level, pretty, log: createLogger({ level, pretty }) };
    return last.log;
  };
}

function reloadBySignal(service: ServiceProcess): void {
  try {
    service.reload();
  } catch (error) {
    // It is in the log; nobody waits for an answer.
    if (!(error instanceof SamwireError)) throw error;
  }
}

/** It may be meant. */
function noCamera({ cameras, jobs }: Config): { readonly path: string; readonly message: string }[] {
  if (Object.keys(cameras).length > 0) return [];
  const served = jobs.enabled ? 'only jobs and requests are served' : 'only requests are served';
  return [{ path: 'cameras', message: `no camera is configured: ${served}` }];
}
