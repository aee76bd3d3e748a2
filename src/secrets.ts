const MASK = '***';

/** `rtsp://user:` … `@` at the start of the text: the password may hold anything, also an unencoded `@`, `/` or space. */
const WHOLE_URI = /^(\s*(?!gst:)[a-z][a-z0-9+.-]*:\/\/[^:@/]*:).*@/is;
/** The same inside a longer text (a pipeline, an error message): there, a space or a quote ends it. Bounded, so that no text takes long. */
const URI_INSIDE = /(:\/\/[^\s/@:"']*:)[^\s"']{0,4096}@/g;
const SECRET_NAME =
  '(?:pass(?:word|wd|phrase)?|pwd?|secret|token|signature|api-?key|access-?key|authorization|credentials?|cookies?)';
/**
 * `?token=…` of a URI, and GStreamer properties such as `user-pw="…"`, `passphrase=…` and
 * `extra-headers="h,Authorization=(string)…"`.
 */
const SECRET_PROPERTY = new RegExp(
  `(${SECRET_NAME}\\s*=\\s*(?:\\(\\w+\\)\\s*)?)(\\\\?"[^"]*"?|'[^']*'?|[^\\s&#"']+)`,
  'gi',
);
/** `Authorization: Bearer …` of HTTP, in an error message. */
const BEARER = /\b((?:bearer|basic)\s+)[\w+/=.~-]{4,}/gi;

const SECRET_IN_URI = /:\/\/[^\s/@:"']*:([^\s"']*)@/g;

/** Secrets that were read, for where no form tells them: a bug's error message. The oldest goes beyond so many. */
const known = new Set<string>();
const MAX_KNOWN = 256;
/** A shorter one stands in many a word and number by chance. */
const MIN_KNOWN_CHARACTERS = 6;

/** From now on `maskSecrets` hides this text wherever it stands, also as URLs and JSON write it. */
export function rememberSecret(secret: string): void {
  if (secret.trim().length < MIN_KNOWN_CHARACTERS) return;
  for (const form of [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)]) {
    known.delete(form);
    known.add(form);
  }
  for (const oldest of known) {
    if (known.size <= MAX_KNOWN) break;
    known.delete(oldest);
  }
}

/** The secrets that stand in a camera source: passwords of its URIs, as written and decoded, and values of properties. */
export function rememberSecretsOf(source: string): void {
  for (const [, secret] of source.matchAll(SECRET_IN_URI)) rememberBoth(secret);
  for (const [, , value] of source.matchAll(SECRET_PROPERTY))
    rememberBoth(value?.replace(/^\\?["']|["']$/g, ''));
}

function rememberBoth(secret: string | undefined): void {
  if (secret === undefined) return;
  rememberSecret(secret);
  try {
    rememberSecret(decodeURIComponent(secret));
  } catch {
    // A stray %: there is only the form as written.
  }
}

/**
 * A camera source, broker URL or message about one with its passwords replaced by `***`: what may be printed or
 * logged. In doubt it hides too much.
 */
export function maskSecrets(text: string): string {
  return maskKnown(text)
    .replace(WHOLE_URI, `$1${MASK}@`)
    .replace(URI_INSIDE, `$1${MASK}@`)
    .replace(SECRET_PROPERTY, `$1${MASK}`)
    .replace(BEARER, `$1${MASK}`);
}

/** What a person typed where a URL was expected, also without its scheme. */
export function maskTyped(text: string): string {
  return text.includes('://') ? maskSecrets(text) : maskSecrets(`x://${text}`).slice('x://'.length);
}

/** A line of the log: whatever got into it by mistake. */
export function maskLine(line: string): string {
  return maskKnown(line).replace(URI_INSIDE, `$1${MASK}@`).replace(SECRET_PROPERTY, `$1${MASK}`);
}

function maskKnown(text: string): string {
  let masked = text;
  for (const secret of known) if (masked.includes(secret)) masked = masked.replaceAll(secret, MASK);
  return masked;
}
