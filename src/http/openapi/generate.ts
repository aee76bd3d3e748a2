import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openApiText } from './document.js';

/** Run after a change of the API: writes docs/openapi.json. */

writeFileSync(fileURLToPath(new URL('../../../docs/openapi.json', import.meta.url)), openApiText());
