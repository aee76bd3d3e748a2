import { createHash } from 'node:crypto';
import { parseCookie, stringifySetCookie } from 'cookie';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { SamwireError } from '../../errors.js';
import { COOKIE_MS, type Token } from './token.js';
import { Tries } from './tries.js';

/** Credentials that were good, by digest: they pass also while wrong ones come from the same address. */
const MAX_KNOWN = 256;

const REMEDY = 'Send it as "Authorization: Bearer <token>", or log in to the console.';

/** Who may come in, where the config has a token. */
export class Access {
  readonly #token: Token;
  readonly #cookieName: string;
  readonly #tries: Tries;
  readonly #known = new Set<string>();

  constructor(token: Token, node: string, tries = new Tries()) {
    this.#token = token;
    // Cookies know no ports: two nodes behind one name (ssh tunnels on localhost) need two names.
    this.#cookieName = `samwire-${node.replaceAll(':', '_')}`;
    this.#tries = tries;
  }

  /** @throws SamwireError `unauthorized`, or `rate_limited` after too many wrong tokens. */
  check(request: FastifyRequest, reply: FastifyReply): void {
    const bearer = bearerOf(request.headers.authorization);
    const cookie = parseCookie(request.headers.cookie ?? '')[this.#cookieName];
    if (bearer !== undefined) {
      if (this.#isGood(`token ${bearer}`, [request, reply], () => this.#token.isToken(bearer) || 'wrong'))
        return;
    } else if (cookie !== undefined && cookie !== '') {
      if (this.#isGood(`cookie ${cookie}`, [request, reply], () => this.#token.checkCookie(cookie))) return;
      // The browser is to stop sending it: each one counts as a try.
      reply.header('set-cookie', this.#cookie('', 0));
    }
    reply.header('www-authenticate', 'Bearer');
    const got =
      bearer === undefined ? (cookie === undefined ? 'none' : 'a login that is over') : 'a wrong one';
    throw new SamwireError('unauthorized', `Expected the token of http.tokenFile, got ${got}. ${REMEDY}`);
  }

  /**
   * Gives the browser its cookie.
   * @throws SamwireError as {@link check}.
   */
  login(token: string, request: FastifyRequest, reply: FastifyReply): void {
    if (!this.#isGood(`token ${token}`, [request, reply], () => this.#token.isToken(token) || 'wrong'))
      throw new SamwireError('unauthorized', 'Expected the token of http.tokenFile, got a wrong one.');
    reply.header('set-cookie', this.#cookie(this.#token.cookie(), COOKIE_MS / 1000));
  }

  logout(reply: FastifyReply): void {
    reply.header('set-cookie', this.#cookie('', 0));
  }

  /** @throws SamwireError `rate_limited`; the credential is not looked at then. */
  #isGood(
    credential: string,
    [{ ip }, reply]: readonly [FastifyRequest, FastifyReply],
    check: () => true | 'good' | 'expired' | 'wrong',
  ): boolean {
    // None where the client has gone already.
    const address = ip ?? '';
    const key = createHash('sha256').update(credential).digest('base64');
    const waitMs = this.#known.has(key) ? 0 : this.#tries.waitMs(address);
    if (waitMs > 0) {
      reply.header('retry-after', Math.ceil(waitMs / 1000));
      throw new SamwireError(
        'rate_limited',
        'Too many wrong tokens came from this address. Try again after the time in Retry-After.',
      );
    }
    const found = check();
    if (found === 'wrong') this.#tries.failed(address);
    if (found === 'wrong' || found === 'expired') {
      this.#known.delete(key);
      return false;
    }
    this.#known.add(key);
    const [oldest] = this.#known;
    if (this.#known.size > MAX_KNOWN && oldest !== undefined) this.#known.delete(oldest);
    return true;
  }

  #cookie(value: string, maxAge: number): string {
    return stringifySetCookie({
      name: this.#cookieName,
      value,
      httpOnly: true,
      sameSite: 'strict',
      path: '/',
      maxAge,
    });
  }
}

/** In steps of which each is linear: a header is 16 KB of anybody's. */
function bearerOf(authorization = ''): string | undefined {
  const scheme = /^bearer +/i.exec(authorization)?.[0];
  const token = scheme && authorization.slice(scheme.length).trim();
  return token || undefined;
}
