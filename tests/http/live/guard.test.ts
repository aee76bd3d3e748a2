import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { closeAll } from '../../integration/mqtt/harness.js';
import { directory } from '../../integration/service/harness.js';
import { handshake, listen } from '../harness.js';
import { testView } from '../view.js';
import { openPage } from './page.js';

afterEach(closeAll);

const TOKEN = 'a-token-of-more-than-sixteen-characters';

async function server() {
  const tokenFile = join(await directory(), 'token');
  await writeFile(tokenFile, TOKEN, { mode: 0o600 });
  return listen(testView({ cameras: new Map() }), { tokenFile });
}

describe('who may open /api/live', () => {
  it('is our own page with the token, and nobody else', async () => {
    const { url, post } = await server();
    const bearer = { authorization: `Bearer ${TOKEN}` };
    const refused: readonly (readonly [Record<string, string>, number])[] = [
      [{}, 401],
      [{ authorization: 'Bearer wrong' }, 401],
      [{ ...bearer, origin: 'https://evil.example' }, 403],
      [{ ...bearer, origin: 'null' }, 403],
      [{ ...bearer, 'sec-fetch-site': 'cross-site' }, 403],
      [{ ...bearer, host: 'evil.example' }, 403],
    ];
    for (const [headers, status] of refused)
      expect((await handshake(url, '/api/live', headers)).status, JSON.stringify(headers)).toBe(status);
    expect(await (await openPage(url, { headers: bearer })).hello()).toMatchObject({ node: 'n1' });
    const cookie =
      (await post('/api/login', { token: TOKEN })).headers.get('set-cookie')?.split(';')[0] ?? '';
    expect(await (await openPage(url, { headers: { cookie } })).hello()).toMatchObject({ node: 'n1' });
  });
});
