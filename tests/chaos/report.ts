import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../src/native/addon.js';

/** Where scripts/chaos.mjs reads what was measured. */
const FOLDER = join(PACKAGE_ROOT, 'build/reports/chaos');

export interface Measured {
  readonly fault: string;
  readonly promised: string;
  readonly figures: Readonly<Record<string, number | string>>;
}

/** Called where all that is promised has been asserted: a row of the report. */
export function measured(row: Measured): void {
  console.info(`${row.fault}:`, row.figures);
  mkdirSync(FOLDER, { recursive: true });
  appendFileSync(join(FOLDER, 'rows.jsonl'), `${JSON.stringify(row)}\n`);
}
