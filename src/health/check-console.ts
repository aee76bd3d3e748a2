import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Config } from '../config/schema.js';
import { readSecretFile } from '../config/secrets.js';
import { PACKAGE_ROOT } from '../native/addon.js';
import type { Check } from './check.js';

const ANSWER_MS = 2000;
const name = 'console';

/** Whether the console can listen, and where; a Samwire that runs may have its port already. */
export async function checkConsole({ http }: Config): Promise<Check> {
  if (!http.enabled) return { name, status: 'skipped', found: 'http.enabled is false' };
  return tokenProblem(http.tokenFile) ?? (await portProblem(http)) ?? fileProblem() ?? ready(http);
}

function ready(http: Config['http']): Check {
  return { name, status: 'ok', found: `${urlOf(http)} is free${withToken(http)}`, of: 'configured' };
}

/** As the service reads it when it starts, which ends with it. */
function tokenProblem(path: string | null): Check | undefined {
  if (path === null) return undefined;
  const remedy = `Write a token that only the service's user can read: (umask 077; openssl rand -base64 32 > ${path})`;
  try {
    if (readSecretFile(path).trim() !== '') return undefined;
    return { name, status: 'fail', found: `${path} holds no token`, remedy, of: 'config' };
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    return { name, status: 'fail', found, remedy, of: 'config' };
  }
}

async function portProblem(http: Config['http']): Promise<Check | undefined> {
  const code = await listenFault(http.host, http.port);
  if (code === undefined) return undefined;
  const url = urlOf(http);
  if (code === 'EADDRINUSE') {
    const version = await samwireAt(url);
    if (version !== null)
      return { name, status: 'ok', found: `Samwire ${version} answers at ${url}${withToken(http)}` };
    const remedy = `Set http.port to another one, or stop what has it. Run: ss -ltnp 'sport = :${http.port}'`;
    return { name, status: 'warn', found: `${url} is in use by another program`, remedy };
  }
  const why =
    code === 'EACCES'
      ? `this user may not have port ${http.port}: take one above 1023`
      : `${http.host}:${http.port}: ${code}`;
  return { name, status: 'warn', found: why, remedy: 'Correct http.host and http.port.' };
}

function fileProblem(): Check | undefined {
  if (existsSync(join(PACKAGE_ROOT, 'dist/console/index.html'))) return undefined;
  const found = 'the page is not built; the HTTP API works without';
  return { name, status: 'warn', found, remedy: 'Run: npm run build:console' };
}

function withToken({ tokenFile }: Config['http']): string {
  return tokenFile === null ? '' : ', asks for the token';
}

/** Where this machine reaches it. */
function urlOf({ host, port }: Config['http']): string {
  const plain = host.replace(/^\[(.*)\]$/, '$1');
  const reached = plain === '0.0.0.0' ? '127.0.0.1' : plain === '::' ? '::1' : plain;
  return `http://${reached.includes(':') ? `[${reached}]` : reached}:${port}`;
}

/** The version of the Samwire there, or null where something else answers or nothing does. */
async function samwireAt(url: string): Promise<string | null> {
  try {
    const answer = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(ANSWER_MS) });
    const { status, version } = (await answer.json()) as Record<string, unknown>;
    return status === 'ok' && typeof version === 'string' ? version : null;
  } catch {
    return null;
  }
}

function listenFault(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ host: host.replace(/^\[(.*)\]$/, '$1'), port }, () =>
      server.close(() => resolve(undefined)),
    );
  });
}
