/** What a request gets instead of an answer: always the error message of docs/errors.md, with a status that fits it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { type ErrorBody, type ErrorCode, SamwireError, toSamwireError } from '../errors.js';
import { SECURITY_HEADERS } from './guard/headers.js';
import { endBehindRefusal, isUpgrade } from './guard/upgrade.js';
import { statusOf } from './status.js';

/** What an error says besides its code: a route sets it as soon as it knows it. */
export interface About {
  requestId?: string;
  camera?: string;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Goes into the body of an error that this request ends with. */
    about: About;
    /** It had the token, or none is needed on this node. */
    admitted: boolean;
  }
}

/** An error that is answered, where the status is not the code's own. */
interface Answer {
  readonly status: number;
  readonly error: SamwireError;
}

/** What is refused for the time being only. */
const RETRIED: readonly number[] = [429, 503];
const RETRY_AFTER_SEC = 1;

type Refused = readonly [status: number, code: ErrorCode, message: string];

/** Fastify's and its plug-ins' own refusals, in our words; others of status 4xx keep their text. */
const REFUSED: Readonly<Record<string, Refused>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [
    415,
    'invalid_message',
    'Expected a body with content-type: application/json, or multipart/form-data where a picture is uploaded.',
  ],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [
    400,
    'invalid_message',
    'Expected a body as long as its content-length says.',
  ],
  FST_MP_PREMATURE_CLOSE: [
    400,
    'invalid_message',
    'Expected a whole multipart body; it ended in the middle.',
  ],
  FST_INVALID_JSON_FIELD_ERROR: [
    400,
    'invalid_json',
    'Expected JSON in each part whose content-type says so; one has none, or is too large.',
  ],
  FST_INVALID_MULTIPART_CONTENT_TYPE: [
    415,
    'invalid_message',
    'Expected a body with content-type: multipart/form-data.',
  ],
  FST_ERR_BAD_URL: [400, 'invalid_message', 'Expected a path with whole percent escapes (%2F) in UTF-8.'],
  FST_ERR_MAX_PARAM_LENGTH: [
    404,
    'unknown_request',
    'Expected a name of at most 100 characters in the path.',
  ],
};

export interface ErrorOptions {
  readonly log: Logger;
  /** Hears of each error that a client is told of, and where it comes from. */
  readonly note: (error: ErrorBody, of: Pick<FastifyRequest, 'about' | 'admitted'>) => void;
}

/** Every error of `app` is answered here; what is not a sender's fault is logged with its stack. */
export function answerErrors(app: FastifyInstance, { log, note }: ErrorOptions): void {
  app.decorateRequest('about', null as unknown as About);
  app.decorateRequest('admitted', false);
  app.addHook('onRequest', (request, _reply, done) => {
    request.about = {};
    done();
  });
  app.setErrorHandler((thrown, request, reply) => {
    const answer = answerTo(thrown);
    if (answer.error.code === 'internal')
      log.error({ err: thrown, method: request.method, route: request.routeOptions.url }, 'a request failed');
    if (!isGone(request)) note(publicBody(answer.error), request);
    return sendError(reply, answer, request.about);
  });
  const methods = routeMethods(app);
  app.setNotFoundHandler((request, reply) => {
    const { allowed, answer } = notFound(request, methods);
    if (allowed.length > 0) reply.header('allow', allowed.join(', '));
    note(answer.error, request);
    return sendError(reply, answer, request.about);
  });
}

/** Nobody is told of what went wrong: half a body, or a prompt that was withdrawn, is the end of a connection. */
function isGone({ raw }: FastifyRequest): boolean {
  return raw.socket.destroyed;
}

/** For URLs that no route is looked up for: Fastify runs no hooks then. */
export function answerFrameworkError(
  error: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  if (isUpgrade(request)) endBehindRefusal(request, reply);
  void sendError(reply.headers(SECURITY_HEADERS).header('connection', 'close'), answerTo(error), {});
}

function sendError(reply: FastifyReply, { status, error }: Answer, about: About): FastifyReply {
  if (RETRIED.includes(status) && !reply.hasHeader('retry-after'))
    void reply.header('retry-after', RETRY_AFTER_SEC);
  return reply
    .code(status)
    .type('application/json; charset=utf-8')
    .header('cache-control', 'no-store')
    .send(JSON.stringify({ ...about, ...publicBody(error) }));
}

/** Of what is not ours the client learns nothing: it may name files, or hold what others sent. */
function publicBody(error: SamwireError): ErrorBody {
  if (error.code !== 'internal') return error.toBody();
  return {
    code: 'internal',
    message: "Something failed in Samwire: a bug. The service's log has the reason; please report it.",
  };
}

function answerTo(thrown: unknown): Answer {
  if (thrown instanceof SamwireError) return { status: statusOf(thrown.code), error: thrown };
  const { code = '', statusCode = 500, message } = (thrown ?? {}) as Partial<FastifyError>;
  const known = REFUSED[code];
  if (known) return answer(...known);
  if (statusCode === 413) return answer(413, 'too_large', `${tooLarge(message)} It was not read.`);
  if (statusCode >= 400 && statusCode < 500)
    return answer(statusCode, statusCode === 404 ? 'unknown_request' : 'invalid_message', String(message));
  return { status: 500, error: toSamwireError(thrown instanceof SamwireError ? thrown : asInternal(thrown)) };
}

function asInternal(thrown: unknown): SamwireError {
  return new SamwireError('internal', 'A request failed.', { cause: thrown });
}

function tooLarge(message: string | undefined): string {
  return `Expected a smaller body: ${message ?? 'it is larger than this route takes'}.`;
}

function answer(status: number, code: ErrorCode, message: string): Answer {
  return { status, error: new SamwireError(code, message) };
}

interface RouteMethods {
  readonly path: RegExp;
  readonly methods: Set<string>;
}

/** Which methods each path is served with; filled as routes are added. */
function routeMethods(app: FastifyInstance): ReadonlyMap<string, RouteMethods> {
  const known = new Map<string, RouteMethods>();
  app.addHook('onRoute', ({ url, method }) => {
    if (url.includes('*')) return;
    const path = new RegExp(`^${url.replace(/[.+?^$()|[\]\\]/g, '\\$&').replace(/:\w+/g, '[^/]+')}$`);
    const entry = known.get(url) ?? { path, methods: new Set<string>() };
    for (const one of [method].flat()) entry.methods.add(one);
    known.set(url, entry);
  });
  return known;
}

function notFound(
  { method, url }: FastifyRequest,
  routes: ReadonlyMap<string, RouteMethods>,
): { readonly allowed: readonly string[]; readonly answer: Answer } {
  const path = url.split('?', 1)[0] ?? '';
  const allowed = [...routes.values()]
    .filter((route) => route.path.test(path))
    .flatMap((route) => [...route.methods]);
  if (allowed.length === 0 || allowed.includes(method))
    return {
      allowed,
      answer: answer(
        404,
        'unknown_request',
        'No such path. GET /api/openapi.json lists those that are served.',
      ),
    };
  const message = `Expected ${allowed.join(' or ')} for this path, got ${method}.`;
  return { allowed, answer: answer(405, 'unknown_request', message) };
}

/** What node:http refuses before there is a request, by the parser's code. */
const UNREAD: Readonly<Record<string, Refused>> = {
  HPE_HEADER_OVERFLOW: [
    431,
    'too_large',
    'Expected smaller headers and a shorter path. The request was not read.',
  ],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, 'too_large', 'Expected smaller chunk extensions.'],
  ERR_HTTP_REQUEST_TIMEOUT: [
    408,
    'invalid_message',
    'Expected a whole request in time; the rest of it did not come.',
  ],
};
const NO_HTTP: Refused = [400, 'invalid_message', 'Expected an HTTP/1.1 request. It could not be read.'];

/** Of `Expect`, node:http knows 100-continue only, and would refuse others without a body. */
export function answerExpectation(_request: IncomingMessage, response: ServerResponse): void {
  const message = 'Expected no Expect header, or 100-continue.';
  const body = JSON.stringify({ code: 'invalid_message', message } satisfies ErrorBody);
  response.writeHead(417, {
    ...SECURITY_HEADERS,
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  });
  response.end(body);
}

/** Answers a connection whose bytes are no request, and ends it. */
export function answerClientError(error: Error & { readonly code?: string }, socket: Socket): void {
  if (socket.destroyed) return;
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, code, message] = UNREAD[error.code ?? ''] ?? NO_HTTP;
  const body = JSON.stringify({ code, message } satisfies ErrorBody);
  const head = [
    `HTTP/1.1 ${status} ${code}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    'X-Content-Type-Options: nosniff',
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}
