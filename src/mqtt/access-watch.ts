import type { Logger } from 'pino';

/** A broker that delivers does so at once; a busy machine has its time. */
const ECHO_MS = 10_000;

/**
 * Whether the broker's access list lets the node say and hear what it needs. A broker may refuse without telling: Mosquitto
 * grants every subscription and delivers nothing, and has no code for a refused publication in MQTT 3.1.1. So the node waits for its own state,
 * which it both publishes and has subscribed to.
 */
export class AccessWatch {
  readonly #logger: Logger;
  readonly #topic: string;
  readonly #onProblem: (problem: string) => void;
  #timer: NodeJS.Timeout | null = null;
  readonly #refused = new Set<string>();

  constructor(options: {
    readonly logger: Logger;
    /** Of the node's own state. */
    readonly topic: string;
    readonly onProblem: (problem: string) => void;
  }) {
    this.#logger = options.logger;
    this.#topic = options.topic;
    this.#onProblem = options.onProblem;
  }

  /** The state was published on this connection. */
  announced(): void {
    this.stop();
    this.#timer = setTimeout(() => {
      this.#tell(
        this.#topic,
        'the broker does not deliver the node its own state: its access list denies to write or read it, and probably prompts too',
      );
    }, ECHO_MS);
    this.#timer.unref();
  }

  /** The own state came. */
  heard(): void {
    this.stop();
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** The broker did not take a message (MQTT 5). */
  refused(topic: string): void {
    this.#tell(topic, 'the broker refuses what this node publishes there: check its access list');
  }

  /** Each topic once: a camera's masks would be told with every frame. */
  #tell(topic: string, what: string): void {
    if (this.#refused.has(topic) || this.#refused.size >= 64) return;
    this.#refused.add(topic);
    this.#logger.error({ topic, example: 'config/mosquitto/samwire.acl' }, what);
    this.#onProblem(`${topic}: ${what}.`);
  }
}
