import { accessSync, constants, statSync } from 'node:fs';
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

const OTHERS_MAY_READ = 0o004;
const OTHERS_MAY_WRITE = 0o002;
const STICKY = 0o1000;

/** Secrets that every user of the machine can read, and folders of models that every user can write to. */
export function exposedFiles({ mqtt, http, model }: Config): readonly ConfigWarning[] {
  const secrets = [
    { path: 'mqtt.passwordFile', file: mqtt.passwordFile },
    { path: 'mqtt.tls.key', file: mqtt.tls?.key },
    { path: 'http.tokenFile', file: http.tokenFile ?? undefined },
  ].flatMap(({ path, file }) =>
    file !== undefined && modeOf(file) & OTHERS_MAY_READ ? [{ path, file }] : [],
  );
  const folders = model.paths
    .map((file, i) => ({ path: `model.paths.${i}`, file }))
    .filter(({ file }) => modeOf(file) & OTHERS_MAY_WRITE && !(modeOf(file) & STICKY));
  return [
    ...secrets.map(({ path, file }) => ({
      path,
      message: `every user of this machine can read ${file}. Run: chmod 600 ${file}`,
    })),
    ...folders.map(({ path, file }) => ({
      path,
      message: `every user of this machine can change the models in ${file}. Run: chmod o-w ${file}`,
    })),
  ];
}

/** 0 where it is not there, or can't be looked at. */
function modeOf(file: string): number {
  try {
    return statSync(file).mode;
  } catch {
    return 0;
  }
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
