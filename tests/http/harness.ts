/** The real HTTP server on a real socket: over a node made of doubles, or over the real service. */
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { pino } from 'pino';
import { ConfigSchema } from '../../src/config/schema.js';
import type { NodeView } from '../../src/http/node-view.js';
import { type HttpOptions, startHttp } from '../../src/http/server.js';
import { owe, waitFor } from '../integration/mqtt/harness.js';
import { run, type ServiceProcess } from '../integration/service/harness.js';

export interface TestServer {
  /** Such as `http://127.0.0.1:43210`. */
  readonly url: string;
  /** Every line that it logged, at every level. */
  readonly logs: readonly string[];
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** A POST of JSON; a string is sent as it is. */
  post(path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<Response>;
  close(): Promise<void>;
}

/** A server over `view`, on a port of its own; `http` is the config's block. Closed at the end of the test. */
export async function listen(
  view: NodeView,
  http: Readonly<Record<string, unknown>> = {},
  more: Partial<HttpOptions> = {},
): Promise<TestServer> {
  const logs: string[] = [];
  const server = await startHttp({
    http: ConfigSchema.shape.http.parse({ port: 0, ...http }),
    node: view,
    log: pino({ level: 'trace' }, { write: (line: string) => logs.push(line) }),
    ...more,
  });
  owe(() => server.close());
  const url = server.url();
  if (url === null) throw new Error(`The server does not listen: ${logs.join('')}`);
  return { url, logs, close: () => server.close(), ...clientOf(url) };
}

function clientOf(url: string): Pick<TestServer, 'fetch' | 'post'> {
  return {
    fetch: (path, init) => fetch(`${url}${path}`, init),
    post: (path, body, headers = {}) =>
      fetch(`${url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
  };
}

export type HttpService = Pick<TestServer, 'url' | 'fetch' | 'post'> & { readonly process: ServiceProcess };

/** `samwire run` with this config (see `configOf`), its console on a port of its own. */
export async function serveHttp(
  config: Readonly<Record<string, unknown>>,
  http: Readonly<Record<string, unknown>> = {},
): Promise<HttpService> {
  const process = await run({ ...config, http: { port: 0, ...http } });
  const told = (): string | undefined => /"url":"(http:[^"]+)","msg":"console"/.exec(process.log())?.[1];
  await waitFor(() => told() !== undefined, `the console's address; the service logged ${process.log()}`);
  const url = told() as string;
  return { url, process, ...clientOf(url) };
}

/** What a server sends to these bytes until it ends the connection, or `timeoutMs` have passed. */
export function raw(url: string, bytes: string | Buffer, timeoutMs = 10_000): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(Number(port), hostname.replace(/^\[|\]$/g, ''), () => socket.write(bytes));
    const timer = setTimeout(() => socket.destroy(), timeoutMs);
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error);
    });
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(text);
    });
  });
}

export interface Handshake {
  /** 101: the connection is a WebSocket now. */
  readonly status: number;
  readonly body: string;
  /** Where it is one; destroyed at the end of the test. */
  readonly socket?: Socket;
}

/** Asks for a WebSocket, as a browser does it. */
export function handshake(
  url: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Handshake> {
  return new Promise((resolve, reject) => {
    const asked = request(`${url}${path}`, {
      headers: {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
        ...headers,
      },
    });
    asked.on('upgrade', ({ statusCode = 0 }, socket) => {
      owe(async () => void socket.destroy());
      resolve({ status: statusCode, body: '', socket: socket as Socket });
    });
    asked.on('response', (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => {
        body += chunk.toString();
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    asked.on('error', reject);
    asked.end();
  });
}
