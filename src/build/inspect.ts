import { realpathSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelDirectory, TwoGraphDirectory } from '../models/directory.js';
import { sha256File } from '../models/verify.js';
import { differences, type EngineIdentity, PARTS, type Part, type Precision, sha256Of } from './identity.js';
import type { TensorrtMachine } from './machine.js';
import {
  type EngineRecord,
  type EngineSettings,
  type EnginesRecord,
  planPath,
  readRecord,
} from './record.js';
import { runTask } from './run-task.js';
import { type PreparedGraph, preparedSchema, type WantedGraph } from './tasks.js';

/** 0..5 as TensorRT counts; 3 is its own default, which 4 and 5 improve on by little for several times the wait. */
export const OPTIMIZATION_LEVEL = 3;

/** A model's engines as they lie in the cache. */
export type EnginesState =
  | { readonly state: 'current'; readonly record: EnginesRecord }
  /** Every precision was tried on this machine, and none passed the self-test. */
  | { readonly state: 'refused'; readonly record: EnginesRecord }
  /** Built from something else, or not whole; `record` where it can be read. */
  | { readonly state: 'stale'; readonly why: string; readonly record?: EnginesRecord }
  | { readonly state: 'missing' };

export interface InspectOptions {
  readonly model: TwoGraphDirectory;
  /** The model's folder in the cache. */
  readonly folder: string;
  readonly machine: TensorrtMachine;
  /** Those that are asked for; undefined: as they were built. */
  readonly settings?: EngineSettings;
  readonly signal?: AbortSignal;
}

/**
 * Holds the record of a model's engines against the model's files, this machine and the plans. Makes the graphs anew
 * (in a process of its own, half a second) to compare them with those that the engines were built from.
 * @throws ConfigError for a model whose files are missing or not the manifest's.
 */
export async function inspectEngines(options: InspectOptions): Promise<EnginesState> {
  const { model, folder, machine, settings, signal } = options;
  const record = await readRecord(folder);
  if (record === 'absent') return { state: 'missing' };
  if (record === 'unusable')
    return { state: 'stale', why: 'their record is torn, or of another version of Samwire' };
  const stale = (why: string): EnginesState => ({ state: 'stale', why, record });
  if (record.manifestSha256 !== manifestSha256(model)) return stale('the manifest was changed');
  const wanted = settings === undefined ? [] : differentSettings(settings, record.settings);
  if (wanted.length > 0) return stale(`they were built with another ${wanted.join(', ')}`);
  const graphs = await runTask(
    {
      task: 'prepare',
      modelDir: model.dir,
      graphs: PARTS.map((part) =>
        wantedGraph(part, record[part].identity.precision, record.settings, machine),
      ),
      folder: null,
    },
    preparedSchema,
    signal === undefined ? {} : { signal },
  );
  for (const graph of graphs) {
    const { identity } = record[graph.part];
    const differs = differences(identity, { ...identity, ...ingredients(graph, machine) });
    if (differs.length > 0) return stale(`the ${graph.part}'s was built from another ${differs.join(', ')}`);
  }
  if (!record.passed) return { state: 'refused', record };
  for (const part of PARTS) {
    const fault = await planFault(planPath(folder, record[part]), record[part]);
    if (fault !== undefined) return stale(`the ${part}'s plan ${fault}`);
  }
  return { state: 'current', record };
}

/**
 * From TensorRT 10 on networks are strongly typed, and 11 knows no others. DLA takes FP16 by the builder's flag until
 * then.
 */
export function wantedGraph(
  part: Part,
  precision: Precision,
  { dlaCore }: EngineSettings,
  { major }: TensorrtMachine,
): WantedGraph {
  const onDla = part === 'encoder' && dlaCore >= 0;
  return { part, precision, typed: major >= 11 || (major === 10 && !onDla) };
}

/** What of an identity does not depend on what was asked for. */
export function ingredients(
  { sourceSha256, graphSha256, fp32Nodes }: PreparedGraph,
  { version, device }: TensorrtMachine,
): Pick<
  EngineIdentity,
  | 'sourceSha256'
  | 'graphSha256'
  | 'fp32NodesSha256'
  | 'tensorrt'
  | 'gpu'
  | 'computeCapability'
  | 'optimizationLevel'
> {
  return {
    sourceSha256,
    graphSha256,
    fp32NodesSha256: sha256Of(fp32Nodes.join('\n')),
    tensorrt: version,
    gpu: device.name,
    computeCapability: device.computeCapability,
    optimizationLevel: OPTIMIZATION_LEVEL,
  };
}

function differentSettings(asked: EngineSettings, built: EngineSettings): string[] {
  const names = Object.keys(asked) as (keyof EngineSettings)[];
  return names.filter((name) => asked[name] !== built[name]);
}

async function planFault(path: string, { sizeBytes, sha256 }: EngineRecord): Promise<string | undefined> {
  const size = await stat(path).then(
    (found) => found.size,
    () => undefined,
  );
  if (size === undefined) return 'is not there';
  if (size !== sizeBytes) return `has ${size} bytes, ${sizeBytes} were written`;
  return (await sha256File(path)) === sha256 ? undefined : 'is not what was written';
}

/** Licence and source may be written anew without a build. */
export function manifestSha256({ manifest }: TwoGraphDirectory): string {
  const { encoder, decoder, image, prompt, mask } = manifest;
  return sha256Of(JSON.stringify({ encoder, decoder, image, prompt, mask }));
}

/** A model's folder in the cache. Another directory's model of the same name has another one. */
export function engineFolder(cache: string, { dir, manifest }: ModelDirectory): string {
  return join(cache, `${manifest.name}-${sha256Of(realpathSync(dir)).slice(0, 8)}`);
}
