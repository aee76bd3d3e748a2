import type { ErrorBody } from '../../../src/errors.js';

/** An answer with the body of docs/http.md's errors, or one that did not come: then its code is `unreachable`. */
export class ApiError extends Error {
  readonly code: ErrorBody['code'] | 'unreachable';
  readonly details: ErrorBody['details'];
  /** HTTP's; 0: no answer. */
  readonly status: number;

  constructor(status: number, { code, message, details }: Partial<ErrorBody>) {
    super(message ?? 'The node did not answer as expected.');
    this.name = 'ApiError';
    this.status = status;
    this.code = code ?? 'unreachable';
    this.details = details;
  }
}

/**
 * Asks the node, with a JSON body where there is one.
 * @throws ApiError
 */
export async function request<T>(
  path: string,
  {
    method,
    body,
    signal,
  }: { readonly method?: string; readonly body?: unknown; readonly signal?: AbortSignal } = {},
): Promise<T> {
  const response = await answerOf(path, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    ...(signal ? { signal } : {}),
  });
  const text = await response.text();
  const value = parsed(text);
  if (response.ok && value !== undefined) return value as T;
  throw new ApiError(response.status, typeof value === 'object' && value !== null ? value : {});
}

async function answerOf(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, init);
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new ApiError(0, {
      message: 'The node can not be reached. It is tried again as soon as it is back.',
    });
  }
}

function parsed(text: string): unknown {
  try {
    return text === '' ? null : JSON.parse(text);
  } catch {
    return undefined;
  }
}
