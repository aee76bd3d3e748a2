import { readFileSync } from 'node:fs';

/** Fields of /proc/<pid>/stat behind the program's name, which may hold anything: utime and stime (proc(5), 14 and 15). */
const UTIME_AFTER_NAME = 11;

/** Processor time that a process has used, in ticks of the kernel's clock; undefined where it is gone, or /proc says nothing. */
export function cpuTicks(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = Number(fields[UTIME_AFTER_NAME]) + Number(fields[UTIME_AFTER_NAME + 1]);
    return Number.isFinite(ticks) ? ticks : undefined;
  } catch {
    return undefined;
  }
}
