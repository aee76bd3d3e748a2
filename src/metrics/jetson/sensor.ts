export type Quantity = 'temperature' | 'clock' | 'load' | 'power' | 'fan' | 'fanSpeed';

/** Something of the board that has a figure now and then. */
export interface Sensor {
  readonly quantity: Quantity;
  /** As the board names it: a rail, a zone, a clock. */
  readonly label: string;
  /** In the metric's unit; null where there is none at the moment. */
  readonly read: () => Promise<number | null>;
}

export interface Reading {
  readonly quantity: Quantity;
  readonly label: string;
  readonly value: number;
}

/** Of sensors that the board calls by one name, each but the first gets a number. */
export function distinct(sensors: readonly Sensor[]): readonly Sensor[] {
  const seen = new Map<string, number>();
  return sensors.map((sensor) => {
    const key = `${sensor.quantity} ${sensor.label}`;
    const count = (seen.get(key) ?? 0) + 1;
    seen.set(key, count);
    return count === 1 ? sensor : { ...sensor, label: `${sensor.label}-${count}` };
  });
}
