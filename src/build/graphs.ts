import { checkGraph } from '../models/check-graph.js';
import type { ModelContract } from '../models/contract.js';
import type { TwoGraphDirectory } from '../models/directory.js';
import { PARTS, type Part, type Precision } from './identity.js';
import { wantedGraph } from './inspect.js';
import type { Pair } from './ladder.js';
import type { TensorrtMachine } from './machine.js';
import type { EngineSettings } from './record.js';
import { runTask, type TaskOptions } from './run-task.js';
import { type PreparedGraph, preparedSchema } from './tasks.js';

export interface GraphsOptions {
  readonly model: TwoGraphDirectory;
  readonly machine: TensorrtMachine;
  readonly settings: EngineSettings;
  /** Where they are written. */
  readonly folder: string;
  readonly task: TaskOptions;
}

/** The graphs of one build, each made when it is needed, once. */
export class Graphs {
  readonly #options: GraphsOptions;
  readonly #made = new Map<string, PreparedGraph>();

  constructor(options: GraphsOptions) {
    this.#options = options;
  }

  /**
   * What the graphs of all precisions have in common, read from those that stay as they are.
   * @throws ConfigError for a faulty model.
   */
  async contract(): Promise<ModelContract> {
    const { manifest } = this.#options.model;
    const [encoder, decoder] = await this.#make(PARTS.map((part) => [part, 'fp32']));
    return checkGraph(manifest, ioOf(encoder), ioOf(decoder));
  }

  /**
   * Whether a pair is one that was tried: a network without anything that must stay in FP32 (a ResNet) is the same in
   * `mixed` as in `fp16`.
   */
  async repeats(pair: Pair): Promise<boolean> {
    for (const part of PARTS) {
      const half = this.#made.get(`${part} fp16`);
      if (pair[part] !== 'mixed' || !half) continue;
      // One that can't be made is told when it is built.
      const mixed = await this.get(part, 'mixed').catch(() => undefined);
      if (half.graphSha256 === mixed?.graphSha256 && half.fp32Nodes.join() === mixed.fp32Nodes.join())
        return true;
    }
    return false;
  }

  async get(part: Part, precision: Precision): Promise<PreparedGraph> {
    const known = this.#made.get(`${part} ${precision}`);
    return known ?? ((await this.#make([[part, precision]]))[0] as PreparedGraph);
  }

  async #make(wanted: readonly (readonly [Part, Precision])[]): Promise<PreparedGraph[]> {
    const { model, settings, machine, folder, task } = this.#options;
    const graphs = wanted.map(([part, precision]) => wantedGraph(part, precision, settings, machine));
    const prepared = await runTask(
      { task: 'prepare', modelDir: model.dir, graphs, folder },
      preparedSchema,
      task,
    );
    for (const graph of prepared) this.#made.set(`${graph.part} ${graph.precision}`, graph);
    return prepared;
  }
}

/** What a graph that was written takes and gives. */
export function ioOf(graph: PreparedGraph | undefined): NonNullable<PreparedGraph['io']> {
  if (!graph?.io) throw new Error('a graph was not prepared, or only hashed');
  return graph.io;
}
