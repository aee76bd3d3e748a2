import type { Logger } from 'pino';
import { ConfigError, SamwireError, TransientError, UnavailableError } from '../errors.js';
import type { ModelDirectory, OneGraphDirectory, TwoGraphDirectory } from '../models/directory.js';
import type { OneGraphManifest } from '../models/manifest.js';
import { loadAddon } from '../native/addon.js';
import type { BuiltEngines } from '../segment/tensorrt/engines.js';
import { buildEngines, engineFacts, SelfTestError } from './build.js';
import { type EnginesState, engineFolder, inspectEngines } from './inspect.js';
import { type TensorrtMachine, tensorrtMachine } from './machine.js';
import { bucketOf } from './profile.js';
import type { BuildProgress } from './progress.js';
import { type EngineSettings, type EnginesRecord, planPath } from './record.js';
import { isTransient } from './transient.js';
import { requireOwnCache } from './trust.js';

const DEFAULT_WORKSPACE_BYTES = 2 ** 30;

export interface EnsureOptions {
  readonly model: ModelDirectory;
  readonly backend: 'auto' | 'tensorrt' | 'onnx';
  /** `model.cache` of the config. */
  readonly cache: string;
  /** Prompts in one run, for engines that are not there yet; those that are stay as they were built. */
  readonly maxPrompts: number;
  /** CPU threads of the onnx backend, which new engines are compared with. */
  readonly threads: number;
  /** False: engines that are there and current, or none. */
  readonly mayBuild?: boolean;
  /** Build them anew, whatever is there: their record and plans are in order, but they can't be loaded. */
  readonly force?: boolean;
  readonly log: Logger;
  /** Called only where something is built. */
  readonly onProgress?: (progress: BuildProgress) => void;
  readonly signal?: AbortSignal;
}

export type Ensured =
  | { readonly engines: BuiltEngines; readonly built: boolean }
  /** The onnx backend is to serve; `why` in a sentence. */
  | { readonly engines: null; readonly why: string };

/** What engines are built with where nobody says otherwise. */
export function defaultSettings(maxPrompts: number): EngineSettings {
  return {
    precision: null,
    maxPrompts: bucketOf(maxPrompts),
    dlaCore: -1,
    workspaceBytes: DEFAULT_WORKSPACE_BYTES,
  };
}

/**
 * The engines that a model runs on, built where they are missing or stale. `auto` falls back to the onnx backend, and
 * says why in the log; `tensorrt` does not.
 * @throws where `tensorrt` was asked for and can't be: ConfigError for the model's files, TransientError where another try may
 *   do, else UnavailableError with the remedy. UnavailableError when `signal` stopped it; SamwireError `device_failed`.
 */
export async function ensureEngines(options: EnsureOptions): Promise<Ensured> {
  const { backend, model, log, signal } = options;
  if (backend === 'onnx') return { engines: null, why: 'The onnx backend was asked for.' };
  if (model.graphs === 1) return withoutEngines(model, backend, log);
  const machine = tensorrtMachine(loadAddon().tensorrtStatus());
  if ('why' in machine) {
    // A process whose CUDA has found no GPU does not find one later; a new one may, when the driver is up.
    if (backend === 'tensorrt' && machine.mayAppear) throw new SamwireError('device_failed', machine.why);
    if (backend === 'tensorrt') throw new UnavailableError(machine.why);
    log[machine.amiss ? 'warn' : 'info'](
      { why: machine.why },
      'TensorRT is not used: the onnx backend serves',
    );
    return { engines: null, why: machine.why };
  }
  try {
    return await ensureOn(machine, { ...options, model });
  } catch (error) {
    const known =
      error instanceof SamwireError || error instanceof UnavailableError || error instanceof ConfigError;
    const lost = error instanceof SamwireError && error.code === 'device_failed';
    if (!known || lost || signal?.aborted) throw error;
    const why = error.message;
    if (backend === 'tensorrt') throw unavailable(error, why);
    log.warn(
      { model: model.manifest.name, why },
      'NO TENSORRT ENGINES: the onnx backend serves on the CPU, many times slower',
    );
    return { engines: null, why };
  }
}

function unavailable(error: Error, why: string): Error {
  if (error instanceof ConfigError) return error;
  const Kind = isTransient(error) ? TransientError : UnavailableError;
  return new Kind(why, { cause: error });
}

/** A network of another kind than an encoder and a decoder has no engines. */
function withoutEngines(
  { manifest }: OneGraphDirectory,
  backend: 'auto' | 'tensorrt',
  log: Logger,
): Extract<Ensured, { engines: null }> {
  const why = noEnginesOf(manifest);
  if (backend === 'tensorrt') throw new ConfigError(why);
  log.info({ model: manifest.name, why }, 'TensorRT is not used: the onnx backend serves');
  return { engines: null, why };
}

/** Why a model of one graph has no engines, and what to do. */
export function noEnginesOf({ name, family }: OneGraphManifest): string {
  return (
    `${name} is of family "${family}", which the TensorRT backend does not run: ` +
    'expected a model of an encoder and a decoder. The onnx backend runs it: set the backend to auto or onnx.'
  );
}

type EnsureOnOptions = EnsureOptions & { readonly model: TwoGraphDirectory };

async function ensureOn(machine: TensorrtMachine, options: EnsureOnOptions): Promise<Ensured> {
  const { model, cache, log, signal } = options;
  const folder = engineFolder(cache, model);
  // Before minutes are spent on building, and again when it is known which files are loaded.
  await requireOwnCache({ cache, folder, plans: [] });
  const found = await inspectEngines({
    model,
    folder,
    machine,
    ...(signal === undefined ? {} : { signal }),
  });
  if (found.state === 'current' && !options.force)
    return { engines: await enginesOf(found.record, { cache, folder, machine }), built: false };
  if (found.state === 'refused' && !wasForced(found) && !options.force)
    throw new SelfTestError(model.manifest.name, found.record.trials);
  const why = reasonOf(found);
  if (options.mayBuild === false)
    throw new UnavailableError(`${why} Run: samwire models build ${model.manifest.name}`);
  log.info(
    { model: model.manifest.name, why, folder },
    'TensorRT engines are built; this takes minutes, once',
  );
  const record = await buildEngines({
    ...options,
    machine,
    settings: settingsOf(found) ?? defaultSettings(options.maxPrompts),
  });
  if (record === undefined) return ensureOn(machine, { ...options, force: false });
  return { engines: await enginesOf(record, { cache, folder, machine }), built: true };
}

function reasonOf(found: EnginesState): string {
  switch (found.state) {
    case 'missing':
      return 'There are no TensorRT engines of this model yet.';
    case 'stale':
      return `The TensorRT engines are stale: ${found.why}.`;
    case 'current':
    case 'refused':
      return wasForced(found)
        ? 'The TensorRT engines in the precision that was asked for did not pass the self-test.'
        : 'The TensorRT engines could not be loaded.';
  }
}

/** Whether the refusal is of the one precision that somebody asked for: others were not tried. */
function wasForced(found: EnginesState): boolean {
  return found.state === 'refused' && found.record.settings.precision !== null;
}

/** What was chosen with `samwire models build` holds for the next build, too. */
function settingsOf(found: EnginesState): EngineSettings | undefined {
  const settings = 'record' in found ? found.record?.settings : undefined;
  return settings && wasForced(found) ? { ...settings, precision: null } : settings;
}

interface Place {
  readonly cache: string;
  readonly folder: string;
  readonly machine: TensorrtMachine;
}

/** @throws UnavailableError where somebody else could have written them. */
async function enginesOf(record: EnginesRecord, { cache, folder, machine }: Place): Promise<BuiltEngines> {
  const [encoderPlan, decoderPlan] = [planPath(folder, record.encoder), planPath(folder, record.decoder)];
  await requireOwnCache({ cache, folder, plans: [encoderPlan, decoderPlan] });
  return {
    encoderPlan,
    decoderPlan,
    precision: {
      encoder: record.encoder.identity.precision,
      decoder: record.decoder.identity.precision,
    },
    ...engineFacts(record, machine),
  };
}
