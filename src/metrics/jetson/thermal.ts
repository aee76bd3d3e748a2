import { join } from 'node:path';
import type { Sensor } from './sensor.js';
import { entries, nameOf, numberOf } from './sysfs.js';

/** What boards tell of zones that are off (-256 °C) or hold a constant lies outside. */
const COLDEST_C = -60;
const HOTTEST_C = 200;

/**
 * `/sys/class/thermal/thermal_zone*`. JetPack 5 calls them `CPU-therm`, 6 `cpu-thermal`; both are `cpu` here. A zone whose
 * rail is off (`cv0` of an Orin) can't be read (EAGAIN).
 */
export async function thermalZones(sys: string): Promise<readonly Sensor[]> {
  const folder = join(sys, 'class/thermal');
  const zones: Sensor[] = [];
  for (const zone of await entries(folder)) {
    if (!/^thermal_zone\d+$/.test(zone)) continue;
    const type = await nameOf(join(folder, zone, 'type'));
    // The PMIC's zone tells a constant.
    if (type === null || /^pmic/i.test(type)) continue;
    const label = type.replace(/[-_]therm(al)?$/i, '').toLowerCase();
    zones.push({ quantity: 'temperature', label, read: () => degrees(join(folder, zone, 'temp')) });
  }
  return zones;
}

async function degrees(path: string): Promise<number | null> {
  const thousandths = await numberOf(path);
  if (thousandths === null) return null;
  const celsius = thousandths / 1000;
  return celsius > COLDEST_C && celsius < HOTTEST_C ? celsius : null;
}
