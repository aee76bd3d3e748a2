import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../src/native/addon.js';
import { repairOf } from '../../src/native/repair.js';

describe('what puts the program in order', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'samwire-repair-'));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it('is the script of a clone, this one too', () => {
    mkdirSync(join(root, 'scripts'));
    writeFileSync(join(root, 'scripts/setup.sh'), '');
    expect(repairOf(root).setUp).toBe('bash scripts/setup.sh');
    expect(repairOf(root).packages).toContain(`cd ${root} && `);
    expect(repairOf(PACKAGE_ROOT).rebuild).toMatch(/&& bash scripts\/setup\.sh$/);
  });

  it('is the package where it was installed, which has neither script nor npm', () => {
    for (const command of Object.values(repairOf(root))) {
      expect(command).toMatch(/apt-get install --reinstall/);
      expect(command).not.toMatch(/setup\.sh|npm ci/);
    }
  });
});
