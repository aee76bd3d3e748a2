import type { Config } from './schema.js';

/** What to know about a valid config. */
export interface ConfigWarning {
  readonly path: string;
  readonly message: string;
}

export function warningsOf({ cameras, jobs }: Config): readonly ConfigWarning[] {
  const enabled = Object.values(cameras).some((camera) => camera.enabled);
  if (enabled || jobs.enabled) return [];
  return [{ path: 'cameras', message: 'there is no enabled camera: nothing will be segmented' }];
}
