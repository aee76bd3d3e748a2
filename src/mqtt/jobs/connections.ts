import type { Logger } from 'pino';
import { BrokerConnection } from '../connection.js';
import type { InboundMessage } from '../messages.js';
import type { MqttOptions } from '../options.js';
import type { Session } from '../session.js';
import { jobsTopic } from '../topics.js';
import type { JobsOptions } from './options.js';

export interface JobConnectionsOptions {
  readonly mqtt: MqttOptions;
  readonly jobs: JobsOptions;
  readonly nodeId: string;
  readonly logger: Logger;
  /** Resolves when the job may be acknowledged; a rejection has it delivered again. */
  readonly onJob: (message: InboundMessage) => Promise<void>;
  readonly onTakenOver: () => void;
  readonly retry?: { readonly firstMs: number; readonly maxMs: number };
}

/** MQTT 5, 3.9.3: what a broker without shared subscriptions may say to one. */
const NO_SHARED_SUBSCRIPTIONS = 0x9e;

/**
 * The node's members of its group: one connection for each job in flight, because an unacknowledged message holds back
 * everything behind it on its connection. Each has a client id of its own that stays the same over restarts, so that
 * what the broker has dealt to it waits for it.
 */
export class JobConnections {
  readonly #options: JobConnectionsOptions;
  readonly #filter: string;
  readonly #connections: readonly BrokerConnection[];

  constructor(options: JobConnectionsOptions) {
    const { mqtt, jobs } = options;
    this.#options = options;
    this.#filter = `$share/${jobs.group}/${jobsTopic(mqtt.baseTopic)}`;
    this.#connections = Array.from({ length: jobs.inFlight }, (_, i) => this.#connection(i + 1));
  }

  /** Connections that stand. */
  get connected(): number {
    return this.#connections.filter(({ status }) => status.connected).length;
  }

  /** Connects, and stays connected, until `close()`. */
  start(): void {
    for (const connection of this.#connections) connection.start();
  }

  /** What is not acknowledged is the broker's again. */
  async close(): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.close()));
  }

  #connection(index: number): BrokerConnection {
    const { mqtt, jobs, nodeId, onJob, onTakenOver, retry } = this.#options;
    const logger = this.#options.logger.child({ jobs: index });
    return new BrokerConnection({
      mqtt: { ...mqtt, protocol: '5', maxPacketBytes: jobs.maxPacketBytes },
      logger,
      identity: () => ({
        clientId: jobClientId(nodeId, index),
        clean: false,
        sessionExpirySec: jobs.sessionExpirySec,
        receiveMaximum: 1,
      }),
      handlers: {
        onSession: (session) => void this.#subscribe(session, logger),
        onLost: () => {},
        onMessage: onJob,
        onTakenOver,
      },
      ...(retry === undefined ? {} : { retry }),
    });
  }

  async #subscribe(session: Session, logger: Logger): Promise<void> {
    const filter = this.#filter;
    if (!session.sharedSubscriptions) {
      logger.error({ filter }, 'this broker has no shared subscriptions: it can deal no jobs');
      return;
    }
    try {
      for (const { reasonCode } of await session.subscribe([filter])) {
        const why =
          reasonCode === NO_SHARED_SUBSCRIPTIONS
            ? 'this broker has no shared subscriptions: it can deal no jobs'
            : 'the broker refuses the subscription to jobs; check its access list';
        logger.error({ filter, reasonCode }, why);
      }
    } catch (error) {
      logger.debug({ err: error }, 'connection lost while subscribing');
    }
  }
}

/** Begins like no node's own id (`samwire-<node>`), whatever the nodes are called. */
function jobClientId(nodeId: string, index: number): string {
  return `samwire.job-${index}-${nodeId}`;
}
