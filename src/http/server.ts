import type { FastifyInstance } from 'fastify';
import type { Config } from '../config/schema.js';
import { type AppOptions, createApp } from './app.js';

export interface HttpOptions extends AppOptions {
  readonly http: Config['http'];
}

export interface HttpServer {
  /** Where it listens, such as `http://127.0.0.1:8080`; null while it does not. */
  readonly url: () => string | null;
  close(): Promise<void>;
}

const RETRY_MS = 10_000;

/**
 * The console, the HTTP API and the metrics (docs/http.md). Never throws: a port that is taken is logged and tried again,
 * for as long as the node runs. Resolves when it listens, or when the first try has failed.
 */
export async function startHttp({ http, ...options }: HttpOptions): Promise<HttpServer> {
  const { log } = options;
  let app: FastifyInstance | null = null;
  let timer: NodeJS.Timeout | undefined;
  let url: string | null = null;
  let closed = false;
  const listen = async (): Promise<void> => {
    app = createApp(options);
    try {
      url = await app.listen({ host: http.host, port: http.port });
      log.info({ url }, 'console');
    } catch (error) {
      log.error(
        { err: error, host: http.host, port: http.port, againInS: RETRY_MS / 1000 },
        'the console can not listen',
      );
      await app.close();
      if (!closed) timer = setTimeout(() => void listen(), RETRY_MS).unref();
    }
  };
  await listen();
  return {
    url: () => url,
    close: async () => {
      closed = true;
      clearTimeout(timer);
      await app?.close();
    },
  };
}
