import type { Logger } from 'pino';
import type { LoadedConfig } from '../config/load.js';
import { ConfigError, SamwireError, toSamwireError } from '../errors.js';
import { type CreatedService, createService } from '../main.js';
import { errorAnswer } from '../mqtt/answers.js';
import type { OutboundMessage } from '../mqtt/messages.js';
import type { Reloading } from '../mqtt/service.js';
import { NodeTopics } from '../mqtt/topics.js';
import type { Reporter } from '../systemd/reporter.js';
import { changesOf, isSameNode } from './changes.js';
import { invalidConfig } from './invalid-config.js';

/**
 * A clean stop takes no longer than this; then the process ends all the same. It is gone within 5 s of the signal also
 * where the machine is busy.
 */
const STOP_TIMEOUT_MS = 4000;

export interface ServiceProcessOptions {
  readonly first: LoadedConfig;
  /** The config file as it is now. @throws ConfigError */
  readonly read: () => LoadedConfig;
  /** The log that a config wants. */
  readonly logger: (config: LoadedConfig['config']) => Logger;
  /** Tells the service manager; null where there is none. */
  readonly reporter: Reporter | null;
  /** Ends the process at once, whatever hangs. */
  readonly exitNow: (exitCode: number) => void;
}

type Wanted =
  | { readonly kind: 'end'; readonly exitCode: number }
  | { readonly kind: 'reload'; readonly loaded: LoadedConfig };

/** A service's time is over, and it is still open. */
interface Round {
  readonly ended: Wanted | { readonly kind: 'failed'; readonly error: unknown };
  readonly wasOnline: boolean;
  /** Resolves with the answers that the broker has not taken. */
  readonly close: (options: { readonly comesBack: boolean }) => Promise<readonly OutboundMessage[]>;
}

/** A service of one config after the other, until it is to end. */
export class ServiceProcess {
  readonly #options: ServiceProcessOptions;
  #current: LoadedConfig;
  #log: Logger;
  /** What was asked for last; an end is final. */
  #wanted: Wanted | null = null;
  #wake: () => void = () => undefined;

  constructor(options: ServiceProcessOptions) {
    this.#options = options;
    this.#current = options.first;
    this.#log = options.logger(options.first.config);
  }

  get log(): Logger {
    return this.#log;
  }

  /** Ends `run` with this exit code, within 5 s whatever hangs. The first call counts. */
  end(exitCode: number): void {
    if (this.#wanted?.kind === 'end') return;
    this.#options.reporter?.stopping();
    setTimeout(() => this.#options.exitNow(exitCode), STOP_TIMEOUT_MS).unref();
    this.#want({ kind: 'end', exitCode });
  }

  /**
   * Reads the config file, and begins to put the service together anew with it, after this call.
   * @throws SamwireError `invalid_config`, with every fault: the service goes on as it is.
   */
  reload(): Reloading {
    let loaded: LoadedConfig;
    try {
      loaded = this.#options.read();
    } catch (thrown) {
      const error = invalidConfig(thrown);
      this.#log.error({ faults: error.details }, `reload refused: ${error.message}`);
      this.#options.reporter?.refused(error.message);
      throw error;
    }
    const changed = changesOf(this.#current.config, loaded.config);
    this.#log.info({ config: loaded.path, changed }, 'reloading');
    this.#want({ kind: 'reload', loaded });
    return { changed };
  }

  /**
   * Serves until `end`. A config that a reload brought and that can't be served with is given up for the one before.
   * @throws what the start of a service throws, where there is no config before it.
   */
  async run(): Promise<number> {
    /** To go back to. */
    let before: LoadedConfig | null = null;
    let owed: readonly OutboundMessage[] = [];
    for (;;) {
      const served = this.#current;
      const { ended, wasOnline, close } = await this.#round(owed);
      const next: LoadedConfig | null =
        ended.kind === 'reload' ? ended.loaded : ended.kind === 'failed' ? before : null;
      const comesBack = next !== null && isSameNode(served.config, next.config);
      if (next !== null) this.#options.reporter?.reloading();
      const left = await close({ comesBack });
      if (ended.kind === 'end') return ended.exitCode;
      if (next === null) throw (ended as { readonly error: unknown }).error;
      owed = this.#carried(left, served, next);
      if (ended.kind === 'failed') owed = [...owed, this.#undone(ended.error, next)];
      if (ended.kind === 'failed') before = null;
      else if (wasOnline || before === null) before = served;
      this.#current = next;
      this.#log = this.#options.logger(next.config);
    }
  }

  /** One service, until its start fails or something else is wanted. */
  async #round(owed: readonly OutboundMessage[]): Promise<Round> {
    const stop = new AbortController();
    let service: CreatedService;
    try {
      service = this.#create(owed, stop.signal);
    } catch (error) {
      return { ended: { kind: 'failed', error }, wasOnline: false, close: async () => owed };
    }
    this.#options.reporter?.watch(() => service.vitals());
    let wasOnline = false;
    const starting = service.start().then(() => {
      wasOnline = true;
    });
    const failure = new Promise<{ readonly error: unknown }>((resolve) => {
      starting.catch((error: unknown) => resolve({ error }));
    });
    const failed = await Promise.race([this.#untilWanted(), failure]);
    const ended = this.#wanted ?? { kind: 'failed' as const, ...(failed as { readonly error: unknown }) };
    if (ended.kind === 'reload') this.#wanted = null;
    stop.abort();
    const close: Round['close'] = async (options) => {
      await Promise.all([service.close(options), starting.catch(() => undefined)]);
      return service.owed();
    };
    return { ended, wasOnline, close };
  }

  #create(owed: readonly OutboundMessage[], signal: AbortSignal): CreatedService {
    const { config, path, warnings } = this.#current;
    const log = this.#log;
    for (const warning of warnings) log.warn({ path: warning.path }, warning.message);
    log.info({ config: path, node: config.node.id, broker: config.mqtt.url }, 'starting');
    return createService({
      config,
      log,
      signal,
      owed,
      reload: () => this.reload(),
      onFatal: (reason, exitCode) => {
        log.fatal(reason);
        this.end(exitCode);
      },
    });
  }

  /** What the next service is to send for the last one: its broker's session is the same, or nobody waits there. */
  #carried(
    left: readonly OutboundMessage[],
    from: LoadedConfig,
    to: LoadedConfig,
  ): readonly OutboundMessage[] {
    if (left.length === 0 || from.config.mqtt.url === to.config.mqtt.url) return left;
    this.#log.warn({ count: left.length }, 'answers dropped: the broker that was owed them is left');
    return [];
  }

  /** The start with a reloaded config failed: said in the log, to the service manager, and on the node's errors topic. */
  #undone(failure: unknown, { config }: LoadedConfig): OutboundMessage {
    const why = failure instanceof Error ? failure.message : String(failure);
    this.#log.error(
      { err: failure },
      'the service can not start with the reloaded config; it goes back to the one before',
    );
    this.#options.reporter?.refused(why, { undone: true });
    const code = failure instanceof ConfigError ? 'invalid_config' : toSamwireError(failure).code;
    const message = `The reload was undone, the config before it serves again: ${why}`;
    const topics = new NodeTopics(config.mqtt.baseTopic, config.node.id);
    return { topic: topics.errors(null), payload: errorAnswer(new SamwireError(code, message), {}).payload };
  }

  #want(wanted: Wanted): void {
    if (this.#wanted?.kind !== 'end') this.#wanted = wanted;
    this.#wake();
  }

  #untilWanted(): Promise<void> {
    if (this.#wanted) return Promise.resolve();
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
