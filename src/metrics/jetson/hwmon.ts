import { join } from 'node:path';
import type { Sensor } from './sensor.js';
import { entries, nameOf, numberOf } from './sysfs.js';

/** Channels of an INA3221. What has higher numbers there are sums. */
const CHANNELS = [1, 2, 3];
const PWM_MAX = 255;

/** W on each rail that an INA3221 measures: `/sys/bus/i2c/drivers/ina3221/1-0040/hwmon/hwmon*`. */
export async function powerRails(sys: string): Promise<readonly Sensor[]> {
  const driver = join(sys, 'bus/i2c/drivers/ina3221');
  const rails: Sensor[] = [];
  for (const chip of await entries(driver)) {
    if (!/^\d+-[0-9a-f]{4}$/.test(chip)) continue;
    const monitors = join(driver, chip, 'hwmon');
    for (const monitor of await entries(monitors)) rails.push(...(await channels(join(monitors, monitor))));
  }
  return rails;
}

async function channels(monitor: string): Promise<readonly Sensor[]> {
  const rails: Sensor[] = [];
  for (const channel of CHANNELS) {
    const label = await nameOf(join(monitor, `in${channel}_label`));
    // Not connected.
    if (label === null || label === 'NC') continue;
    rails.push({ quantity: 'power', label, read: () => watts(monitor, channel) });
  }
  return rails;
}

/** mV and mA, read one after the other. */
async function watts(monitor: string, channel: number): Promise<number | null> {
  const millivolts = await numberOf(join(monitor, `in${channel}_input`));
  const milliamperes = await numberOf(join(monitor, `curr${channel}_input`));
  return millivolts === null || milliamperes === null ? null : (millivolts * milliamperes) / 1e6;
}

/** What fans are told, 0 to 1, and how fast they turn: JetPack 5 has `rpm` of a tachometer, 6 `fan1_input`. */
export async function fans(sys: string): Promise<readonly Sensor[]> {
  const folder = join(sys, 'class/hwmon');
  const sensors: Sensor[] = [];
  for (const monitor of await entries(folder)) {
    const path = join(folder, monitor);
    const name = await nameOf(join(path, 'name'));
    if (name === 'pwmfan') sensors.push(pwm(path));
    if (name !== null && /^(pwm_?tach|tachometer|pwm_?fan|generic_pwm_tachometer)$/.test(name))
      sensors.push(...(await tachometers(path)));
  }
  return sensors;
}

function pwm(path: string): Sensor {
  return {
    quantity: 'fan',
    label: 'fan',
    read: async () => {
      const level = await numberOf(join(path, 'pwm1'));
      return level !== null && level >= 0 && level <= PWM_MAX ? level / PWM_MAX : null;
    },
  };
}

async function tachometers(path: string): Promise<readonly Sensor[]> {
  for (const file of ['rpm', 'fan1_input'].map((name) => join(path, name)))
    if ((await numberOf(file)) !== null)
      return [{ quantity: 'fanSpeed', label: 'fan', read: () => numberOf(file) }];
  return [];
}
