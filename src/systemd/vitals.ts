/** What the service manager is told of is made of this; src/main.ts gathers it. All durations are of the monotonic clock. */
import type { CameraState } from '../frames/supervision.js';
import type { ConnectionStatus } from '../mqtt/connection.js';
import type { NodeStateMessage } from '../mqtt/topics.js';

export interface CameraVitals {
  readonly name: string;
  readonly state: CameraState;
  /** How long nothing has advanced: no frame while it streams, no step of its supervision while it does not. */
  readonly quietMs: number;
}

export interface LoadVitals {
  /** How long the loading has shown no sign of life; 0 while it waits for its next try. */
  readonly quietMs: number;
  /** Engines are built, or another try is waited for: that may outlast any start. */
  readonly prolongs: boolean;
  /** Why the last try failed. */
  readonly problem: string | null;
  /** What is being built. */
  readonly step: string | null;
}

export interface RunVitals {
  /** How long the oldest run of the model is at work; null where none is. */
  readonly atWorkMs: number | null;
  /** The longest that ended, the loading of the model among them, which runs it once. */
  readonly slowestMs: number;
}

export interface Vitals {
  readonly node: NodeStateMessage;
  readonly cameras: readonly CameraVitals[];
  readonly broker: Pick<ConnectionStatus, 'url' | 'connected' | 'problem'>;
  /** Null when the model is loaded. */
  readonly load: LoadVitals | null;
  readonly run: RunVitals;
}
