import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { ReadSometimes, type ReadSometimesOptions } from '../read-sometimes.js';
import { clocks } from './clocks.js';
import { fans, powerRails } from './hwmon.js';
import { distinct, type Reading, type Sensor } from './sensor.js';
import { textOf } from './sysfs.js';
import { thermalZones } from './thermal.js';

/** How long the list of sensors is good: zones and CPUs come and go with power modes. */
const FIND_AGAIN_MS = 60_000;

export interface JetsonOptions extends ReadSometimesOptions {
  /** Of the file system; tests make their own. */
  readonly root?: string;
}

/** Whether this machine is a Jetson, also from within a container. */
export async function isJetson(root: string): Promise<boolean> {
  const compatible = (await textOf(join(root, 'proc/device-tree/compatible'))) ?? '';
  if (/nvidia,tegra/.test(compatible)) return true;
  return access(join(root, 'etc/nv_tegra_release')).then(
    () => true,
    () => false,
  );
}

/** What the board tells of itself, at most once a second however many ask; nothing where this is no Jetson. Never rejects. */
export class Jetson {
  readonly #root: string;
  readonly #now: () => number;
  readonly #readings: ReadSometimes<readonly Reading[]>;
  #here: boolean | undefined;
  #sensors: readonly Sensor[] = [];
  #foundAtMs = Number.NEGATIVE_INFINITY;

  constructor({ root = '/', ...options }: JetsonOptions = {}) {
    this.#root = root;
    this.#now = options.now ?? (() => performance.now());
    this.#readings = new ReadSometimes(() => this.#readAll(), [], options);
  }

  read(): Promise<readonly Reading[]> {
    return this.#readings.read();
  }

  async #readAll(): Promise<readonly Reading[]> {
    this.#here ??= await isJetson(this.#root);
    if (!this.#here) return [];
    if (this.#now() - this.#foundAtMs >= FIND_AGAIN_MS) {
      this.#sensors = await findSensors(join(this.#root, 'sys'));
      this.#foundAtMs = this.#now();
    }
    const readings: Reading[] = [];
    for (const { quantity, label, read } of this.#sensors) {
      const value = await read();
      if (value !== null) readings.push({ quantity, label, value });
    }
    return readings;
  }
}

async function findSensors(sys: string): Promise<readonly Sensor[]> {
  return distinct([
    ...(await thermalZones(sys)),
    ...(await clocks(sys)),
    ...(await powerRails(sys)),
    ...(await fans(sys)),
  ]);
}
