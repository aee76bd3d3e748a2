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
