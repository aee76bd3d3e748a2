import { pathText } from './faults.js';
import type { CameraConfig, Config } from './schema.js';

export interface ConfigWarning {
  readonly path: string;
  readonly message: string;
}

interface NotServed<T> {
  readonly path: string;
  readonly asked: (config: T) => boolean;
  readonly message: string;
}

const LATER = 'is valid, but this version does not serve it yet';

/** Settings that are validated but do nothing yet. A version that serves one deletes its line. */
const NODE_SETTINGS: readonly NotServed<Config>[] = [
  {
    path: 'http',
    asked: ({ http }) => http.host !== '127.0.0.1' || http.port !== 8080 || http.tokenFile !== null,
    message: LATER,
  },
];

const CAMERA_SETTINGS: readonly NotServed<CameraConfig>[] = [
  { path: 'depth', asked: ({ depth }) => depth !== undefined, message: LATER },
];

/** What a valid config asks for and does not get from this version. */
export function notServed(config: Config): readonly ConfigWarning[] {
  return [
    ...warningsOf(NODE_SETTINGS, config, ''),
    ...Object.entries(config.cameras).flatMap(([name, camera]) =>
      warningsOf(CAMERA_SETTINGS, camera, `${pathText(['cameras', name])}.`),
    ),
  ];
}

function warningsOf<T>(settings: readonly NotServed<T>[], config: T, prefix: string): ConfigWarning[] {
  return settings
    .filter(({ asked }) => asked(config))
    .map(({ path, message }) => ({ path: `${prefix}${path}`, message }));
}
