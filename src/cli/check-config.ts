import { unreadableFiles } from '../config/files.js';
import { configPath, loadConfig } from '../config/load.js';
import type { ConfigWarning } from '../config/warnings.js';
import { ConfigError, type ConfigFault } from '../errors.js';
import { EXIT } from './exit.js';

/** What `samwire check-config --json` prints. */
export interface ConfigReport {
  readonly valid: boolean;
  readonly path: string;
  /** Why the file is invalid, as text; with faults, they say it in parts. */
  readonly message?: string;
  readonly faults: readonly ConfigFault[];
  readonly warnings: readonly ConfigWarning[];
}

/** `samwire check-config [FILE]`. Resolves to the exit code: 0, or 78 when the file is invalid. */
export async function checkConfigCommand(
  file: string | undefined,
  options: { readonly json?: boolean },
): Promise<number> {
  const report = checkConfig(file);
  if (options.json) process.stdout.write(`${JSON.stringify(report)}\n`);
  else if (report.valid) process.stdout.write(validText(report));
  else process.stderr.write(`${report.message}\n`);
  return report.valid ? EXIT.done : EXIT.config;
}

/** The faults of a config file, or what to know about a valid one. */
export function checkConfig(file: string | undefined): ConfigReport {
  try {
    const { config, path, warnings } = loadConfig(file);
    return { valid: true, path, faults: [], warnings: [...warnings, ...unreadableFiles(config)] };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return {
      valid: false,
      path: configPath(file),
      message: error.message,
      faults: error.faults,
      warnings: [],
    };
  }
}

function validText({ path, warnings }: ConfigReport): string {
  const lines = warnings.map((warning) => `  warning: ${warning.path}: ${warning.message}\n`);
  return `${path} is valid.\n${lines.join('')}`;
}
