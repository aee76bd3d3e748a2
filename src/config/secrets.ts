import { closeSync, openSync, readSync } from 'node:fs';
import { UnavailableError } from '../errors.js';
import { rememberSecret } from '../secrets.js';

const SECRET_MAX_BYTES = 65_536;

/**
 * The secret in a file (mqtt.passwordFile, http.tokenFile), without the line end that editors add.
 * @throws UnavailableError that names the file, never its content.
 */
export function readSecretFile(path: string): string {
  const buffer = Buffer.alloc(SECRET_MAX_BYTES + 1);
  let length = 0;
  try {
    const file = openSync(path, 'r');
    try {
      length = readSync(file, buffer, 0, buffer.length, 0);
    } finally {
      closeSync(file);
    }
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new UnavailableError(`Expected a readable secret file at ${path}, got ${code}.`, { cause });
  }
  if (length > SECRET_MAX_BYTES) {
    throw new UnavailableError(
      `Expected a secret of at most ${SECRET_MAX_BYTES} bytes in ${path}, got more.`,
    );
  }
  const secret = buffer.toString('utf8', 0, length).replace(/\r?\n$/, '');
  rememberSecret(secret);
  return secret;
}
