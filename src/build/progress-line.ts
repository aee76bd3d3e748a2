import type { BuildProgress } from './progress.js';

const BAR_WIDTH = 24;
/** Lines that are not redrawn come no more often. */
const LINE_INTERVAL_MS = 5000;
const REDRAW_MS = 1000;

export interface ProgressView {
  update(progress: BuildProgress): void;
  /** Ends the line. */
  close(): void;
}

/** A bar on a terminal, one line that is drawn again and again; `write` takes text as it is. */
export function progressBar(write: (text: string) => void, columns: () => number): ProgressView {
  const startedAt = Date.now();
  let shown: BuildProgress | undefined;
  const draw = (): void => {
    if (!shown) return;
    const done = Math.round(shown.fraction * BAR_WIDTH);
    const bar = `${'█'.repeat(done)}${'░'.repeat(BAR_WIDTH - done)}`;
    const line = `${bar} ${percent(shown)}  ${elapsed(Date.now() - startedAt)}  ${shown.step}`;
    // A line that wraps can't be drawn over.
    write(`\r\u001b[2K${line.slice(0, columns() - 1)}`);
  };
  // The time goes on where TensorRT tells nothing for minutes.
  const timer = setInterval(draw, REDRAW_MS);
  timer.unref();
  return {
    update: (progress) => {
      shown = progress;
      draw();
    },
    close: () => {
      clearInterval(timer);
      if (shown) write('\r\u001b[2K');
      shown = undefined;
    },
  };
}

/** Plain lines, one every few seconds at most. */
export function progressLines(
  print: (line: string) => void,
  now: () => number = Date.now,
): (progress: BuildProgress) => void {
  let last = Number.NEGATIVE_INFINITY;
  return (progress) => {
    if (now() - last < LINE_INTERVAL_MS) return;
    last = now();
    print(`Building TensorRT engines, once for this machine: ${percent(progress)}, ${progress.step}`);
  };
}

function percent({ fraction }: BuildProgress): string {
  return `${Math.floor(fraction * 100)
    .toString()
    .padStart(3)} %`;
}

function elapsed(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  return `${Math.floor(seconds / 60)}:${(seconds % 60).toString().padStart(2, '0')}`;
}
