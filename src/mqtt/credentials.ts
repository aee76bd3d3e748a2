import { readFileSync } from 'node:fs';
import { readSecretFile } from '../config/secrets.js';
import { UnavailableError } from '../errors.js';
import type { MqttOptions } from './options.js';

/** What a connection authenticates with. Never logged. */
export interface Credentials {
  readonly username?: string;
  readonly password?: string;
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

/**
 * Reads the files that the options name.
 * @throws UnavailableError that names the option and its file, never a content.
 */
export function readCredentials(options: MqttOptions): Credentials {
  const { username, passwordFile, tls } = options;
  return {
    ...(username === undefined ? {} : { username }),
    ...(passwordFile === undefined ? {} : { password: readSecretFile(passwordFile) }),
    ...(tls?.ca === undefined ? {} : { ca: readPem('mqtt.tls.ca', tls.ca) }),
    ...(tls?.cert === undefined ? {} : { cert: readPem('mqtt.tls.cert', tls.cert) }),
    ...(tls?.key === undefined ? {} : { key: readPem('mqtt.tls.key', tls.key) }),
  };
}

/**
 * Whether this is PEM up to its last line: OpenSSL takes the first certificate of a file that is just being written for all of it.
 */
export function isWholePem(pem: Buffer): boolean {
  const text = pem.toString('latin1');
  const count = (line: RegExp): number => text.match(line)?.length ?? 0;
  const begun = count(/^-----BEGIN [A-Z0-9 ]+-----\s*$/gm);
  return begun > 0 && begun === count(/^-----END [A-Z0-9 ]+-----\s*$/gm);
}

/**
 * The files, where each is whole and the key fits.
 * @throws UnavailableError that names the option and the file.
 */
export function usableCredentials(options: MqttOptions): Credentials {
  const credentials = readCredentials(options);
  for (const name of ['ca', 'cert', 'key'] as const) {
    const pem = credentials[name];
    if (pem === undefined || isWholePem(pem)) continue;
    throw new UnavailableError(
      `Expected a whole PEM file at ${options.tls?.[name]} (mqtt.tls.${name}), got one without its end, or no PEM. Write it anew.`,
    );
  }
  return credentials;
}

function readPem(option: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new UnavailableError(`Expected a readable PEM file at ${path} (${option}), got ${code}.`, {
      cause,
    });
  }
}
