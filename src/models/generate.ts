import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../native/addon.js';
import { withConversions, withSystemsTable } from './docs-pages.js';

/** Run after a change of engines/catalogue: writes the table of docs/models.md and the commands of docs/catalogue.md. */

for (const [page, make] of [
  ['docs/models.md', withSystemsTable],
  ['docs/catalogue.md', withConversions],
] as const) {
  const path = join(PACKAGE_ROOT, page);
  writeFileSync(path, make(readFileSync(path, 'utf8')));
}
