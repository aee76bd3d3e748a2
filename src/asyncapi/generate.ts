import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { asyncApiText } from './document.js';

/** Run after a change of a message's schema or of a topic: writes docs/asyncapi.json. */
writeFileSync(fileURLToPath(new URL('../../docs/asyncapi.json', import.meta.url)), asyncApiText());
