import type { ErrorCode } from '../errors.js';
import type { Camera } from '../frames/camera.js';
import type { ConnectionStatus } from '../mqtt/connection.js';
import type { MqttNode } from '../mqtt/node.js';
import type { NodeStateMessage } from '../mqtt/topics.js';
import type { PipelineService } from '../pipeline/service.js';
import type { SideOutputs } from '../pipeline/side-outputs/side-outputs.js';
import type { DeviceMemory } from '../segment/segmenter.js';

/** The WebSocket's side of the console. */
export interface ConsoleFigures {
  /** Pages that are connected. */
  readonly pages: number;
  /** Frames since the start: sent to pages, and left out because a page was slower. */
  readonly framesSent: number;
  readonly framesDropped: number;
}

/** What of the node is looked up at a scrape. */
export interface Figures {
  readonly state: NodeStateMessage;
  readonly broker: ConnectionStatus;
  readonly cameras: ReadonlyMap<string, Pick<Camera, 'state' | 'stats'>>;
  readonly pipeline: ReturnType<PipelineService['figures']>;
  readonly link: ReturnType<MqttNode['linkStats']>;
  readonly http: { readonly repeats: number; readonly errors: Readonly<Record<ErrorCode, number>> };
  readonly outputs: ReturnType<SideOutputs['stats']>;
  /** Null while the console does not listen. */
  readonly console: ConsoleFigures | null;
  /** Null where there is no GPU, or it does not answer. */
  readonly gpu: DeviceMemory | null;
}
