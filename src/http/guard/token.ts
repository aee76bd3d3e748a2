import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { statSync } from 'node:fs';
import type { Logger } from 'pino';
import { readSecretFile } from '../../config/secrets.js';
import { ConfigError } from '../../errors.js';

const DAY_MS = 86_400_000;
/** A console stays logged in for so long. */
export const COOKIE_MS = 30 * DAY_MS;
/** How often the file is looked at. */
const LOOK_MS = 1000;

/** The token in `http.tokenFile`, as the file has it now, and the cookies that are made of it. */
export class Token {
  readonly #path: string;
  readonly #purpose: string;
  readonly #log: Logger;
  #digest: Buffer;
  #seen: string;
  #lookedAt = performance.now();
  #told = false;
  /** Hears that another token stands in the file: what the old one let in has to leave. */
  onChange: () => void = () => undefined;

  /**
   * @param node the node's id: a cookie is good for this node only.
   * @throws ConfigError when the file can't be read or holds no token.
   */
  constructor(path: string, node: string, log: Logger) {
    this.#path = path;
    this.#purpose = `samwire console ${node} `;
    this.#log = log;
    this.#seen = stampOf(path);
    this.#digest = digestOf(read(path));
  }

  /** In constant time. */
  isToken(text: string): boolean {
    this.look();
    return timingSafeEqual(digestOf(text), this.#digest);
  }

  /** What a browser keeps in the token's place: good until it expires, or the token changes. */
  cookie(nowMs = Date.now()): string {
    const expires = (nowMs + COOKIE_MS).toString(36);
    return `${expires}.${this.#signature(expires)}`;
  }

  /** `expired` is no attempt to guess. */
  checkCookie(cookie: string, nowMs = Date.now()): 'good' | 'expired' | 'wrong' {
    this.look();
    const [expires = '', signature = ''] = cookie.split('.');
    const untilMs = Number.parseInt(expires, 36);
    if (!(untilMs > nowMs)) return 'expired';
    const good = timingSafeEqual(digestOf(signature), digestOf(this.#signature(expires)));
    return good ? 'good' : 'wrong';
  }

  /** Reads the file again where it has changed. One that can't be read leaves the token as it is, and is logged once. */
  look(): void {
    const now = performance.now();
    if (now - this.#lookedAt < LOOK_MS) return;
    this.#lookedAt = now;
    try {
      const stamp = stampOf(this.#path);
      if (stamp === this.#seen) return;
      const digest = digestOf(read(this.#path));
      this.#seen = stamp;
      this.#told = false;
      if (digest.equals(this.#digest)) return;
      this.#digest = digest;
      this.#log.info({ path: this.#path }, 'the token has changed');
      this.onChange();
    } catch (error) {
      if (!this.#told) this.#log.error({ err: error }, 'the token file can not be read; the old token stays');
      this.#told = true;
    }
  }

  #signature(expires: string): string {
    return createHmac('sha256', this.#digest).update(`${this.#purpose}${expires}`).digest('base64url');
  }
}

/** @throws ConfigError */
function read(path: string): string {
  let token: string;
  try {
    token = readSecretFile(path);
  } catch (cause) {
    throw unusable(path, cause instanceof Error ? cause.message : String(cause), cause);
  }
  if (token.trim() === '') throw unusable(path, `Expected a token in ${path}, got an empty file.`);
  if (!/^[\x21-\x7e]+$/.test(token))
    throw unusable(
      path,
      `Expected one line of ASCII characters without spaces in ${path}, got something else.`,
    );
  return token;
}

function unusable(path: string, what: string, cause?: unknown): ConfigError {
  const remedy = `Write a token that only the service's user can read: (umask 077; openssl rand -base64 32 > ${path}); or leave http.tokenFile out.`;
  return new ConfigError(
    `${what} ${remedy}`,
    [{ path: 'http.tokenFile', expected: 'a readable file with a token', got: path }],
    { cause },
  );
}

/** Changes whenever the file is written or replaced. */
function stampOf(path: string): string {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat ? `${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}` : '';
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text, 'utf8').digest();
}
