import { join } from 'node:path';
import type { Sensor } from './sensor.js';
import { entries, nameOf, numberOf } from './sysfs.js';

/** The device tree's names of GPUs: TX2, Xavier, Orin with JetPack 5, and all with JetPack 6. */
const GPUS = /^(gp10b|gv11b|ga10b|gpu)$/;
/** Where debugfs has the memory's clock; of root alone, on most boards. */
const EMC = ['kernel/debug/bpmp/debug/clk/emc/rate', 'kernel/debug/clk/emc/clk_rate'];

/** Clocks in Hz of the CPUs, the GPU and the memory, and how busy the GPU is, 0 to 1. */
export async function clocks(sys: string): Promise<readonly Sensor[]> {
  return [...(await cpus(sys)), ...(await gpus(sys)), ...(await memory(sys))];
}

async function cpus(sys: string): Promise<readonly Sensor[]> {
  const folder = join(sys, 'devices/system/cpu');
  const names = (await entries(folder)).filter((name) => /^cpu\d+$/.test(name));
  return names.map((name) => ({
    quantity: 'clock',
    label: name,
    // In kHz. Of a CPU that is off there is none.
    read: () => scaled(join(folder, name, 'cpufreq/scaling_cur_freq'), 1000),
  }));
}

/** `17000000.ga10b` (JetPack 5), `17000000.gpu` (6); the load, per mille, is the device's own attribute. */
async function gpus(sys: string): Promise<readonly Sensor[]> {
  const folder = join(sys, 'class/devfreq');
  const sensors: Sensor[] = [];
  for (const device of await entries(folder)) {
    const node = await nameOf(join(folder, device, 'device/of_node/name'));
    if (!GPUS.test(node ?? device.replace(/^[0-9a-f]+\./, ''))) continue;
    sensors.push(
      { quantity: 'clock', label: 'gpu', read: () => scaled(join(folder, device, 'cur_freq'), 1) },
      { quantity: 'load', label: 'gpu', read: () => share(join(folder, device, 'device/load')) },
    );
  }
  return sensors;
}

async function memory(sys: string): Promise<readonly Sensor[]> {
  for (const path of EMC.map((name) => join(sys, name)))
    if ((await numberOf(path)) !== null)
      return [{ quantity: 'clock', label: 'emc', read: () => scaled(path, 1) }];
  return [];
}

async function scaled(path: string, unit: number): Promise<number | null> {
  const value = await numberOf(path);
  return value === null || value < 0 ? null : value * unit;
}

/** Of an attribute per mille. */
async function share(path: string): Promise<number | null> {
  const value = await numberOf(path);
  return value !== null && value >= 0 && value <= 1000 ? value / 1000 : null;
}
