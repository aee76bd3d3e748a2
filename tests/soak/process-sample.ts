import { readdirSync, readFileSync } from 'node:fs';

/** A process as the kernel sees it. */
export interface ProcessSample {
  readonly rssMiB: number;
  /** Of that, what no file backs: heaps, stacks, mapped buffers. */
  readonly anonymousMiB: number;
  readonly threads: number;
  readonly openFiles: number;
  readonly children: number;
}

/** @throws Error when there is no such process any more. */
export function sampleProcess(pid: number): ProcessSample {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const number = (key: string): number => {
    const text = new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(status)?.[1];
    if (text === undefined) throw new Error(`Expected ${key} in /proc/${pid}/status`);
    return Number(text);
  };
  return {
    rssMiB: number('VmRSS') / 1024,
    anonymousMiB: number('RssAnon') / 1024,
    threads: number('Threads'),
    openFiles: readdirSync(`/proc/${pid}/fd`).length,
    children: readdirSync(`/proc/${pid}/task`).reduce((sum, task) => sum + childrenOf(pid, task), 0),
  };
}

/** Of one thread of a process; 0 where it has just ended. */
function childrenOf(pid: number, task: string): number {
  try {
    return readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).length;
  } catch {
    return 0;
  }
}

/** Load average of the last minute. */
export function machineLoad(): number {
  return Number(readFileSync('/proc/loadavg', 'utf8').split(' ')[0]);
}
