import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigError } from '../errors.js';
import { rememberSecretsOf } from '../secrets.js';
import { allOf, configError, expectation, faultsOf } from './faults.js';
import { FORMATS, type Lifted, lift } from './migrate.js';
import { backupsOf, replaceConfig } from './migrate-file.js';
import { type Config, ConfigSchema, LOG_LEVELS } from './schema.js';
import { type ConfigWarning, warningsOf } from './warnings.js';
import { parseYaml } from './yaml-document.js';

/** The only file that reads the environment and config files. */

export const SYSTEM_CONFIG = '/etc/samwire/samwire.yaml';
const BUNDLED_CONFIG = fileURLToPath(new URL('../../config/samwire.yaml', import.meta.url));
const MAX_BYTES = 1_048_576;

type Environment = Readonly<Record<string, string | undefined>>;

export interface LoadedConfig {
  readonly config: Config;
  readonly path: string;
  readonly warnings: readonly ConfigWarning[];
}

/**
 * The config file: `path`, else SAMWIRE_CONFIG, else /etc/samwire/samwire.yaml, else the package's own
 * config/samwire.yaml. Relative paths in it are resolved from its folder; SAMWIRE_LOG_LEVEL replaces log.level.
 * @throws ConfigError with every fault at once.
 */
export function loadConfig(path?: string, env: Environment = process.env): LoadedConfig {
  const file = resolve(configPath(path, env));
  return { ...parseConfig(readText(file), file, env), path: file };
}

/** Which file {@link loadConfig} reads. */
export function configPath(path: string | undefined, env: Environment = process.env): string {
  return path ?? (env.SAMWIRE_CONFIG || (existsSync(SYSTEM_CONFIG) ? SYSTEM_CONFIG : BUNDLED_CONFIG));
}

/**
 * As {@link loadConfig}, with the file's text at hand; `file` is its path, for messages and relative paths. What is of an
 * older version of the format is lifted here and stays as it is on the disk.
 */
export function parseConfig(
  text: string,
  file: string,
  env: Environment = {},
  formats = FORMATS,
): Omit<LoadedConfig, 'path'> {
  const document = parseYaml(text, file);
  const lifted = lift({ text, document, file, backups: () => backupsOf(file) }, formats);
  const { data, locate } = lifted.changes.length === 0 ? document : parseYaml(lifted.text, file);
  const parsed = ConfigSchema.safeParse(data ?? {}, { error: expectation });
  const { told, untold } = parsed.success ? allOf([]) : faultsOf(parsed.error.issues, data, locate);
  const logLevel = logLevelOf(env);
  if (!parsed.success || logLevel === null) {
    const expected = `one of ${LOG_LEVELS.join(', ')}`;
    const got = JSON.stringify(env.SAMWIRE_LOG_LEVEL);
    const ofLevel = logLevel === null ? [{ path: 'SAMWIRE_LOG_LEVEL', expected, got }] : [];
    throw configError(file, { told: [...told, ...ofLevel], untold });
  }
  const config = withAbsolutePaths(parsed.data, dirname(file));
  for (const { source, depth } of Object.values(config.cameras)) {
    rememberSecretsOf(source);
    if (depth) rememberSecretsOf(depth.source);
  }
  if (logLevel) config.log.level = logLevel;
  return { config, warnings: [...olderFormat(lifted, formats.newest), ...warningsOf(config)] };
}

/** What became of a config that was to be brought to the newest version of the format. */
export interface MigratedConfig {
  readonly path: string;
  readonly from: number;
  readonly to: number;
  /** None: it is of the newest version already, and nothing was written. */
  readonly changes: readonly string[];
  /** The file as it was. */
  readonly backup: string | null;
}

/**
 * Writes the config file that {@link loadConfig} would read in the newest version of the format, with its comments, and keeps a
 * copy of it as it was. What is of the newest version already is not touched.
 * @throws ConfigError when it is invalid also when it is lifted, or can't be written: then nothing is changed.
 */
export function migrateConfig(
  path?: string,
  env: Environment = process.env,
  formats = FORMATS,
): MigratedConfig {
  const file = resolve(configPath(path, env));
  const before = readText(file);
  const document = parseYaml(before, file);
  const { text, from, changes } = lift(
    { text: before, document, file, backups: () => backupsOf(file) },
    formats,
  );
  parseConfig(before, file, {}, formats);
  const to = formats.newest;
  if (changes.length === 0) return { path: file, from, to, changes, backup: null };
  const backup = replaceConfig({ file, before, after: text, version: from });
  return { path: file, from, to, changes, backup };
}

function olderFormat({ from, changes }: Lifted, newest: number): ConfigWarning[] {
  if (changes.length === 0) return [];
  const message = `the file is of version ${from} of the format and was read as ${newest} (${changes.join('; ')}): \`samwire check-config --migrate\` writes it so, and keeps a copy`;
  return [{ path: 'version', message }];
}

function logLevelOf(env: Environment): Config['log']['level'] | undefined | null {
  if (!env.SAMWIRE_LOG_LEVEL) return undefined;
  return LOG_LEVELS.find((level) => level === env.SAMWIRE_LOG_LEVEL) ?? null;
}

/** A pipe is read too, so that `--config <(…)` works; whatever it is, no more than the limit is taken in. */
function readText(file: string): string {
  const buffer = Buffer.alloc(MAX_BYTES + 1);
  let length = 0;
  try {
    const descriptor = openSync(file, 'r');
    try {
      for (;;) {
        const count = readSync(descriptor, buffer, length, buffer.length - length, null);
        length += count;
        if (count === 0 || length > MAX_BYTES) break;
      }
    } finally {
      closeSync(descriptor);
    }
  } catch (cause) {
    throw new ConfigError(`The config file ${file} could not be read: ${reason(cause)}`, [], { cause });
  }
  if (length > MAX_BYTES) {
    throw new ConfigError(`The config file ${file} is too large: expected at most ${MAX_BYTES} bytes.`);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(buffer.subarray(0, length));
  } catch (cause) {
    throw new ConfigError(`The config file ${file} is not text in UTF-8.`, [], { cause });
  }
}

function reason(cause: unknown): string {
  const code = (cause as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') {
    return `there is no such file. Write one (config/samwire.yaml is an example), or name another with --config FILE.`;
  }
  if (code === 'EISDIR') return 'it is a folder. Name the file in it.';
  if (code === 'EACCES')
    return "this user may not read it. Run as the service's user, or mend its permissions.";
  return cause instanceof Error ? cause.message : String(cause);
}

function withAbsolutePaths(config: Config, folder: string): Config {
  const absolute = (path: string): string => resolve(folder, path);
  const { mqtt, model, http } = config;
  if (mqtt.passwordFile !== undefined) mqtt.passwordFile = absolute(mqtt.passwordFile);
  if (mqtt.tls?.ca !== undefined) mqtt.tls.ca = absolute(mqtt.tls.ca);
  if (mqtt.tls?.cert !== undefined) mqtt.tls.cert = absolute(mqtt.tls.cert);
  if (mqtt.tls?.key !== undefined) mqtt.tls.key = absolute(mqtt.tls.key);
  if (http.tokenFile !== null) http.tokenFile = absolute(http.tokenFile);
  model.paths = model.paths.map(absolute);
  model.cache = absolute(model.cache);
  return config;
}
