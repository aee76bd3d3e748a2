import type { Config } from './schema.js';

export interface ConfigWarning {
  readonly path: string;
  readonly message: string;
}

interface NotServed extends ConfigWarning {
  readonly asked: (config: Config) => boolean;
}

const LATER = 'is valid, but this version does not serve it yet';

/** Settings that are validated but do nothing yet. A version that serves one deletes its line. */
const SETTINGS: readonly NotServed[] = [
  {
    path: 'http',
    asked: ({ http }) => http.host !== '127.0.0.1' || http.port !== 8080 || http.tokenFile !== null,
    message: LATER,
  },
];

/** What a valid config asks for and does not get from this version. */
export function notServed(config: Config): readonly ConfigWarning[] {
  return SETTINGS.filter(({ asked }) => asked(config)).map(({ path, message }) => ({ path, message }));
}
