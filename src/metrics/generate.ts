import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { withMetricsTable } from './docs-table.js';
import { Metrics } from './metrics.js';

/** Run after a change of metrics: writes the table of docs/metrics.md. */

const path = fileURLToPath(new URL('../../docs/metrics.md', import.meta.url));
const metrics = new Metrics({
  look: () => Promise.reject(new Error('There is no node to look at.')),
  log: { warn: () => {} },
});
metrics.close();
writeFileSync(path, withMetricsTable(readFileSync(path, 'utf8'), metrics.descriptions()));
