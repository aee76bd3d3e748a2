import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { PACKAGE_ROOT } from '../../src/native/addon.js';

/** The addon on the doubles of CUDA and TensorRT 10.3, which `node scripts/test.mjs native` builds. */
export const DOUBLE_ADDON = join(PACKAGE_ROOT, 'build/tests/double/samwire.node');

/** For `describe.skipIf`: why there is no package on the doubles, or undefined. */
export const NO_DOUBLE = existsSync(DOUBLE_ADDON)
  ? undefined
  : `${DOUBLE_ADDON} is not built; run: node scripts/test.mjs native`;

/**
 * A package as installed, whose addon runs on the doubles: `node <root>/dist/cli/main.js` builds and runs engines on a machine
 * without a GPU. Steered by environment variables (tests/native/doubles/control.h). Needs `npm run build:ts`. Without `keep` it goes
 * away with the test.
 */
export function doublePackage(options: { readonly keep?: boolean } = {}): string {
  const root = mkdtempSync(join(tmpdir(), 'samwire-double-'));
  if (!options.keep) onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  // Copied, since a module finds the package's root from its own real path.
  for (const name of ['dist', 'package.json'])
    cpSync(join(PACKAGE_ROOT, name), join(root, name), { recursive: true });
  for (const name of ['node_modules', 'engines', 'config', 'assets'])
    symlinkSync(join(PACKAGE_ROOT, name), join(root, name));
  const addon = join(root, 'build/Release/samwire.node');
  mkdirSync(dirname(addon), { recursive: true });
  symlinkSync(DOUBLE_ADDON, addon);
  return root;
}
