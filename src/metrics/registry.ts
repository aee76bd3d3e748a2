import { Registry } from 'prom-client';

/** The registry of `/metrics`; its figures are in docs/metrics.md. */
export function createRegistry(): Registry {
  return new Registry();
}
