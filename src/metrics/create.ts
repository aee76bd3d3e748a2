import type { Logger } from 'pino';
import type { Camera } from '../frames/camera.js';
import type { MqttNode } from '../mqtt/node.js';
import type { PipelineService } from '../pipeline/service.js';
import type { SideOutputs } from '../pipeline/side-outputs/side-outputs.js';
import type { DeviceMemory, Segmenter } from '../segment/segmenter.js';
import type { Figures } from './figures.js';
import type { JetsonFigures } from './jetson/families.js';
import { Jetson } from './jetson/jetson.js';
import { Metrics } from './metrics.js';
import { ReadSometimes } from './read-sometimes.js';

export interface MeasuredNode {
  readonly id: string;
  readonly cameras: ReadonlyMap<string, Camera>;
  readonly mqtt: MqttNode;
  readonly pipeline: PipelineService;
  readonly sideOutputs: SideOutputs;
  /** What came over HTTP since the start. */
  readonly http: Figures['http'];
  /** Null until the model is loaded. */
  readonly segmenter: () => Pick<Segmenter, 'deviceMemory'> | null;
  readonly log: Logger;
}

/** The metrics of a node. Its figures are looked up when somebody scrapes, and not before. */
export function createMetrics(node: MeasuredNode): Metrics {
  const { cameras, mqtt, pipeline, sideOutputs, log } = node;
  const gpu = new ReadSometimes<DeviceMemory | null>(
    () => node.segmenter()?.deviceMemory?.() ?? Promise.resolve(null),
    null,
  );
  const jetson = new Jetson();
  const look = async (): Promise<Figures & JetsonFigures> => {
    const [memory, board] = await Promise.all([gpu.read(), jetson.read()]);
    return {
      id: node.id,
      gpu: memory,
      board,
      state: mqtt.state,
      broker: mqtt.status,
      cameras,
      pipeline: pipeline.figures(),
      link: mqtt.linkStats(),
      http: node.http,
      outputs: sideOutputs.stats(),
    };
  };
  return new Metrics({ look, log });
}
