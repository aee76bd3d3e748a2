import type { Logger } from 'pino';
import { hangOf, MAX_LOAD_QUIET_MS } from './hang.js';
import type { Notifier } from './notifier.js';
import { PoolProbe } from './pool-probe.js';
import { Readiness } from './readiness.js';
import { oneLine, statusLine } from './status-line.js';
import type { Vitals } from './vitals.js';

const TICK_MS = 1000;
/** The watchdog is fed no less often than this, and at least three times in its interval. */
const MAX_FEED_MS = 5000;
const FEEDS = 3;
/** While engines are built the manager is asked for more time this often, as long as there is a sign of life between. */
const EXTEND_EVERY_MS = 5000;
const MICROSECONDS = 1000;
/** One service is closed and the next one made within seconds, whatever hangs in it. */
const MAX_BETWEEN_MS = 60_000;

export interface ReporterOptions {
  readonly notifier: Pick<Notifier, 'tell'>;
  /** The manager's watchdog; null where it has none. */
  readonly watchdogMs: number | null;
  readonly log: Pick<Logger, 'fatal' | 'warn'>;
  readonly probe?: PoolProbe;
  readonly now?: () => number;
}

/**
 * Tells the service manager (systemd) of the service: READY, STATUS, WATCHDOG as long as everything advances that should,
 * more time while engines are built, RELOADING, STOPPING. One for the process; `watch` hands it the service of the moment.
 */
export class Reporter {
  readonly #options: ReporterOptions;
  readonly #now: () => number;
  readonly #probe: PoolProbe;
  #vitals: (() => Vitals) | null = null;
  /** Since when there is no service to look at. */
  #betweenAt: number;
  #readiness: Readiness;
  #ready = false;
  #stopping = false;
  /** Of the last reload, until the next one. */
  #note: string | null = null;
  #status = '';
  #hung: string | null = null;
  #extendedAt = Number.NEGATIVE_INFINITY;
  #timers: NodeJS.Timeout[] = [];

  constructor(options: ReporterOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#probe = options.probe ?? new PoolProbe(undefined, this.#now);
    this.#readiness = new Readiness(this.#now);
    this.#betweenAt = this.#now();
  }

  start(): void {
    if (this.#timers.length > 0) return;
    const { watchdogMs } = this.#options;
    this.#timers.push(setInterval(() => this.tick(), TICK_MS));
    if (watchdogMs !== null)
      this.#timers.push(setInterval(() => this.feed(), Math.min(watchdogMs / FEEDS, MAX_FEED_MS)));
  }

  /** From now on this service is told of; until it is ready, the manager is not told that it is. */
  watch(vitals: () => Vitals): void {
    this.#vitals = vitals;
    this.#readiness = new Readiness(this.#now);
    this.#ready = false;
    this.tick();
  }

  /** A reload begins; READY follows when the service that it starts is ready. */
  reloading(): void {
    this.#note = null;
    this.#ready = false;
    this.#vitals = null;
    this.#betweenAt = this.#now();
    this.#begin('reloading: the service is put together anew');
  }

  /** A reload does not come about, or what it began is undone: the service goes on with the config that it had. */
  refused(why: string, { undone = false }: { readonly undone?: boolean } = {}): void {
    this.#note = undone ? `the last reload was undone: ${why}` : `the last reload was refused: ${why}`;
    if (undone || !this.#ready) return;
    // A manager that waits for an answer to its SIGHUP has it so.
    this.#begin(this.#note);
    this.#ready = false;
    this.tick();
  }

  stopping(): void {
    this.#stopping = true;
    this.#say({ STOPPING: 1 }, 'stopping: answers that are owed go out first');
  }

  close(): void {
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
  }

  /** Once a second. */
  tick(): void {
    if (this.#stopping || this.#vitals === null) return;
    const vitals = this.#vitals();
    this.#probe.beat();
    this.#noteHang(hangOf(vitals, this.#probe.quietMs));
    this.#extend(vitals);
    const notes = [this.#note, this.#hung].filter((note) => note !== null);
    const line = statusLine(vitals, notes);
    if (!this.#ready && this.#readiness.isReady(vitals)) this.#ready = this.#say({ READY: 1 }, line);
    else if (line !== this.#status) this.#say({}, line);
  }

  /** The watchdog's turn. */
  feed(): void {
    const betweenMs = this.#now() - this.#betweenAt;
    if (this.#vitals !== null) this.#noteHang(hangOf(this.#vitals(), this.#probe.quietMs));
    else if (betweenMs > MAX_BETWEEN_MS)
      this.#noteHang(`The service was to be put together anew ${Math.round(betweenMs / 1000)} s ago.`);
    if (this.#hung === null) this.#options.notifier.tell({ WATCHDOG: 1 });
  }

  #begin(status: string): void {
    const monotonicUsec = process.hrtime.bigint() / 1000n;
    this.#say({ RELOADING: 1, MONOTONIC_USEC: monotonicUsec }, status);
  }

  #say(told: Parameters<Notifier['tell']>[0], status: string): boolean {
    const line = oneLine(status);
    const taken = this.#options.notifier.tell({ ...told, STATUS: line });
    if (taken) this.#status = line;
    return taken;
  }

  #extend({ load }: Vitals): void {
    if (load === null || !load.prolongs) return;
    const now = this.#now();
    const sinceMs = now - this.#extendedAt;
    if (sinceMs < EXTEND_EVERY_MS || load.quietMs > Math.min(sinceMs, 2 * EXTEND_EVERY_MS)) return;
    this.#options.notifier.tell({ EXTEND_TIMEOUT_USEC: MAX_LOAD_QUIET_MS * MICROSECONDS });
    this.#extendedAt = now;
  }

  #noteHang(why: string | null): void {
    if (why !== null && this.#hung === null)
      this.#options.log.fatal(
        { why },
        'the watchdog is not fed any more, so that the service is started anew',
      );
    if (why === null && this.#hung !== null)
      this.#options.log.warn({ was: this.#hung }, 'it advances again; the watchdog is fed');
    this.#hung = why;
  }
}
