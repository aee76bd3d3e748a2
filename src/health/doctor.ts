import { exposedFiles, unreadableFiles } from '../config/files.js';
import { configPath, type LoadedConfig, loadConfig } from '../config/load.js';
import { ConfigError } from '../errors.js';
import type { Check } from './check.js';
import { checkBroker } from './check-broker.js';
import { checkCameras } from './check-cameras.js';
import { checkConsole } from './check-console.js';
import { checkMachine } from './check-machine.js';
import { checkCache, checkModel, type VerifyModel, verifyModelFiles } from './check-models.js';
import { checkAddon, checkSoftware } from './check-software.js';
import { checkEngines, checkTensorrt } from './check-tensorrt.js';
import { type Host, thisHost } from './host.js';

export interface DoctorOptions {
  /** A config file; as `loadConfig` finds it when left out. */
  readonly config?: string | undefined;
  readonly host?: Host;
  readonly verifyModel?: VerifyModel;
}

export interface DoctorReport {
  readonly checks: readonly Check[];
}

/** What this machine has and lacks, and whether what the config asks for is there. Changes nothing. */
export async function runDoctor(options: DoctorOptions = {}): Promise<DoctorReport> {
  const host = options.host ?? thisHost();
  const { check: configCheck, loaded } = readConfig(options.config);
  const { check: addonCheck, addon } = checkAddon(host);
  const cameras = Object.values(loaded?.config.cameras ?? {}).filter(({ enabled }) => enabled);
  const parts = await Promise.all([
    checkMachine(host),
    checkSoftware(
      host,
      addon,
      cameras.flatMap(({ source, depth }) => (depth ? [source, depth.source] : [source])),
    ),
    ...(loaded ? configured(loaded, { host, addon, verify: options.verifyModel ?? verifyModelFiles }) : []),
  ]);
  const [machine = [], software = [], ...rest] = parts;
  const tensorrt = checkTensorrt(addon, host, loaded?.config.model.backend ?? 'auto');
  return { checks: [...machine, addonCheck, tensorrt, ...software, ...configCheck, ...rest.flat()] };
}

interface Means {
  readonly host: Host;
  readonly addon: ReturnType<typeof checkAddon>['addon'];
  readonly verify: VerifyModel;
}

function configured({ config }: LoadedConfig, { host, addon, verify }: Means): Promise<Check[]>[] {
  return [
    Promise.all([
      checkModel(config, verify),
      checkEngines(config, addon),
      checkCache(config, host, config.model.backend !== 'onnx' && addon?.tensorrtStatus().problem === null),
      checkConsole(config),
    ]),
    checkCameras(config, host, addon),
    checkBroker(config, host),
  ];
}

function readConfig(path: string | undefined): { check: Check[]; loaded?: LoadedConfig } {
  try {
    const loaded = loadConfig(path);
    const warnings = [...loaded.warnings, ...unreadableFiles(loaded.config), ...exposedFiles(loaded.config)];
    const valid: Check = { name: 'config', status: 'ok', found: `${loaded.path} is valid`, of: 'config' };
    const notes = warnings.map(
      (warning): Check => ({
        name: 'config',
        status: 'warn',
        found: `${warning.path}: ${warning.message}`,
        remedy: `Correct or remove ${warning.path} in ${loaded.path}.`,
        of: 'config',
      }),
    );
    return { check: [valid, ...notes], loaded };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const remedy = `Mend it, then run: samwire check-config ${configPath(path)}`;
    return { check: [{ name: 'config', status: 'fail', found: error.message, remedy, of: 'config' }] };
  }
}

/**
 * The exit code: 78 when the config is faulty, 69 when something that it asks for is not available, 1 when this
 * machine lacks what every config needs, else 0. Warnings count for nothing.
 */
export function doctorExitCode({ checks }: DoctorReport): 0 | 1 | 69 | 78 {
  const failed = checks.filter(({ status }) => status === 'fail');
  if (failed.some(({ of }) => of === 'config')) return 78;
  if (failed.some(({ of }) => of === 'configured')) return 69;
  return failed.length > 0 ? 1 : 0;
}

/** The report for people: a line a check, the remedy under each problem, a summary. */
export function doctorText({ checks }: DoctorReport): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const indent = ' '.repeat('skipped'.length + width + 4);
  const lines = checks.flatMap(({ name, status, found, remedy }) => [
    `${status.padEnd('skipped'.length)}  ${name.padEnd(width)}  ${found.replaceAll('\n', `\n${indent}`)}`,
    ...(remedy === undefined ? [] : [`${indent}-> ${remedy}`]),
  ]);
  const count = (status: Check['status']) => checks.filter((check) => check.status === status).length;
  const warnings = count('warn') === 1 ? '1 warning' : `${count('warn')} warnings`;
  return `${[...lines, '', `${count('fail')} failed, ${warnings}, ${count('ok')} ok`].join('\n')}\n`;
}
