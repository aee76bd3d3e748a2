/** The service manager that started this process (systemd), as its environment tells. */
export interface ServiceManager {
  /** `NOTIFY_SOCKET`: a path, or `@` and an abstract name. */
  readonly socket: string;
  /** It ends the process when it is told nothing for so long; null: it does not watch. */
  readonly watchdogMs: number | null;
}

type Environment = Record<string, string | undefined>;

/**
 * Reads what the manager has put into the environment, and takes it out: a child that inherited it could speak for the
 * service. To be called before any child or worker is started. Null where there is no manager.
 */
export function takeServiceManager(
  env: Environment = process.env,
  pid: number = process.pid,
): ServiceManager | null {
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: usec, WATCHDOG_PID: watched } = env;
  delete env.NOTIFY_SOCKET;
  delete env.WATCHDOG_USEC;
  delete env.WATCHDOG_PID;
  if (!socket) return null;
  // The variables are inherited; the process that they are for is named beside them.
  const isOurs = watched === undefined || watched === String(pid);
  const isNumber = usec !== undefined && /^[1-9]\d{0,15}$/.test(usec);
  return { socket, watchdogMs: isOurs && isNumber ? Number(usec) / 1000 : null };
}
