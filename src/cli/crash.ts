import type { Logger } from 'pino';
import { loadAddon } from '../native/addon.js';
import { EXIT } from './exit.js';

/**
 * An error that nobody caught ends the process, so that it is started anew, and is told as one line of the log: Node
 * itself would print the error with all its properties, a camera's URI with its password among them.
 */
export function reportCrashes(log: Logger): void {
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'a bug ended the service; please report it');
    loadAddon().exitNow(EXIT.failed);
  });
}
