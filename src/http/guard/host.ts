/** Is it the console's own page that asks, under a name of ours? */
import type { FastifyRequest } from 'fastify';
import { isLoopback } from '../../config/http.js';
import { SamwireError } from '../../errors.js';
import { rendered } from '../../prompts/json.js';

export interface HostRules {
  /** `http.host`: on a loopback address only names of this machine are answered. */
  readonly host: string;
  /** `http.allowedHosts`, in lower case. */
  readonly allowedHosts: readonly string[];
}

/**
 * Refuses names by which a foreign page could have reached a loopback address: its own name, pointed at 127.0.0.1 after it
 * was loaded (DNS rebinding). Without that, the browser would take it for the console's own page.
 * @throws SamwireError `invalid_message` (none, or none that can be read), `forbidden`.
 */
export function checkHost({ headers }: FastifyRequest, { host, allowedHosts }: HostRules): void {
  const name = hostName(headers.host);
  if (!isLoopback(host) || isLoopback(name) || allowedHosts.includes(name)) return;
  const expected = `localhost, 127.0.0.1, [::1]${allowedHosts.map((allowed) => `, ${allowed}`).join('')}`;
  throw new SamwireError(
    'forbidden',
    `Expected a Host of ${expected}, got ${rendered(name)}: the console listens on ${host} only, and a foreign page could reach it by such a name. Open it as http://localhost:PORT, or name the host in http.allowedHosts.`,
    { details: [{ path: 'Host', expected, got: rendered(name) }] },
  );
}

/**
 * Refuses what another site's page sends, with the user's cookie or from the user's machine. For everything but reading, and
 * for WebSockets, which know no same-origin rule. Programs send neither header.
 * @throws SamwireError `forbidden`.
 */
export function checkOrigin({ headers }: FastifyRequest, { allowedHosts }: HostRules): void {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none')
    throw crossOrigin('Sec-Fetch-Site', String(site));
  const { origin } = headers;
  if (origin !== undefined && !isOwn(origin, headers.host ?? '', allowedHosts))
    throw crossOrigin('Origin', origin);
}

function crossOrigin(path: string, value: string): SamwireError {
  const got = rendered(value);
  return new SamwireError(
    'forbidden',
    `Expected a request of the console's own page, got ${path}: ${got}. Programs leave ${path} out; a reverse proxy has to hand on the Host that the browser sent, or its name stands in http.allowedHosts.`,
    { details: [{ path, expected: "the console's own origin", got }] },
  );
}

/** The scheme may differ from ours: a proxy that speaks TLS. */
function isOwn(origin: string, host: string, allowedHosts: readonly string[]): boolean {
  if (!URL.canParse(origin)) return false;
  const { protocol, host: from, hostname } = new URL(origin);
  if (protocol !== 'http:' && protocol !== 'https:') return false;
  if (allowedHosts.includes(hostname)) return true;
  const own = `${protocol}//${host}`;
  return URL.canParse(own) && new URL(own).host === from;
}

/** Of `name:port`, `[::1]:port`, or either without the port. */
const HOST = /^(\[[0-9a-f:.]{2,45}\]|[a-z0-9._-]{1,253})(?::\d{1,5})?$/i;

function hostName(host: string | undefined): string {
  const name = HOST.exec(host ?? '')?.[1];
  if (name !== undefined) return name.toLowerCase();
  throw new SamwireError(
    'invalid_message',
    `Expected a Host header with a name or address, got ${rendered(host)}.`,
  );
}
