import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { withConfigTable } from './docs-table.js';
import { configJsonSchemaText } from './json-schema.js';

/** Run after a change of schema.ts: writes config/schema.json and the table of docs/config.md. */

const schemaFile = fileURLToPath(new URL('../../config/schema.json', import.meta.url));
const docsFile = fileURLToPath(new URL('../../docs/config.md', import.meta.url));

writeFileSync(schemaFile, configJsonSchemaText());
writeFileSync(docsFile, withConfigTable(readFileSync(docsFile, 'utf8')));
