/** A file system's root with a board's /sys, made of files and links in a temporary folder, as JetPack 5 and 6 lay them out. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { owe } from '../../integration/mqtt/harness.js';

export interface Tree {
  readonly root: string;
  /** Writes a file; `path` is from the root. */
  write(path: string, text: string): void;
  /** Takes a file or a folder away. */
  remove(path: string): void;
}

/** Goes away with `closeAll`. */
export function emptyTree(): Tree {
  const root = mkdtempSync(join(tmpdir(), 'samwire-sys-'));
  owe(async () => rmSync(root, { recursive: true, force: true }));
  return {
    root,
    write(path, text) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    },
    remove: (path) => rmSync(join(root, path), { recursive: true }),
  };
}

/** As sysfs has it: classes and drivers hold links to devices. */
function link({ root }: Tree, from: string, to: string): void {
  mkdirSync(dirname(join(root, from)), { recursive: true });
  symlinkSync(relative(dirname(join(root, from)), join(root, to)), join(root, from));
}

function zones(tree: Tree, types: Readonly<Record<string, number>>): void {
  for (const [i, [type, temp]] of Object.entries(types).entries()) {
    const device = `sys/devices/virtual/thermal/thermal_zone${i}`;
    tree.write(`${device}/type`, `${type}\n`);
    tree.write(`${device}/temp`, `${temp}\n`);
    link(tree, `sys/class/thermal/thermal_zone${i}`, device);
  }
  tree.write('sys/devices/virtual/thermal/cooling_device0/type', 'pwm-fan\n');
  link(tree, 'sys/class/thermal/cooling_device0', 'sys/devices/virtual/thermal/cooling_device0');
}

function cpus(tree: Tree, clocksKhz: readonly (number | null)[]): void {
  for (const [i, clock] of clocksKhz.entries()) {
    tree.write(`sys/devices/system/cpu/cpu${i}/online`, clock === null ? '0\n' : '1\n');
    if (clock !== null) tree.write(`sys/devices/system/cpu/cpu${i}/cpufreq/scaling_cur_freq`, `${clock}\n`);
  }
  tree.write('sys/devices/system/cpu/cpufreq/boost', '0\n');
  tree.write('sys/devices/system/cpu/online', '0-3\n');
}

interface Gpu {
  /** The platform device's folder. */
  readonly device: string;
  readonly name: string;
  readonly of: string;
  readonly clock: number;
  readonly load: number;
}

function gpu(tree: Tree, { device, name, of, clock, load }: Gpu): void {
  tree.write(`${device}/load`, `${load}\n`);
  tree.write(`${device}/of_node/name`, `${of}\0`);
  tree.write(`${device}/devfreq/${name}/cur_freq`, `${clock}\n`);
  link(tree, `${device}/devfreq/${name}/device`, device);
  link(tree, `sys/class/devfreq/${name}`, `${device}/devfreq/${name}`);
}

/** `null`: no channel. */
function ina3221(tree: Tree, address: string, rails: readonly (readonly [string, number, number])[]): void {
  const device = `sys/devices/platform/bus@0/c240000.i2c/i2c-1/${address}`;
  const monitor = `${device}/hwmon/hwmon3`;
  tree.write(`${device}/name`, 'ina3221\n');
  for (const [i, [label, millivolts, milliamperes]] of rails.entries()) {
    tree.write(`${monitor}/in${i + 1}_label`, `${label}\n`);
    tree.write(`${monitor}/in${i + 1}_input`, `${millivolts}\n`);
    tree.write(`${monitor}/curr${i + 1}_input`, `${milliamperes}\n`);
  }
  tree.write(`${monitor}/in7_label`, 'sum of shunt voltages\n');
  tree.write(`${monitor}/in7_input`, '12\n');
  link(tree, `sys/bus/i2c/drivers/ina3221/${address}`, device);
  tree.write('sys/bus/i2c/drivers/ina3221/uevent', '');
}

function hwmon(tree: Tree, index: number, files: Readonly<Record<string, string>>): void {
  const device = `sys/devices/platform/device${index}/hwmon/hwmon${index}`;
  for (const [name, text] of Object.entries(files)) tree.write(`${device}/${name}`, `${text}\n`);
  link(tree, `sys/class/hwmon/hwmon${index}`, device);
}

/** An AGX Orin with Jetson Linux 35. */
export function jetpack5(): Tree {
  const tree = emptyTree();
  tree.write('etc/nv_tegra_release', '# R35 (release), REVISION: 4.1\n');
  zones(tree, { 'CPU-therm': 51_500, 'GPU-therm': 47_281, 'tj-therm': 52_093, 'PMIC-Die': 100_000 });
  cpus(tree, [2_188_800, 729_600, null]);
  gpu(tree, {
    device: 'sys/devices/17000000.ga10b',
    name: '17000000.ga10b',
    of: 'ga10b',
    clock: 1_300_500_000,
    load: 734,
  });
  tree.write('sys/devices/platform/15340000.vic/of_node/name', 'vic\0');
  tree.write('sys/devices/platform/15340000.vic/devfreq/15340000.vic/cur_freq', '115200000\n');
  link(
    tree,
    'sys/devices/platform/15340000.vic/devfreq/15340000.vic/device',
    'sys/devices/platform/15340000.vic',
  );
  link(tree, 'sys/class/devfreq/15340000.vic', 'sys/devices/platform/15340000.vic/devfreq/15340000.vic');
  tree.write('sys/kernel/debug/bpmp/debug/clk/emc/rate', '3199000000\n');
  ina3221(tree, '1-0040', [
    ['VDD_GPU_SOC', 19_128, 400],
    ['VDD_CPU_CV', 19_120, 152],
    ['VIN_SYS_5V0', 5_048, 888],
  ]);
  ina3221(tree, '1-0041', [
    ['NC', 0, 0],
    ['VDDQ_VDD2_1V8AO', 19_128, 96],
    ['NC', 0, 0],
  ]);
  hwmon(tree, 0, { name: 'pwmfan', pwm1: '51' });
  hwmon(tree, 1, { name: 'pwm_tach', rpm: '1380' });
  return tree;
}

/** An Orin Nano with Jetson Linux 36, as a user sees it: debugfs is root's. */
export function jetpack6(): Tree {
  const tree = emptyTree();
  tree.write(
    'proc/device-tree/compatible',
    'nvidia,p3768-0000+p3767-0003\0nvidia,p3767-0003\0nvidia,tegra234\0',
  );
  zones(tree, {
    'cpu-thermal': 48_343,
    'gpu-thermal': 47_250,
    'cv0-thermal': 46_000,
    'soc0-thermal': 46_187,
    'tj-thermal': 48_343,
  });
  cpus(tree, [1_510_400, 1_510_400]);
  gpu(tree, {
    device: 'sys/devices/platform/bus@0/17000000.gpu',
    name: '17000000.gpu',
    of: 'gpu',
    clock: 624_750_000,
    load: 120,
  });
  ina3221(tree, '1-0040', [
    ['VDD_IN', 5_040, 1_240],
    ['VDD_CPU_GPU_CV', 5_032, 320],
    ['VDD_SOC', 5_032, 280],
  ]);
  hwmon(tree, 0, { name: 'pwmfan', pwm1: '128', fan1_input: '2640' });
  return tree;
}
