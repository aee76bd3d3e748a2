import type { BuildProgress } from '../build/progress.js';
import { type ProgressView, progressBar, progressLines } from '../build/progress-line.js';

/** Progress on standard error: a bar on a terminal, else a line now and then. */
export function showProgress(): ProgressView {
  const { stderr } = process;
  if (stderr.isTTY)
    return progressBar(
      (text) => void stderr.write(text),
      () => stderr.columns,
    );
  return { update: progressLines((line) => void stderr.write(`${line}\n`)), close: () => undefined };
}

/** Progress as lines of JSON, each percent and each step once. */
export function jsonProgress(write: (line: string) => void): ProgressView {
  let last = '';
  return {
    update: ({ fraction, step }: BuildProgress) => {
      const line = JSON.stringify({ progress: Math.floor(fraction * 100) / 100, step });
      if (line !== last) write(line);
      last = line;
    },
    close: () => undefined,
  };
}
