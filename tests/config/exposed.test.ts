import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { exposedFiles } from '../../src/config/files.js';
import { parseConfig } from '../../src/config/load.js';

const folder = mkdtempSync(join(tmpdir(), 'samwire-exposed-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A config whose secrets and folder of models have these permissions. */
function warned(secretMode: number, folderMode: number): readonly string[] {
  const [password, key, token, models] = ['password', 'key', 'token', 'models'].map((name) =>
    join(folder, name),
  );
  for (const file of [password, key, token] as string[]) {
    writeFileSync(file, 'x');
    chmodSync(file, secretMode);
  }
  mkdirSync(models as string, { recursive: true });
  chmodSync(models as string, folderMode);
  const { config } = parseConfig(
    JSON.stringify({
      version: 1,
      mqtt: { url: 'mqtts://h', username: 'u', passwordFile: password, tls: { cert: '/none', key } },
      http: { tokenFile: token },
      model: { paths: [models, '/not/there'] },
    }),
    '/x.yaml',
  );
  return exposedFiles(config).map(({ path, message }) => `${path}: ${message}`);
}

describe('files that a config names', () => {
  it('are told where every user can read a secret, or change a model, with what to do', () => {
    const told = warned(0o644, 0o777);
    expect(told.map((line) => line.split(':')[0])).toEqual([
      'mqtt.passwordFile',
      'mqtt.tls.key',
      'http.tokenFile',
      'model.paths.0',
    ]);
    expect(told[0]).toContain(`Run: chmod 600 ${join(folder, 'password')}`);
    expect(told[3]).toContain(`Run: chmod o-w ${join(folder, 'models')}`);
  });

  it('are not told where they are kept', () => {
    expect(warned(0o640, 0o755)).toEqual([]);
  });
});
