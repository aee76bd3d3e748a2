import { execFileSync } from 'node:child_process';
import { chmodSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { isJetson, Jetson } from '../../../src/metrics/jetson/jetson.js';
import type { Reading } from '../../../src/metrics/jetson/sensor.js';
import { closeAll } from '../../integration/mqtt/harness.js';
import { emptyTree, jetpack5, jetpack6, type Tree } from './tree.js';

afterEach(closeAll);

/** `cpu` of temperatures as `temperature cpu`. */
async function read({ root }: Tree): Promise<Record<string, number>> {
  return byName(await new Jetson({ root }).read());
}

function byName(readings: readonly Reading[]): Record<string, number> {
  return Object.fromEntries(readings.map(({ quantity, label, value }) => [`${quantity} ${label}`, value]));
}

describe('a board', () => {
  it('with JetPack 5 tells all of it, by its own names', async () => {
    expect(await read(jetpack5())).toEqual({
      'temperature cpu': 51.5,
      'temperature gpu': 47.281,
      'temperature tj': 52.093,
      'clock cpu0': 2_188_800_000,
      'clock cpu1': 729_600_000,
      'clock gpu': 1_300_500_000,
      'clock emc': 3_199_000_000,
      'load gpu': 0.734,
      'power VDD_GPU_SOC': expect.closeTo(7.6512, 6),
      'power VDD_CPU_CV': expect.closeTo(2.90624, 6),
      'power VIN_SYS_5V0': expect.closeTo(4.482624, 6),
      'power VDDQ_VDD2_1V8AO': expect.closeTo(1.836288, 6),
      'fan fan': 0.2,
      'fanSpeed fan': 1380,
    });
  });

  it('with JetPack 6 tells the same under the same names', async () => {
    expect(await read(jetpack6())).toEqual({
      'temperature cpu': 48.343,
      'temperature gpu': 47.25,
      'temperature cv0': 46,
      'temperature soc0': 46.187,
      'temperature tj': 48.343,
      'clock cpu0': 1_510_400_000,
      'clock cpu1': 1_510_400_000,
      'clock gpu': 624_750_000,
      'load gpu': 0.12,
      'power VDD_IN': expect.closeTo(6.2496, 6),
      'power VDD_CPU_GPU_CV': expect.closeTo(1.61024, 6),
      'power VDD_SOC': expect.closeTo(1.40896, 6),
      'fan fan': expect.closeTo(0.502, 3),
      'fanSpeed fan': 2640,
    });
  });

  it('is no board where nothing says so, and nothing is read', async () => {
    const tree = emptyTree();
    tree.write('proc/device-tree/compatible', 'raspberrypi,4-model-b\0brcm,bcm2711\0');
    tree.write('sys/class/thermal/thermal_zone0/type', 'cpu-thermal\n');
    tree.write('sys/class/thermal/thermal_zone0/temp', '40000\n');
    expect(await isJetson(tree.root)).toBe(false);
    expect(await read(tree)).toEqual({});
    expect(await read(emptyTree())).toEqual({});
  });

  it('that shows nothing of /sys, as a container may, has no figures', async () => {
    const tree = jetpack6();
    tree.remove('sys');
    expect(await read(tree)).toEqual({});
  });
});

describe('a file of /sys', () => {
  it('that fails to be read, as a zone does whose rail is off, is left out until it can be', async () => {
    const tree = jetpack6();
    let nowMs = 0;
    const jetson = new Jetson({ root: tree.root, now: () => nowMs });
    const zone = 'sys/devices/virtual/thermal/thermal_zone2/temp';
    tree.remove(zone);
    // Reading a folder fails with EISDIR, as the kernel's EAGAIN does: after it was opened.
    tree.write(`${zone}/inside`, '');
    expect(byName(await jetson.read())).not.toHaveProperty(['temperature cv0']);
    tree.remove(zone);
    tree.write(zone, '45000\n');
    expect(byName(await jetson.read())).not.toHaveProperty(['temperature cv0']);
    nowMs = 1000;
    expect(byName(await jetson.read())).toMatchObject({ 'temperature cv0': 45, 'temperature cpu': 48.343 });
  });

  it('that vanishes with its zone takes no other with it; a new one is found within a minute', async () => {
    const tree = jetpack6();
    let nowMs = 0;
    const jetson = new Jetson({ root: tree.root, now: () => nowMs });
    expect(byName(await jetson.read())).toHaveProperty(['temperature gpu']);
    tree.remove('sys/devices/virtual/thermal/thermal_zone1');
    tree.write('sys/class/thermal/thermal_zone9/type', 'tboard-thermal\n');
    tree.write('sys/class/thermal/thermal_zone9/temp', '33000\n');
    nowMs = 2000;
    const after = byName(await jetson.read());
    expect(after).not.toHaveProperty(['temperature gpu']);
    expect(after).toHaveProperty(['temperature tj']);
    nowMs = 62_000;
    expect(byName(await jetson.read())).toMatchObject({ 'temperature tboard': 33 });
  });

  it.each([
    ['nothing', ''],
    ['words', 'Resource temporarily unavailable\n'],
    ['a fraction', '48.3\n'],
    ['hexadecimal', '0x1f40\n'],
    ['too many digits', `${'9'.repeat(40)}\n`],
    ['what an absent sensor tells', '-256000\n'],
    ['a temperature of no board', '999999\n'],
    ['bytes', '\u0000\ufffd\u0007'],
    ['64 KiB', '1'.repeat(65_536)],
  ])('that holds %s gives no figure, and the others stay', async (_what, text) => {
    const tree = jetpack6();
    tree.write('sys/devices/virtual/thermal/thermal_zone0/temp', text);
    tree.write('sys/devices/platform/bus@0/17000000.gpu/load', text);
    tree.write('sys/devices/platform/bus@0/c240000.i2c/i2c-1/1-0040/hwmon/hwmon3/curr1_input', 'x');
    const figures = await read(tree);
    expect(figures).not.toHaveProperty(['temperature cpu']);
    expect(figures).not.toHaveProperty(['power VDD_IN']);
    expect(figures).toMatchObject({ 'temperature gpu': 47.25, 'power VDD_SOC': expect.closeTo(1.40896, 6) });
    expect(Object.values(figures).every(Number.isFinite)).toBe(true);
  });

  it('that names a sensor with what no board says makes no label of it', async () => {
    const tree = jetpack6();
    tree.write('sys/devices/virtual/thermal/thermal_zone0/type', '{evil="1"} 1\nsamwire_fake 1\n');
    tree.write('sys/devices/virtual/thermal/thermal_zone1/type', 'x'.repeat(200));
    const names = Object.keys(await read(tree)).filter((name) => name.startsWith('temperature'));
    expect(names).toEqual(['temperature cv0', 'temperature soc0', 'temperature tj']);
  });

  it('that two sensors have by one name makes two figures', async () => {
    const tree = jetpack6();
    tree.write('sys/devices/virtual/thermal/thermal_zone1/type', 'CPU-therm\n');
    expect(await read(tree)).toMatchObject({ 'temperature cpu': 48.343, 'temperature cpu-2': 47.25 });
  });

  it('that may not be read, or is a link in a ring, is left out', async () => {
    const tree = jetpack6();
    const power = 'sys/devices/platform/bus@0/c240000.i2c/i2c-1/1-0040/hwmon/hwmon3/in1_input';
    // root reads what it likes.
    if (process.getuid?.() === 0) tree.remove(power);
    else chmodSync(join(tree.root, power), 0);
    tree.remove('sys/devices/platform/bus@0/17000000.gpu/load');
    const load = join(tree.root, 'sys/devices/platform/bus@0/17000000.gpu/load');
    symlinkSync(load, load);
    const figures = await read(tree);
    expect(figures).not.toHaveProperty(['power VDD_IN']);
    expect(figures).not.toHaveProperty(['load gpu']);
    expect(figures).toHaveProperty(['clock gpu']);
  });
});

describe('the readings', () => {
  it('are nothing while a driver hangs, which holds up no scrape, and come back after it', async () => {
    const tree = jetpack6();
    const file = 'sys/devices/virtual/thermal/thermal_zone0/temp';
    const fifo = join(tree.root, file);
    tree.remove(file);
    execFileSync('mkfifo', [fifo]);
    const jetson = new Jetson({ root: tree.root, patienceMs: 20 });
    expect(await jetson.read()).toEqual([]);
    expect(await jetson.read()).toEqual([]);
    // Who opens a FIFO waits for the other side.
    writeFileSync(fifo, '47000\n');
    await vi.waitFor(async () =>
      expect(byName(await jetson.read())).toMatchObject({ 'power VDD_IN': 6.2496 }),
    );
  });

  it('are taken once a second, however many ask', async () => {
    const tree = jetpack6();
    let nowMs = 0;
    const jetson = new Jetson({ root: tree.root, now: () => nowMs });
    const first = await jetson.read();
    tree.write('sys/devices/virtual/thermal/thermal_zone0/temp', '60000\n');
    nowMs = 999;
    expect(await jetson.read()).toBe(first);
    nowMs = 1000;
    expect(byName(await jetson.read())).toMatchObject({ 'temperature cpu': 60 });
  });
});
