import type { FastifyInstance } from 'fastify';
import type { Config } from '../config/schema.js';
import { type AppOptions, createApp } from './app.js';
import { Connections } from './connections.js';
import { HTTP_LIMITS } from './limits.js';

export interface HttpOptions extends AppOptions {
  readonly http: Config['http'];
  /** Between two tries to listen. */
  readonly retryMs?: number;
}

export interface HttpServer {
  /** Where it listens, such as `http://127.0.0.1:8080`; null while it does not. */
  readonly url: () => string | null;
  /** Ends every connection: idle ones at once, requests at work and WebSockets after `limits.closeMs` at the latest. */
  close(): Promise<void>;
}

const RETRY_MS = 10_000;

/**
 * The console, the HTTP API and the metrics (docs/http.md). A port that can't be had is logged and tried again, for as
 * long as the node runs. Resolves when it listens, or when the first try has failed.
 * @throws ConfigError when the token file can't be used.
 */
export async function startHttp({ retryMs = RETRY_MS, ...options }: HttpOptions): Promise<HttpServer> {
  const { http, log, limits } = options;
  let current: { app: FastifyInstance; connections: Connections } | null = null;
  let timer: NodeJS.Timeout | undefined;
  let url: string | null = null;
  let closing: Promise<void> | undefined;
  let failed = '';
  const listen = async (): Promise<void> => {
    const app = createApp(options);
    current = {
      app,
      connections: new Connections(
        app.server,
        limits?.connectionsPerAddress ?? HTTP_LIMITS.connectionsPerAddress,
      ),
    };
    try {
      const at = await app.listen({ host: addressOf(http.host), port: http.port });
      if (closing) return;
      url = at;
      log.info({ url }, 'console');
    } catch (error) {
      const { code = String(error) } = error as NodeJS.ErrnoException;
      const line = { err: error, host: http.host, port: http.port, retryInMs: retryMs };
      if (code === failed) log.debug(line, 'the console still can not listen');
      else log.error(line, `the console can not listen: ${listenRemedy(code, http)}`);
      failed = code;
      await app.close();
      if (!closing) timer = setTimeout(() => void listen(), retryMs).unref();
    }
  };
  await listen();
  const close = async (): Promise<void> => {
    clearTimeout(timer);
    url = null;
    if (current) await closeApp(current.app, current.connections, limits?.closeMs ?? HTTP_LIMITS.closeMs);
  };
  return {
    url: () => url,
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

async function closeApp(app: FastifyInstance, connections: Connections, graceMs: number): Promise<void> {
  connections.endIdle();
  const timer = setTimeout(() => connections.endAll(), graceMs);
  await app.close();
  clearTimeout(timer);
}

/** Of `localhost` one address: for each of several, Fastify would make a server that is none of `app.server`. */
function addressOf(host: string): string {
  return host.toLowerCase() === 'localhost' ? '127.0.0.1' : host.replace(/^\[(.*)\]$/, '$1');
}

/** What may be wrong, and what to do, by the error's code. */
function listenRemedy(code: string, { host, port }: Config['http']): string {
  const others = 'Or set http.enabled: false. The service goes on, and tries again.';
  switch (code) {
    case 'EADDRINUSE':
      return `another program has port ${port}, perhaps a second samwire; "ss -ltnp sport = :${port}" names it. Stop it, or set http.port to another. ${others}`;
    case 'EACCES':
      return `this user may not have port ${port}. Take one above 1023. ${others}`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `no interface of this machine has the address ${host}. Correct http.host: 0.0.0.0 is all of them. ${others}`;
    default:
      return `${code}. ${others}`;
  }
}
