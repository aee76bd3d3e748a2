import { Agent, type RequestOptions, request } from 'node:http';
import { pino } from 'pino';
import { ConfigSchema } from '../../../src/config/schema.js';
import { ERROR_CODES } from '../../../src/errors.js';
import { startHttp } from '../../../src/http/server.js';
import { testView } from '../../http/view.js';
import { mustHold } from '../refusal.js';
import type { FuzzTarget } from '../target.js';
import { envelope } from './job.js';

const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS'] as const;
/** What frames a request: the client says that as it is. */
const OURS = ['content-length', 'transfer-encoding', 'connection', 'expect', 'te', 'trailer'];
/** 503: the double of a node has no frames and no model. */
const UNSERVED = [501, 503, 504];

let server: Promise<URL> | undefined;
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

async function started(): Promise<URL> {
  const { url } = await startHttp({
    http: ConfigSchema.shape.http.parse({ port: 0 }),
    node: testView(),
    log: pino({ level: 'silent' }),
  });
  return new URL(url() ?? '');
}

interface Answer {
  readonly statusCode: number;
  readonly contentType: string;
  readonly payload: string;
}

/** Undefined where the server ended the connection, which it does with what is no HTTP. */
function ask(options: RequestOptions, body: Buffer | undefined): Promise<Answer | undefined> {
  return new Promise((resolve) => {
    const asked = request({ ...options, agent, timeout: 5000 }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', () => resolve(undefined));
      response.on('end', () =>
        resolve({
          statusCode: response.statusCode ?? 0,
          contentType: String(response.headers['content-type']),
          payload: Buffer.concat(chunks).toString(),
        }),
      );
    });
    asked.on('upgrade', ({ statusCode = 0 }, socket) => {
      socket.destroy();
      resolve({ statusCode, contentType: '', payload: '' });
    });
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => resolve(undefined));
    asked.end(body);
  });
}

/** Header names and values that node's parser lets through. */
function headersIn(value: unknown): Record<string, string> {
  const entries = Object.entries(typeof value === 'object' && value !== null ? value : {});
  return Object.fromEntries(
    entries.flatMap(([name, text]) =>
      /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/.test(name) &&
      !OURS.includes(name.toLowerCase()) &&
      typeof text === 'string'
        ? [[name, text.replace(/[^\t\x20-\x7e\x80-\xff]/g, '')]]
        : [],
    ),
  );
}

/** A request: `{"method", "url", "headers", "body"}`; the body is a text, or JSON. */
export const http: FuzzTarget = {
  name: 'http',
  form: 'json',
  maxBytes: 32_768,
  shortShare: 0.3,
  sources: ['/src/http/'],
  run: async (input) => {
    const { method, url, headers, body } = envelope(input) ?? { body: Buffer.from(input).toString('latin1') };
    server ??= started();
    const { hostname, port } = await server;
    const text = typeof body === 'string' || body === undefined ? body : JSON.stringify(body);
    const answer = await ask(
      {
        hostname,
        port,
        method: METHODS.find((known) => known === method) ?? 'POST',
        // As a request line has it: printable, and no space.
        path: `/${typeof url === 'string' ? url.replace(/[^\x21-\x7e]/g, '').replace(/^\/+/, '') : 'api/segment'}`,
        headers: headersIn(headers),
      },
      text === undefined ? undefined : Buffer.from(text, 'latin1'),
    );
    if (answer === undefined) return;
    const { statusCode, contentType, payload } = answer;
    const shown = `${statusCode}: ${payload.slice(0, 300)}`;
    mustHold(
      statusCode < 500 || UNSERVED.includes(statusCode),
      `the answer is none of a fault of ours, ${shown}`,
    );
    if (statusCode < 400 || payload === '' || !contentType.includes('json')) return;
    const { code, message } = JSON.parse(payload) as { code?: unknown; message?: unknown };
    mustHold(
      (ERROR_CODES as readonly unknown[]).includes(code) && code !== 'internal',
      `the error has a code, ${shown}`,
    );
    mustHold(
      typeof message === 'string' && message !== '' && message.length < 4000,
      'an error says what is wrong, in short',
    );
  },
};
