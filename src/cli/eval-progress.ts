import { progressBar } from '../build/progress-line.js';

export interface CountView {
  update(done: number, step: string): void;
  /** Ends the line. */
  close(): void;
}

/** How many of `total` things are done, as a bar on a terminal; elsewhere nothing. */
export function countProgress(total: number): CountView {
  const { stderr } = process;
  if (!stderr.isTTY) return { update: () => undefined, close: () => undefined };
  const bar = progressBar(
    (text) => void stderr.write(text),
    () => stderr.columns,
  );
  return {
    update: (done, step) =>
      bar.update({ fraction: total === 0 ? 1 : done / total, step: `${done}/${total} ${step}` }),
    close: bar.close,
  };
}
