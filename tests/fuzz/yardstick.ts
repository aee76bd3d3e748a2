/** What {@link yardstick} takes on one core of a quiet 2 vCPU Xeon, ms. */
const QUIET_MS = 2.2;

const TEXT = JSON.stringify(
  Array.from({ length: 8_000 }, (_, i) => ({ id: `n${i}`, box: [i, i + 0.5, 2 * i, 1e3] })),
);

/** Work of the kind that readers of messages do. */
function yardstick(): number {
  const startedCpu = process.cpuUsage();
  JSON.parse(TEXT);
  const { user, system } = process.cpuUsage(startedCpu);
  return (user + system) / 1000;
}

/** How much slower this machine is at the moment than a quiet one, 1 at least: its cores may be shared, or older. */
export function slowness(): number {
  return Math.max(1, Math.min(...Array.from({ length: 5 }, yardstick)) / QUIET_MS);
}
