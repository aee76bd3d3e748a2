import { copyFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { SamwireError } from '../errors.js';
import type { ModelContract } from '../models/contract.js';
import type { TwoGraphDirectory } from '../models/directory.js';
import { sha256File } from '../models/verify.js';
import type { NativeBuildRequest } from '../native/build-types.js';
import type { BuiltEngines } from '../segment/tensorrt/engines.js';
import {
  beat,
  CacheError,
  isBuiltByOther,
  makeWorkFolder,
  othersEnd,
  removeOtherPlans,
  unlessFull,
} from './cache-folder.js';
import { MIN_IOU } from './compare.js';
import { Graphs, ioOf } from './graphs.js';
import { CACHE_FORMAT, type EngineIdentity, keyOf, type Part, type Precision, planFile } from './identity.js';
import { engineFolder, ingredients, inspectEngines, manifestSha256, OPTIMIZATION_LEVEL } from './inspect.js';
import { climbDown, type LadderResult, type Pair, rungs } from './ladder.js';
import type { TensorrtMachine } from './machine.js';
import { profileOf } from './profile.js';
import { type BuildProgress, Progress } from './progress.js';
import {
  type EngineRecord,
  type EngineSettings,
  type EnginesRecord,
  planPath,
  type Trial,
  writeRecord,
} from './record.js';
import { cancelled, runTask, type TaskOptions } from './run-task.js';
import { figures } from './table.js';
import { builtSchema, referenceSchema, selfTestSchema } from './tasks.js';

/** Prompts of the self-test whose masks say something; with fewer, a pass would prove nothing. */
const MIN_TELLING = 12;

export interface BuildOptions {
  readonly model: TwoGraphDirectory;
  readonly machine: TensorrtMachine;
  readonly settings: EngineSettings;
  /** `model.cache` of the config. */
  readonly cache: string;
  /** CPU threads of the onnx backend, which the engines are compared with. */
  readonly threads: number;
  readonly log: Logger;
  readonly onProgress?: (progress: BuildProgress) => void;
  readonly signal?: AbortSignal;
}

/** No precision passed. */
export class SelfTestError extends SamwireError {
  readonly trials: readonly Trial[];

  constructor(model: string, trials: readonly Trial[]) {
    super(
      'model_failed',
      `No TensorRT engines of ${model} passed the self-test. ${trials.map(told).join('; ')}.`,
    );
    this.name = 'SelfTestError';
    this.trials = trials;
  }
}

/** What the runtime is told besides the plans. */
export function engineFacts(
  { contract, settings }: Pick<EnginesRecord, 'contract' | 'settings'>,
  { device }: TensorrtMachine,
): Pick<BuiltEngines, 'contract' | 'device' | 'dlaCore' | 'maxPrompts'> {
  return {
    contract,
    device: device.index,
    dlaCore: settings.dlaCore,
    maxPrompts: contract.decoder.batch === 'free' ? settings.maxPrompts : 1,
  };
}

function told(trial: Trial): string {
  const pair = `encoder ${trial.encoder}, decoder ${trial.decoder}`;
  const found = figures(trial);
  if (trial.problem !== undefined || found === null) return `${pair}: ${trial.problem}`;
  const { worst, worstId, scoreDelta } = found;
  return `${pair}: worst IoU ${worst.toFixed(4)} (${worstId}), expected ${MIN_IOU}; scores off by up to ${scoreDelta.toFixed(4)}`;
}

/**
 * Builds a model's engines, from the precisions that its manifest wishes for downwards until the self-test passes,
 * and keeps them with their record. What was in the cache before is replaced when they are whole; nothing half-written
 * stays, whatever happens. Where another process is building for this model it waits for that one to end, and resolves
 * to undefined: look again, there may be nothing left to build.
 * @throws SelfTestError where no precision passes; SamwireError `model_failed`, `device_failed`; ChildDiedError;
 *   ConfigError for a faulty model; CacheError; UnavailableError when `signal` stopped it.
 */
export async function buildEngines(options: BuildOptions): Promise<EnginesRecord | undefined> {
  const folder = engineFolder(options.cache, options.model);
  const workFolder = await makeWorkFolder(options.cache, folder);
  const stopBeat = beat(workFolder);
  try {
    // Looked for with the own folder in sight: of two that begin at once, one sees the other at least.
    if (await isBuiltByOther(folder)) {
      await rm(workFolder, { recursive: true });
      await waitForOther(folder, options);
      return undefined;
    }
    return await new Builder(options, folder, workFolder).build();
  } catch (error) {
    // A full disk, for one.
    const ofFile = error instanceof Error && 'syscall' in error && !String(error.syscall).startsWith('spawn');
    throw ofFile ? new CacheError(options.cache, error) : error;
  } finally {
    stopBeat();
    await rm(workFolder, { recursive: true, force: true });
  }
}

async function waitForOther(folder: string, { model, log, onProgress, signal }: BuildOptions): Promise<void> {
  log.info(
    { model: model.manifest.name, folder },
    'another process is building TensorRT engines of this model; waiting for it',
  );
  const step = 'waiting for another process that is building them';
  await othersEnd(folder, { signal, onLook: () => onProgress?.({ fraction: 0, step }) });
  if (signal?.aborted) throw cancelled();
}

/** An engine that lies in the work folder. */
interface Built {
  readonly path: string;
  readonly record: EngineRecord;
}

class Builder {
  readonly #options: BuildOptions;
  readonly #folder: string;
  readonly #workFolder: string;
  readonly #progress: Progress;
  readonly #task: TaskOptions;
  readonly #graphs: Graphs;
  readonly #records = new Map<string, EngineRecord>();

  constructor(options: BuildOptions, folder: string, workFolder: string) {
    this.#options = options;
    this.#folder = folder;
    this.#workFolder = workFolder;
    const { onProgress, signal, log } = options;
    this.#progress = new Progress(onProgress ?? (() => undefined));
    this.#task = {
      ...(signal === undefined ? {} : { signal }),
      onProgress: (phase, fraction) => this.#progress.phase(phase, fraction),
      onQuiet: (task, minutes) =>
        log.warn({ task, minutes }, 'the building of engines tells nothing; it goes on'),
    };
    this.#graphs = new Graphs({ ...options, folder: workFolder, task: this.#task });
  }

  async build(): Promise<EnginesRecord> {
    const { model, settings, log } = this.#options;
    const { encoder, decoder } = model.manifest;
    const pairs = rungs({ encoder: encoder.precision, decoder: decoder.precision }, settings.precision);
    log.info({ model: model.manifest.name, ...pairs[0] }, 'building TensorRT engines');
    this.#progress.start('graphs');
    const contract = await this.#graphs.contract();
    this.#progress.start('onnx reference');
    const answers = await this.#reference();
    const result = await climbDown<Built>(pairs, {
      skip: (pair) => this.#graphs.repeats(pair),
      onPair: (_, builds, isLast) => this.#progress.rung([...builds, 'self-test'], isLast),
      build: (part, precision) => this.#buildPart(part, precision, contract),
      test: (pair, ...engines) => this.#test(pair, engines, contract, answers),
    });
    return this.#keep(result, contract);
  }

  /** What the onnx backend answers, before minutes are spent on engines to compare with it. */
  async #reference(): Promise<string> {
    const { model, threads } = this.#options;
    const answers = join(this.#workFolder, 'answers.json');
    const { prompts, telling } = await runTask(
      { task: 'reference', modelDir: model.dir, threads, answers },
      referenceSchema,
      this.#task,
    );
    if (telling >= MIN_TELLING) return answers;
    throw new SamwireError(
      'model_failed',
      `The self-test would prove nothing: of ${prompts} masks that the onnx backend makes of its pictures only ${telling} are ` +
        `neither next to empty nor next to full; expected ${MIN_TELLING}. Check the manifest (samwire models verify ` +
        `${model.manifest.name}); a model for other pictures brings its own (docs/tensorrt.md).`,
    );
  }

  async #buildPart(part: Part, precision: Precision, contract: ModelContract): Promise<Built> {
    const { machine, settings, log } = this.#options;
    this.#progress.stage(part, `${part} ${precision}`);
    const graph = await this.#graphs.get(part, precision);
    const shapes = profileOf(part, ioOf(graph), contract, settings.maxPrompts);
    const dlaCore = part === 'encoder' ? settings.dlaCore : -1;
    const path = join(this.#workFolder, `${part}-${precision}.plan`);
    const startedAt = performance.now();
    const { warnings } = await this.#withTimingCache((timingCachePath) =>
      runTask(
        {
          task: 'build',
          request: {
            onnxPath: graph.path ?? '',
            planPath: path,
            timingCachePath,
            precision: graph.buildPrecision,
            fp32Nodes: graph.fp32Nodes,
            shapes,
            workspaceBytes: settings.workspaceBytes,
            optimizationLevel: OPTIMIZATION_LEVEL,
            dlaCore,
            device: machine.device.index,
          } satisfies NativeBuildRequest,
        },
        builtSchema,
        this.#task,
      ).catch((error) => unlessFull(this.#options.cache, this.#workFolder, graph.path ?? '', error)),
    );
    const buildMs = Math.round(performance.now() - startedAt);
    for (const warning of warnings) log.debug({ part, precision, warning }, 'TensorRT warns');
    const identity: EngineIdentity = {
      format: CACHE_FORMAT,
      part,
      precision,
      ...ingredients(graph, machine),
      shapes: shapes.map(({ input, min, opt, max }) => ({
        input,
        min: [...min],
        opt: [...opt],
        max: [...max],
      })),
      dlaCore,
      workspaceBytes: settings.workspaceBytes,
    };
    const sha256 = await sha256File(path);
    const { size: sizeBytes } = await stat(path);
    log.info({ part, precision, buildMs, sizeBytes, warnings: warnings.length }, 'engine built');
    const record = { identity, key: keyOf(identity), sizeBytes, sha256, buildMs, warnings };
    this.#records.set(`${part} ${precision}`, record);
    return { path, record };
  }

  /**
   * TensorRT's measurements of kernels, which make the next build several times faster. It works on a copy, so that a
   * build that is killed leaves the cache as it was.
   */
  async #withTimingCache<T>(build: (path: string) => Promise<T>): Promise<T> {
    const { version, device } = this.#options.machine;
    const name = `timing-${version}-${device.name.replace(/[^A-Za-z0-9]+/g, '-')}.cache`;
    const kept = join(this.#options.cache, name);
    const copy = join(this.#workFolder, name);
    await copyFile(kept, copy).catch(() => undefined);
    const result = await build(copy);
    await rename(copy, kept).catch(() => undefined);
    return result;
  }

  #test(
    pair: Pair,
    engines: readonly [Built, Built],
    contract: ModelContract,
    answers: string,
  ): Promise<Trial> {
    const { model, settings, machine } = this.#options;
    this.#progress.stage('self-test', `self-test: encoder ${pair.encoder}, decoder ${pair.decoder}`);
    const [encoder, decoder] = engines;
    const built: BuiltEngines = {
      encoderPlan: encoder.path,
      decoderPlan: decoder.path,
      precision: pair,
      ...engineFacts({ contract, settings }, machine),
    };
    return runTask(
      { task: 'self-test', modelDir: model.dir, engines: built, precision: pair, answers },
      selfTestSchema,
      this.#task,
    ).then((trial) => {
      this.#options.log.info({ ...pair, ...figures(trial), passed: trial.passed }, 'self-test');
      return trial;
    });
  }

  async #keep({ chosen, trials }: LadderResult<Built>, contract: ModelContract): Promise<EnginesRecord> {
    const { model } = this.#options;
    if (chosen === null) {
      await this.#keepRefusal(trials, contract);
      throw new SelfTestError(model.manifest.name, trials);
    }
    const { encoder, decoder } = chosen;
    const engines = { encoder: encoder.record, decoder: decoder.record };
    for (const { path, record } of [encoder, decoder]) await rename(path, planPath(this.#folder, record));
    const record = this.#recordOf({ ...engines, contract, trials, passed: true });
    await writeRecord(this.#folder, this.#workFolder, record);
    await removeOtherPlans(
      this.#folder,
      [record.encoder, record.decoder].map(({ identity }) => planFile(identity)),
    );
    return record;
  }

  /**
   * So that the next start does not take as long to fail again; only where masks were compared, not for want of memory.
   * Engines that serve stay: what failed beside them was an experiment with other settings.
   */
  async #keepRefusal(trials: readonly Trial[], contract: ModelContract): Promise<void> {
    const [first] = trials;
    const encoder = this.#records.get(`encoder ${first?.encoder}`);
    const decoder = this.#records.get(`decoder ${first?.decoder}`);
    if (!encoder || !decoder || trials.some(({ problem }) => problem !== undefined)) return;
    const { model, machine } = this.#options;
    const { state } = await inspectEngines({ model, machine, folder: this.#folder });
    if (state === 'current') return;
    const record = this.#recordOf({ encoder, decoder, contract, trials, passed: false });
    await writeRecord(this.#folder, this.#workFolder, record);
    await removeOtherPlans(this.#folder, []);
  }

  #recordOf(
    found: Pick<EnginesRecord, 'encoder' | 'decoder' | 'contract' | 'trials' | 'passed'>,
  ): EnginesRecord {
    const { model, settings } = this.#options;
    return {
      format: CACHE_FORMAT,
      model: model.manifest.name,
      manifestSha256: manifestSha256(model),
      builtAt: new Date().toISOString(),
      settings,
      ...found,
    };
  }
}
