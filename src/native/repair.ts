import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Commands that put the program in order, as they follow on `Run: `. */
export interface Repair {
  /** Makes what is not there yet. */
  readonly setUp: string;
  /** Compiles the native addon anew, for instance against a TensorRT that was installed since. */
  readonly rebuild: string;
  /** Brings the npm packages back. */
  readonly packages: string;
}

/** By what is in the package's root `root`: a clone has the script that builds it, an installed program is installed anew. */
export function repairOf(root: string): Repair {
  if (existsSync(join(root, 'scripts/setup.sh'))) {
    const setUp = 'bash scripts/setup.sh';
    const packages = `cd ${root} && ONNXRUNTIME_NODE_INSTALL=skip npm ci`;
    return { setUp, rebuild: `rm -rf build .setup && ${setUp}`, packages };
  }
  const anew =
    'sudo apt-get install --reinstall ./samwire_VERSION_ARCH.deb, or samwire install from its clone';
  const rebuild = `npm run package:deb in a clone on this machine, then sudo apt-get install --reinstall the package (docs/install.md)`;
  return { setUp: anew, rebuild, packages: anew };
}
