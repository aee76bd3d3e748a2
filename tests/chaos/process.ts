import { readdirSync, readFileSync } from 'node:fs';

/** What the kernel counts of a process. */
export interface Held {
  readonly threads: number;
  readonly handles: number;
  readonly rssBytes: number;
}

/** @throws Error where there is no such process. */
export function heldBy(pid: number): Held {
  const rss = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return {
    threads: readdirSync(`/proc/${pid}/task`).length,
    handles: readdirSync(`/proc/${pid}/fd`).length,
    rssBytes: Number(rss) * 1024,
  };
}
