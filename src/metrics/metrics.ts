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
import { LINK_FAMILIES } from './link.js';
import { NODE_FAMILIES } from './node.js';
import { PIPELINE_FAMILIES } from './pipeline.js';
import { lookAtProcess, PROCESS_FAMILIES, type ProcessFigures, watchProcess } from './process.js';

export interface MetricsOptions {
  /** Looks at the node. Must not throw, nor take long; what it waits for is bounded by who looks there. */
  readonly look: () => Promise<Figures>;
  readonly log: Pick<Logger, 'warn'>;
}

type Seen = Figures & { readonly process: ProcessFigures };

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
    return { contentType: this.#registry.contentType, text: await this.#registry.metrics() };
  }

  close(): void {
    this.#stop();
  }
}
