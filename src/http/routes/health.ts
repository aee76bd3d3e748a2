import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { FastifyInstance } from 'fastify';
import type { NodeView } from '../node-view.js';
import { readiness, withoutNames } from '../readiness.js';

const LOOP_RESOLUTION_MS = 20;

/** `/healthz`: the process and its event loop answer. `/readyz`: it can do its work. Both without the token. */
export function healthRoutes(app: FastifyInstance, node: NodeView): void {
  const delay = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  delay.enable();
  app.addHook('onClose', async () => void delay.disable());
  app.get('/healthz', { config: { open: true } }, () => {
    // The histogram holds the time between two timer calls, and is empty in the first moments.
    const p99Ms = Math.max(0, delay.percentile(99) / 1e6 - LOOP_RESOLUTION_MS);
    const maxMs = Math.max(0, delay.max / 1e6 - LOOP_RESOLUTION_MS);
    delay.reset();
    return {
      status: 'ok',
      version: node.version,
      uptimeMs: Math.round(process.uptime() * 1000),
      /** Since the last time that somebody asked. */
      eventLoopDelayMs: { p99: rounded(p99Ms), max: rounded(maxMs) },
    };
  });
  app.get('/readyz', { config: { open: true } }, async (request, reply) => {
    const found = readiness(node);
    return reply.code(found.ready ? 200 : 503).send(request.admitted ? found : withoutNames(found));
  });
}

function rounded(ms: number): number {
  return Math.round(ms * 10) / 10;
}
