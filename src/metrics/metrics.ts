import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import type { MasksMessage } from '../masks/types.js';
import { AnswerFigures } from './answers.js';
import { CAMERA_FAMILIES } from './cameras.js';
import { DROPS } from './drops.js';
import { ERRORS } from './errors.js';
import { registerFamilies } from './family.js';
import type { Figures } from './figures.js';
import { countServed, type ServedRequest } from './http.js';
import { JETSON_FAMILIES, type JetsonFigures } from './jetson/families.js';
import { LINK_FAMILIES } from './link.js';
import { NODE_FAMILIES } from './node.js';
import { PIPELINE_FAMILIES } from './pipeline.js';
import { lookAtProcess, PROCESS_FAMILIES, type ProcessFigures, watchProcess } from './process.js';

export interface MetricsOptions {
  /** Looks at the node. Must not throw, nor take long; what it waits for is bounded by who looks there. */
  readonly look: () => Promise<Figures & JetsonFigures>;
  readonly log: Pick<Logger, 'warn'>;
}

export interface Description {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels: readonly string[];
}

/** What is said of a metric that has no sample: of a GPU, a Jetson or jobs where there are none. */
const EMPTY = /^# HELP .*\n# TYPE .*\n\n/gm;

type Seen = Figures & JetsonFigures & { readonly process: ProcessFigures };

/** The figures of `/metrics` (docs/metrics.md), in a registry of their own: a process may hold several nodes. */
export class Metrics {
  /** A request over HTTP was answered. */
  readonly served: (request: ServedRequest) => void;
  readonly #registry = new Registry();
  readonly #answers: AnswerFigures;
  readonly #look: MetricsOptions['look'];
  readonly #set: (seen: Seen) => void;
  readonly #stop: () => void;

  constructor({ look, log }: MetricsOptions) {
    const registry = this.#registry;
    this.#look = look;
    const families = [
      ...NODE_FAMILIES,
      ...CAMERA_FAMILIES,
      ...PIPELINE_FAMILIES,
      ...LINK_FAMILIES,
      DROPS,
      ERRORS,
      ...PROCESS_FAMILIES,
      ...JETSON_FAMILIES,
    ];
    this.#set = registerFamilies<Seen>(families, { registry, log });
    this.#answers = new AnswerFigures(registry);
    this.served = countServed(registry);
    this.#stop = watchProcess(registry);
  }

  /** A masks message was made, its timing finished: each once, whoever asked. Throws nothing. */
  answered(message: MasksMessage): void {
    this.#answers.add(message);
  }

  /** In Prometheus' text format, as everything stands now. */
  async text(): Promise<{ readonly contentType: string; readonly text: string }> {
    const [figures, process] = await Promise.all([this.#look(), lookAtProcess()]);
    this.#set({ ...figures, process });
    const text = await this.#registry.metrics();
    return { contentType: this.#registry.contentType, text: text.replace(EMPTY, '') };
  }

  /** All there are, whether or not they have a sample here. */
  descriptions(): readonly Description[] {
    return this.#registry.getMetricsAsArray().map((metric) => {
      const { name, help, type, labelNames } = metric as unknown as Record<string, unknown>;
      return { name, help, type, labels: labelNames } as Description;
    });
  }

  close(): void {
    this.#stop();
  }
}
