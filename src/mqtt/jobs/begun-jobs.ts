import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Logger } from 'pino';
import { z } from 'zod';

/** Entries of jobs that never came back, because the broker dealt them to another node, are forgotten. */
const MAX_ENTRIES = 64;

const fileSchema = z.record(z.string().max(64), z.int().min(1));

/**
 * Which jobs are at work, kept in a file over the end of the process. The broker delivers a job again that was not
 * acknowledged; one that brings the process down each time would come for ever, and with it none behind it.
 */
export class BegunJobs {
  readonly #path: string;
  readonly #logger: Logger;
  /** Key → times that it was begun and not ended; in the order of the last begin. */
  #begun = new Map<string, number>();
  #read = false;
  #broken = false;

  constructor(path: string, logger: Logger) {
    this.#path = path;
    this.#logger = logger;
  }

  /** How often the job was begun before by a process that ended over it. */
  begin(key: string): number {
    if (!this.#read) this.#load();
    const before = this.#begun.get(key) ?? 0;
    this.#begun.delete(key);
    this.#begun.set(key, before + 1);
    const [oldest] = this.#begun.keys();
    if (this.#begun.size > MAX_ENTRIES && oldest !== undefined) this.#begun.delete(oldest);
    this.#save();
    return before;
  }

  /** The job is answered, or was left to the broker by a process that lives. */
  end(key: string): void {
    if (this.#begun.delete(key)) this.#save();
  }

  #load(): void {
    this.#read = true;
    try {
      const file = fileSchema.parse(JSON.parse(readFileSync(this.#path, 'utf8')));
      this.#begun = new Map(Object.entries(file).slice(-MAX_ENTRIES));
    } catch (error) {
      // None yet, or one that a crash cut short: jobs begin to be counted now.
      this.#logger.debug({ err: error, path: this.#path }, 'no jobs are known that were begun before');
    }
  }

  #save(): void {
    if (this.#broken) return;
    try {
      mkdirSync(dirname(this.#path), { recursive: true });
      const draft = `${this.#path}.new`;
      writeFileSync(draft, JSON.stringify(Object.fromEntries(this.#begun)));
      renameSync(draft, this.#path);
    } catch (error) {
      this.#broken = true;
      this.#logger.warn(
        { err: error, path: this.#path },
        'jobs that end the process can not be told: the file of those at work can not be written',
      );
    }
  }
}
