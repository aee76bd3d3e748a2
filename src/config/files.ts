import { accessSync, constants } from 'node:fs';
import { sourcePath, sourceScheme } from './addresses.js';
import { pathText } from './faults.js';
import type { Config } from './schema.js';
import type { ConfigWarning } from './warnings.js';

/** The files that a config names and that this process can't read: they may exist only on the robot. */
export function unreadableFiles(config: Config): readonly ConfigWarning[] {
  return referencedFiles(config).flatMap(({ path, file }) => {
    try {
      accessSync(file, constants.R_OK);
      return [];
    } catch (cause) {
      const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
      const message = missing ? `${file} does not exist on this machine` : `this user can't read ${file}`;
      return [{ path, message }];
    }
  });
}

function referencedFiles({ mqtt, http, cameras }: Config): readonly { path: string; file: string }[] {
  const named = [
    { path: 'mqtt.passwordFile', file: mqtt.passwordFile },
    { path: 'mqtt.tls.ca', file: mqtt.tls?.ca },
    { path: 'mqtt.tls.cert', file: mqtt.tls?.cert },
    { path: 'mqtt.tls.key', file: mqtt.tls?.key },
    { path: 'http.tokenFile', file: http.tokenFile ?? undefined },
    ...Object.entries(cameras)
      .filter(([, { enabled }]) => enabled)
      .flatMap(([name, { source, depth }]) => [
        { source, path: ['cameras', name, 'source'] },
        ...(depth ? [{ source: depth.source, path: ['cameras', name, 'depth', 'source'] }] : []),
      ])
      .filter(({ source }) => ['file', 'v4l2'].includes(sourceScheme(source)))
      .map(({ source, path }) => ({ path: pathText(path), file: sourcePath(source) })),
  ];
  return named.flatMap(({ path, file }) => (file === undefined ? [] : [{ path, file }]));
}
