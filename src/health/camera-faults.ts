import type { CameraState } from '../frames/supervision.js';
import type { RecentErrors } from './recent-errors.js';

export interface CameraFaultsOptions {
  readonly name: string;
  readonly camera: { onState(listener: (state: CameraState) => void): () => void };
  readonly errors: RecentErrors;
}

/** Keeps what a camera's states say of faults among the last errors: once for each outage and each reason of it. */
export function noteCameraFaults({ name, camera, errors }: CameraFaultsOptions): void {
  let told: string | undefined;
  camera.onState(({ state, error }) => {
    const fault = error && `${state} ${error.message}`;
    if (error && fault !== told) errors.add({ source: 'camera', camera: name, ...error });
    told = fault;
  });
}
