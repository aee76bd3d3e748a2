import type { Logger } from 'pino';
import type { PromptLimits } from '../../prompts/message.js';
import type { Exchange } from '../exchange.js';
import { Gate } from '../gate.js';
import type { InboundMessage } from '../messages.js';
import type { MqttOptions } from '../options.js';
import { BegunJobs } from './begun-jobs.js';
import { JobConnections } from './connections.js';
import { JobHandler } from './handler.js';
import type { JobsOptions, JobsPlace } from './options.js';

export interface JobsSetup {
  readonly mqtt: MqttOptions;
  readonly jobs: JobsOptions & JobsPlace;
  readonly nodeId: string;
  readonly limits: Omit<PromptLimits, 'maxBytes'>;
  readonly logger: Logger;
  readonly onTakenOver: () => void;
  readonly retry?: { readonly firstMs: number; readonly maxMs: number };
}

/** The node's part in the jobs of its group. */
export class Jobs {
  readonly #handler: JobHandler;
  readonly #connections: JobConnections;
  /** Its bound is never met: the connections bring no more than one job each. */
  readonly #gate: Gate;
  #closing = false;

  constructor(exchange: Exchange, setup: JobsSetup) {
    const { mqtt, jobs, nodeId, limits } = setup;
    this.#gate = new Gate(Number.POSITIVE_INFINITY);
    this.#handler = new JobHandler(exchange, {
      nodeId,
      baseTopic: mqtt.baseTopic,
      limits: { ...limits, maxBytes: jobs.maxPacketBytes },
      answerKeepMs: mqtt.answerKeepMs,
      begun: new BegunJobs(jobs.begunPath, setup.logger),
    });
    this.#connections = new JobConnections({ ...setup, onJob: (message) => this.#take(message) });
  }

  /** The model is there: jobs may come. */
  start(): void {
    if (!this.#closing) this.#connections.start();
  }

  /** `mqtt.jobs` of `<base>/stats`. */
  stats() {
    return {
      connections: this.#connections.connected,
      atWork: this.#gate.inside,
      ...this.#handler.counters,
    };
  }

  /** Begins no more jobs; resolves when those at work are answered, or given up. */
  drain(): Promise<void> {
    this.#closing = true;
    return this.#gate.empty();
  }

  /** Leaves what is not acknowledged to the broker. */
  close(): Promise<void> {
    this.#closing = true;
    return this.#connections.close();
  }

  async #take(message: InboundMessage): Promise<void> {
    // Not acknowledged: the broker keeps it, or deals it to another node.
    if (this.#closing) return new Promise(() => {});
    await this.#gate.enter(0);
    try {
      await this.#handler.handle(message);
    } finally {
      this.#gate.leave();
    }
  }
}
