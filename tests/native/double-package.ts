import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { PACKAGE_ROOT } from '../../src/native/addon.js';

/** The double of TensorRT that an addon is linked with: 8.6.1, 10.3.0 or 11.1.0. */
export type Major = 8 | 10 | 11;

/** The addon on the doubles of CUDA and of one TensorRT, which `node scripts/test.mjs native` builds. */
function doubleAddon(major: Major): string {
  return join(PACKAGE_ROOT, 'build/tests', major === 10 ? 'double' : `double-${major}`, 'samwire.node');
}

export const DOUBLE_ADDON = doubleAddon(10);

/** For `describe.skipIf`: why there is no package on the doubles of these, or undefined. */
export function noDouble(...majors: readonly Major[]): string | undefined {
  const missing = majors.map(doubleAddon).find((path) => !existsSync(path));
  return missing && `${missing} is not built; run: node scripts/test.mjs native`;
}

export const NO_DOUBLE = noDouble(10);

/**
 * A package as installed, whose addon runs on the doubles: `node <root>/dist/cli/main.js` builds and runs engines on a machine
 * without a GPU. Steered by environment variables (tests/native/doubles/control.h). Needs `npm run build:ts`. Without `keep` it goes
 * away with the test.
 */
export function doublePackage(options: { readonly keep?: boolean; readonly major?: Major } = {}): string {
  const root = mkdtempSync(join(tmpdir(), 'samwire-double-'));
  if (!options.keep) onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  // Copied, since a module finds the package's root from its own real path.
  for (const name of ['dist', 'package.json'])
    cpSync(join(PACKAGE_ROOT, name), join(root, name), { recursive: true });
  for (const name of ['node_modules', 'engines', 'config', 'assets'])
    symlinkSync(join(PACKAGE_ROOT, name), join(root, name));
  const addon = join(root, 'build/Release/samwire.node');
  mkdirSync(dirname(addon), { recursive: true });
  symlinkSync(doubleAddon(options.major ?? 10), addon);
  return root;
}
