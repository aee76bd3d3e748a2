import { closeSync, openSync, readSync } from 'node:fs';
import { UnavailableError } from '../errors.js';

const SECRET_MAX_BYTES = 65_536;
const MASK = '***';

/** `rtsp://user:` … `@` at the start of the text: the password may hold anything, also an unencoded `@`, `/` or space. */
const WHOLE_URI = /^(\s*(?!gst:)[a-z][a-z0-9+.-]*:\/\/[^:@/]*:).*@/is;
/** The same inside a longer text (a pipeline, an error message): there, a space or a quote ends it. */
const URI_INSIDE = /(:\/\/[^\s/@:"']*:)[^\s"']*@/g;
const SECRET_NAME = '[\\w-]*(?:pass(?:word|wd|phrase)?|pwd?|secret|token|signature|api-?key|access-?key)';
/** `?token=…` of a URI, and GStreamer properties such as `user-pw="…"` and `passphrase=…`. */
const SECRET_PROPERTY = new RegExp(`(\\b${SECRET_NAME}\\s*=\\s*)("[^"]*"?|'[^']*'?|[^\\s&#"']+)`, 'gi');

/**
 * A camera source, broker URL or message about one with its passwords replaced by `***`: what may be printed or
 * logged. In doubt it hides too much.
 */
export function maskSecrets(text: string): string {
  return text
    .replace(WHOLE_URI, `$1${MASK}@`)
    .replace(URI_INSIDE, `$1${MASK}@`)
    .replace(SECRET_PROPERTY, `$1${MASK}`);
}

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
  return buffer.toString('utf8', 0, length).replace(/\r?\n$/, '');
}
