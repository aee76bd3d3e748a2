import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OPERATIONS } from '../../src/http/openapi/operations.js';
import { errorMessageSchema } from '../../src/outputs/masks-schema.js';
import { closeAll } from '../integration/mqtt/harness.js';
import { listen, type TestServer } from './harness.js';
import { testView } from './view.js';

let server: TestServer;
beforeAll(async () => {
  server = await listen(testView());
});
afterAll(closeAll);

/** A camera's name in a path: one that there is, or whatever somebody may write there. */
const names = fc.oneof(
  fc.constantFrom(
    'front',
    'front',
    'side',
    '__proto__',
    'constructor',
    '..',
    '../..',
    'front/../gate',
    '%00',
    'ü',
    ' ',
  ),
  fc.string({ unit: 'binary', maxLength: 20 }),
);
const queries = fc.oneof(
  fc.constant(''),
  fc
    .dictionary(
      fc.constantFrom('width', 'seq', 'overlay', 'x'),
      fc.oneof(fc.nat().map(String), fc.string({ maxLength: 8 })),
    )
    .map((query) => `?${new URLSearchParams(query)}`),
);
const types = fc.constantFrom(
  'application/json',
  'application/json; charset=utf-8',
  'multipart/form-data; boundary=b',
  'multipart/form-data',
  'text/plain',
  'application/x-www-form-urlencoded',
  'image/jpeg',
  'nonsense',
);
const bodies = fc.oneof(
  fc.json({ maxDepth: 2 }),
  fc.string(),
  fc.uint8Array({ maxLength: 60 }),
  fc.constantFrom(
    '',
    '{',
    '{}',
    '[]',
    'null',
    '{"__proto__":{}}',
    '--b\r\n',
    '--b--\r\n',
    '--b\r\n\r\n\r\n--b--\r\n',
  ),
);

/** The errors that these paths may have of themselves, whatever is sent. */
const EXPECTED_5XX: readonly string[] = ['readiness'];

describe('whatever is sent to', () => {
  it.each(
    OPERATIONS.filter(({ id }) => id !== 'live').map(({ id, ...operation }) => [id, operation] as const),
  )('%s is answered, with an error of the schema where it is refused', async (id, { method, path }) => {
    await fc.assert(
      fc.asyncProperty(names, queries, types, bodies, async (name, query, type, body) => {
        const url = path.replace('{name}', encodeURIComponent(name).replace(/^\.+$/, '%2E')) + query;
        const sent =
          method === 'get'
            ? {}
            : { headers: { 'content-type': type }, body: Uint8Array.from(Buffer.from(body)) };
        const response = await server.fetch(url, { method: method.toUpperCase(), ...sent });
        if (!EXPECTED_5XX.includes(id)) expect(response.status).toBeLessThan(500);
        const content = await response.text();
        if (response.status >= 400 && !EXPECTED_5XX.includes(id))
          errorMessageSchema.parse(JSON.parse(content));
      }),
      { numRuns: 25 },
    );
  });
});
