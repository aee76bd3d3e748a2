import { ConfigError } from '../errors.js';
import { VERSION } from '../version.js';
import { YamlEdit } from './edit-yaml.js';
import { CONFIG_VERSION } from './format-version.js';
import type { YamlDocument } from './yaml-document.js';

/** From one version of the format to the next one. */
export interface Migration {
  readonly from: number;
  /** What it changes, for who reads the file: `mqtt.broker is called mqtt.url`. */
  readonly what: string;
  /** The version is raised by who calls it. */
  readonly edit: (config: YamlEdit) => void;
}

/**
 * All of them, the oldest first, without a gap up to {@link CONFIG_VERSION}. There is none: no key of version 1 was ever
 * renamed, removed or given another meaning. Who does that raises CONFIG_VERSION, adds the step here, and leaves
 * tests/compat/v1 as it is.
 */
const MIGRATIONS: readonly Migration[] = [];

export interface Lifted {
  /** In the newest version of the format. */
  readonly text: string;
  /** The version that the file is of. */
  readonly from: number;
  /** What was changed, step by step; none where it is of the newest version. */
  readonly changes: readonly string[];
}

export interface Formats {
  readonly newest: number;
  readonly migrations: readonly Migration[];
}

/** Of this Samwire; tests hand in others. */
export const FORMATS: Formats = { newest: CONFIG_VERSION, migrations: MIGRATIONS };

export interface Versioned {
  readonly text: string;
  /** The same, parsed. */
  readonly document: YamlDocument;
  /** Its path, for messages. */
  readonly file: string;
  /** Copies that earlier migrations kept, for messages. */
  readonly backups: () => readonly string[];
}

/**
 * The config in the newest version of the format. A version that is missing or no whole number is left to the schema to
 * refuse.
 * @throws ConfigError for a version that is newer than this Samwire, or older than what it can lift.
 */
export function lift(
  { text, document: { data, locate }, file, backups }: Versioned,
  { newest, migrations }: Formats = FORMATS,
): Lifted {
  const from = versionOf(data);
  if (from === undefined || from === newest) return { text, from: newest, changes: [] };
  const oldest = newest - migrations.length;
  if (from < oldest || from > newest) {
    const known = oldest === newest ? `${newest}` : `${oldest} to ${newest}`;
    const advice = from > newest ? newer(backups()) : 'Write it anew by config/samwire.yaml.';
    throw new ConfigError(
      `${file} is of version ${from} of the config's format; Samwire ${VERSION} knows ${known}. ${advice}`,
      [{ path: 'version', expected: known, got: String(from), ...locate(['version'], 'value') }],
    );
  }
  const steps = migrations.slice(from - oldest);
  const lifted = steps.reduce((older, { edit }, index) => {
    const config = new YamlEdit(older);
    edit(config);
    config.set(['version'], from + index + 1);
    return config.toString();
  }, text);
  return { text: lifted, from, changes: steps.map(({ what }) => what) };
}

function newer(backups: readonly string[]): string {
  const kept = backups.at(-1);
  return kept === undefined
    ? 'It was written for a newer Samwire: install that, or write it anew by config/samwire.yaml.'
    : `It was written for a newer Samwire: install that, or put back the copy from before the migration, ${kept}.`;
}

function versionOf(data: unknown): number | undefined {
  const version = typeof data === 'object' && data !== null ? Reflect.get(data, 'version') : undefined;
  return Number.isSafeInteger(version) ? (version as number) : undefined;
}
