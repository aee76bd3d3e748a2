import { Counter, type Registry } from 'prom-client';

/** A request that was answered. */
export interface ServedRequest {
  readonly method: string;
  /** The route's template, as `/api/cameras/:name/prompt`; undefined where there is no such route. */
  readonly route: string | undefined;
  readonly status: number;
}

/** What is counted by their own methods; a client may send any other word. */
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** The returned function counts a request. */
export function countServed(registry: Registry): (request: ServedRequest) => void {
  const requests = new Counter({
    name: 'samwire_http_requests_total',
    help: 'HTTP requests that were answered, by the template of their route and by status.',
    labelNames: ['method', 'route', 'status'],
    registers: [registry],
  });
  return ({ method, route = 'none', status }) =>
    requests.inc({ method: METHODS.includes(method) ? method : 'other', route, status: String(status) });
}
