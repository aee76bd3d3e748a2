/** What a process holds, counted from the outside and the inside. */
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Threads of libraries and closed sockets take a moment to go. */
const SETTLE_MS = 5000;

/**
 * @param {{ framesInUse(): number }} addon
 * @returns file descriptors, threads, handles that keep Node's loop alive, frames with a handle; memory in MiB.
 */
export function census(addon) {
  const memory = process.memoryUsage();
  const mib = (bytes) => Math.round((bytes / 2 ** 20) * 100) / 100;
  return {
    // Without the one that reads the folder.
    fds: readdirSync('/proc/self/fd').length - 1,
    threads: readdirSync('/proc/self/task').length,
    handles: process.getActiveResourcesInfo().length,
    frames: addon.framesInUse(),
    rssMiB: mib(memory.rss),
    heapMiB: mib(memory.heapUsed),
    externalMiB: mib(memory.external),
  };
}

/** The census once nothing is above `limits`, or as it is when that takes too long; garbage is collected first. */
export async function settled(addon, limits = {}) {
  for (let waitedMs = 0; ; waitedMs += 50) {
    globalThis.gc?.();
    const counts = census(addon);
    const over = Object.entries(limits).some(([key, limit]) => counts[key] > limit);
    if (!over || waitedMs >= SETTLE_MS) return counts;
    await sleep(50);
  }
}
