import { exposedFiles, unreadableFiles } from '../config/files.js';
import { configPath, loadConfig, type MigratedConfig, migrateConfig } from '../config/load.js';
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
  /** With `--migrate`. */
  readonly migrated?: Omit<MigratedConfig, 'path'>;
}

/**
 * `samwire check-config [--migrate] [FILE]`. Resolves to the exit code: 0, or 78 when the file is invalid or could not be
 * migrated.
 */
export async function checkConfigCommand(
  file: string | undefined,
  options: { readonly json?: boolean; readonly migrate?: boolean },
): Promise<number> {
  const report = options.migrate ? checkMigrated(file) : checkConfig(file);
  if (options.json) process.stdout.write(`${JSON.stringify(report)}\n`);
  else if (report.valid) process.stdout.write(validText(report));
  else process.stderr.write(`${report.message}\n`);
  return report.valid ? EXIT.done : EXIT.config;
}

/** The faults of a config file, or what to know about a valid one. */
export function checkConfig(file: string | undefined): ConfigReport {
  return reported(file, () => {
    const { config, path, warnings } = loadConfig(file);
    return {
      valid: true,
      path,
      faults: [],
      warnings: [...warnings, ...unreadableFiles(config), ...exposedFiles(config)],
    };
  });
}

function checkMigrated(file: string | undefined): ConfigReport {
  return reported(file, () => {
    const { path, ...migrated } = migrateConfig(file);
    return { ...checkConfig(path), migrated };
  });
}

function reported(file: string | undefined, check: () => ConfigReport): ConfigReport {
  try {
    return check();
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

function validText({ path, warnings, migrated }: ConfigReport): string {
  const lines = warnings.map((warning) => `  warning: ${warning.path}: ${warning.message}\n`);
  return `${migrated ? migratedText(path, migrated) : ''}${path} is valid.\n${lines.join('')}`;
}

function migratedText(path: string, { from, to, changes, backup }: Omit<MigratedConfig, 'path'>): string {
  if (backup === null) return `${path} is of version ${to} already: nothing was written.\n`;
  const lines = changes.map((change) => `  ${change}\n`);
  return `${path} was of version ${from} and is of version ${to} now; ${backup} is as it was.\n${lines.join('')}`;
}
