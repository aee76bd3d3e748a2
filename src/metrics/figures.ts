import type { ErrorCode } from '../errors.js';
import type { Camera } from '../frames/camera.js';
import type { ConnectionStatus } from '../mqtt/connection.js';
import type { MqttNode } from '../mqtt/node.js';
import type { NodeStateMessage } from '../mqtt/topics.js';
import type { PipelineService } from '../pipeline/service.js';
import type { SideOutputs } from '../pipeline/side-outputs/side-outputs.js';
import type { DeviceMemory } from '../segment/segmenter.js';

/** What the HTTP side counts (`HttpCounters`). */
export interface HttpCounts {
  readonly repeats: number;
  readonly errors: Readonly<Record<ErrorCode, number>>;
  readonly console: {
    readonly pages: number;
    readonly frames: number;
    readonly masksDropped: number;
  };
}

/** What of the node is looked up at a scrape. */
export interface Figures {
  /** `node.id`. */
  readonly id: string;
  readonly state: NodeStateMessage;
  readonly broker: ConnectionStatus;
  readonly cameras: ReadonlyMap<string, Pick<Camera, 'state' | 'stats'>>;
  readonly pipeline: ReturnType<PipelineService['figures']>;
  readonly link: ReturnType<MqttNode['linkStats']>;
  readonly http: HttpCounts;
  readonly outputs: ReturnType<SideOutputs['stats']>;
  /** Null where there is no GPU, or it does not answer. */
  readonly gpu: DeviceMemory | null;
}
