import { pino } from 'pino';
import { type BuildOptions, buildEngines, SelfTestError } from '../build/build.js';
import { defaultSettings, noEnginesOf } from '../build/ensure.js';
import type { Precision } from '../build/identity.js';
import { engineFolder, inspectEngines } from '../build/inspect.js';
import { tensorrtMachine } from '../build/machine.js';
import { type EngineSettings, type EnginesRecord, planPath, type Trial } from '../build/record.js';
import { trialsTable } from '../build/table.js';
import { loadConfig } from '../config/load.js';
import { ConfigError, UnavailableError } from '../errors.js';
import { createLogger } from '../log.js';
import { resolveModel } from '../models/catalogue.js';
import { loadAddon } from '../native/addon.js';
import { jsonProgress, showProgress } from './build-progress.js';
import { EXIT } from './exit.js';
import { interruptible } from './interrupt.js';

export interface BuildFlags {
  readonly precision?: Precision;
  readonly maxPrompts?: number;
  readonly dla?: number;
  readonly workspaceMb?: number;
  readonly config?: string;
  readonly force?: boolean;
  readonly json?: boolean;
  readonly logLevel?: string | undefined;
}

/**
 * `samwire models build NAME`: 0 when the engines are there and have passed the self-test, 1 when none passed, 69
 * without TensorRT, 130 when it was interrupted.
 */
export async function buildModelCommand(name: string, flags: BuildFlags): Promise<number> {
  const { model: configured } = loadConfig(flags.config).config;
  const model = await resolveModel(name, configured.paths);
  if (model.graphs === 1) throw new ConfigError(noEnginesOf(model.manifest));
  const machine = tensorrtMachine(loadAddon().tensorrtStatus());
  if ('why' in machine) throw new UnavailableError(machine.why);
  const settings = settingsOf(flags, configured.maxPrompts);
  const folder = engineFolder(configured.cache, model);
  const print = (line: string): void => void process.stdout.write(`${line}\n`);
  const progress = flags.json ? jsonProgress(print) : showProgress();
  const log =
    flags.logLevel === undefined
      ? pino({ level: 'silent' })
      : createLogger({ level: flags.logLevel, pretty: process.stderr.isTTY });
  try {
    const { cache, threads } = configured;
    const outcome = await interruptible((signal) =>
      findOrBuild(
        { model, machine, settings, cache, threads, log, onProgress: progress.update, signal },
        flags.force,
      ),
    );
    progress.close();
    if (outcome === undefined) return EXIT.interrupted;
    for (const line of report({ ...outcome, folder, json: flags.json ?? false })) print(line);
    return EXIT.done;
  } catch (error) {
    progress.close();
    if (!(error instanceof SelfTestError)) throw error;
    for (const line of refusal(model.manifest.name, error.trials, flags)) print(line);
    return EXIT.failed;
  }
}

/** Again after another process has built: there may be nothing left to do. */
async function findOrBuild(options: BuildOptions, force = false): Promise<Omit<Outcome, 'folder' | 'json'>> {
  const { model, cache } = options;
  const found = await inspectEngines({ ...options, folder: engineFolder(cache, model) });
  if (!force && found.state === 'current') return { record: found.record, built: false };
  if (!force && found.state === 'refused') throw new SelfTestError(model.manifest.name, found.record.trials);
  const record = await buildEngines(options);
  return record === undefined ? findOrBuild(options, force) : { record, built: true };
}

function settingsOf(flags: BuildFlags, configuredPrompts: number): EngineSettings {
  return {
    ...defaultSettings(flags.maxPrompts ?? configuredPrompts),
    ...(flags.precision === undefined ? {} : { precision: flags.precision }),
    ...(flags.dla === undefined ? {} : { dlaCore: flags.dla }),
    ...(flags.workspaceMb === undefined ? {} : { workspaceBytes: flags.workspaceMb * 2 ** 20 }),
  };
}

interface Outcome {
  readonly record: EnginesRecord;
  readonly built: boolean;
  readonly folder: string;
  readonly json: boolean;
}

function report({ record, built, folder, json }: Outcome): string[] {
  const engines = [record.encoder, record.decoder];
  if (json) {
    const plans = engines.map((engine) => planPath(folder, engine));
    return [JSON.stringify({ built, plans, ...record })];
  }
  const lines = engines.map(({ identity, sizeBytes, buildMs, warnings }, i) => {
    const path = planPath(folder, engines[i] ?? record.encoder);
    const warned = warnings.length === 0 ? '' : `, ${warnings.length} warnings of TensorRT in the record`;
    return `${identity.part}: ${identity.precision}, ${(sizeBytes / 1e6).toFixed(1)} MB, built in ${(buildMs / 1000).toFixed(0)} s${warned}: ${path}`;
  });
  const { identity } = record.encoder;
  return [
    `${built ? 'Built' : 'Built before, and current'}: engines of ${record.model} for ${identity.gpu}, TensorRT ${identity.tensorrt}, up to ${record.settings.maxPrompts} prompts a run.`,
    ...lines,
    '',
    ...trialsTable(record.trials),
  ];
}

function refusal(name: string, trials: readonly Trial[], { json, precision, force }: BuildFlags): string[] {
  if (json) return [JSON.stringify({ built: false, passed: false, model: name, trials })];
  const forced = precision === undefined ? '' : ` in ${precision}`;
  return [
    `No engines of ${name}${forced} passed the self-test; the onnx backend serves.`,
    '',
    ...trialsTable(trials),
    ...(force ? [] : ['', `To try again all the same: samwire models build ${name} --force`]),
  ];
}
