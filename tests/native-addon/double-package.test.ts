import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { doublePackage, NO_DOUBLE } from '../native/double-package.js';

describe.skipIf(NO_DOUBLE)(`the package on the doubles of CUDA and TensorRT ${NO_DOUBLE ?? ''}`, () => {
  const doctor = (env: Readonly<Record<string, string>>): string =>
    spawnSync(process.execPath, [`${doublePackage()}/dist/cli/main.js`, 'doctor'], {
      encoding: 'utf8',
      env: { ...process.env, ...env },
    }).stdout;

  it('has a GPU and TensorRT 10.3', () => {
    expect(doctor({})).toMatch(/TensorRT +version 10\.3\.0 on Samwire double \(compute capability 8\.7\)/);
  });

  it('is steered by the environment', () => {
    expect(doctor({ SAMWIRE_DOUBLE_DEVICE_NAME: 'Orin' })).toContain('version 10.3.0 on Orin');
    expect(doctor({ SAMWIRE_DOUBLE_DEVICE: 'none' })).not.toContain('Samwire double');
  });
});
