import type { Family } from '../family.js';
import type { Quantity, Reading } from './sensor.js';

export interface JetsonFigures {
  /** None where this is no Jetson. */
  readonly board: readonly Reading[];
}

const of =
  (quantity: Quantity, label: string) =>
  ({ board }: JetsonFigures) =>
    board
      .filter((reading) => reading.quantity === quantity)
      .map((reading) => ({ labels: { [label]: reading.label }, value: reading.value }));

export const JETSON_FAMILIES: readonly Family<JetsonFigures>[] = [
  {
    kind: 'gauge',
    name: 'samwire_jetson_temperature_celsius',
    help: 'Temperature of a thermal zone of the board.',
    labels: ['zone'],
    samples: of('temperature', 'zone'),
  },
  {
    kind: 'gauge',
    name: 'samwire_jetson_clock_hertz',
    help: 'Clock of a CPU, the GPU or the memory (emc, where it may be read) of the board.',
    labels: ['clock'],
    samples: of('clock', 'clock'),
  },
  {
    kind: 'gauge',
    name: 'samwire_jetson_gpu_load_ratio',
    help: 'How busy the GPU of the board is, 0 to 1, whoever uses it.',
    labels: ['gpu'],
    samples: of('load', 'gpu'),
  },
  {
    kind: 'gauge',
    name: 'samwire_jetson_power_watts',
    help: 'Power on a rail of the board. VDD_IN is the whole module, where the board has it.',
    labels: ['rail'],
    samples: of('power', 'rail'),
  },
  {
    kind: 'gauge',
    name: 'samwire_jetson_fan_ratio',
    help: 'What the fan is told to do, 0 to 1.',
    labels: ['fan'],
    samples: of('fan', 'fan'),
  },
  {
    kind: 'gauge',
    name: 'samwire_jetson_fan_revolutions_per_minute',
    help: 'How fast the fan turns.',
    labels: ['fan'],
    samples: of('fanSpeed', 'fan'),
  },
];
