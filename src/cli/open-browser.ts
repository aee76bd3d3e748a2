import { spawn } from 'node:child_process';

/**
 * Opens a page in the person's browser, where there is a display, and a terminal that a person reads. Where that fails
 * nothing is said: the address is printed anyway.
 */
export function openBrowser(url: string): void {
  const { DISPLAY, WAYLAND_DISPLAY } = process.env;
  if (!process.stdout.isTTY || !(DISPLAY || WAYLAND_DISPLAY)) return;
  const opener = spawn('xdg-open', [url], { stdio: 'ignore', detached: true });
  opener.on('error', () => undefined);
  opener.unref();
}
