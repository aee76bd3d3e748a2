/** What of others comes with this package: whole, from where it should, under which licence, and without known faults. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../src/native/addon.js';

interface Locked {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
}

const read = (name: string): string => readFileSync(join(PACKAGE_ROOT, name), 'utf8');
const lock = JSON.parse(read('package-lock.json')) as { packages: Record<string, Locked> };
const packages = Object.entries(lock.packages).filter(([path]) => path !== '');

/** Their scripts are not run (.npmrc): what each would do was looked at. */
const INSTALL_SCRIPTS: Readonly<Record<string, string>> = {
  'node_modules/onnxruntime-node':
    "downloads CUDA's parts where it sees a CUDA toolkit; the CPU's are in the package",
};
/** Of what is installed with the service. LGPL: libvips under sharp, a library that is loaded as its own file. */
const LICENCES = [
  'MIT',
  'Apache-2.0',
  'ISC',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'LGPL-3.0-or-later',
];

const licencesOf = (text = 'none'): string[] => text.replace(/[()]/g, '').split(/ (?:AND|OR) /);

interface Report {
  readonly auditReportVersion?: number;
  readonly metadata?: { readonly vulnerabilities: Readonly<Record<string, number>> };
  readonly message?: string;
}

/** `npm audit` of what is installed with the service; a report without a version says why there is none. */
function audit(): Promise<Report> {
  const args = ['audit', '--omit=dev', '--json', '--fetch-retries=0', '--fetch-timeout=15000'];
  return new Promise((resolve) => {
    execFile('npm', args, { cwd: PACKAGE_ROOT, timeout: 30_000 }, (error, stdout) => {
      try {
        resolve(JSON.parse(stdout) as Report);
      } catch {
        resolve({ message: error?.message ?? 'no report' });
      }
    });
  });
}

describe('the packages of others', () => {
  it('are pinned by SHA-512, and come from the registry alone', () => {
    expect(packages.length).toBeGreaterThan(100);
    expect(
      packages.filter(([, { integrity }]) => !integrity?.startsWith('sha512-')).map(([path]) => path),
    ).toEqual([]);
    const elsewhere = packages.filter(
      ([, { resolved }]) => resolved && !resolved.startsWith('https://registry.npmjs.org/'),
    );
    expect(elsewhere.map(([path]) => path)).toEqual([]);
    const { dependencies, devDependencies } = JSON.parse(read('package.json')) as Record<
      string,
      Record<string, string>
    >;
    const ranges = Object.entries({ ...dependencies, ...devDependencies });
    expect(ranges.filter(([, range]) => !/^[\^~]?\d/.test(range))).toEqual([]);
  });

  it('run no script when they are installed, and those that want to are known', () => {
    expect(read('.npmrc')).toMatch(/^ignore-scripts=true$/m);
    const wanting = packages.filter(([, { hasInstallScript }]) => hasInstallScript).map(([path]) => path);
    expect(wanting).toEqual(Object.keys(INSTALL_SCRIPTS));
  });

  it('may be given on with the service', () => {
    const odd = packages.filter(
      ([, { dev, license }]) => !dev && !licencesOf(license).every((licence) => LICENCES.includes(licence)),
    );
    expect(odd.map(([path, { license }]) => `${path}: ${license}`)).toEqual([]);
  });

  it('have no known fault of severity high or critical', async (context) => {
    const { auditReportVersion, metadata, message } = await audit();
    if (auditReportVersion === undefined) {
      console.warn(
        `Skipped: the registry here answers no audit (${message ?? 'no reason given'}); run: npm audit --omit=dev`,
      );
      context.skip();
    }
    const { high, critical } = metadata?.vulnerabilities ?? {};
    expect({ high, critical }).toEqual({ high: 0, critical: 0 });
  });
});
