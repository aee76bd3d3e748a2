import { progressBar } from '../build/progress-line.js';
import type { ProgressFile } from '../eval/progress-file.js';

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

export interface PictureRun<Picture, Item extends { readonly image: number | string }> {
  readonly pictures: readonly Picture[];
  /** What the progress file knows the picture by. */
  readonly keyOf: (picture: Picture) => Item['image'];
  /** What the bar says. */
  readonly nameOf: (picture: Picture) => string;
  readonly measure: (picture: Picture) => Promise<Item>;
  /** Pictures in it are not measured again, and those that are stand in it at once. */
  readonly progress?: ProgressFile<Item>;
  /** Stops between two pictures. */
  readonly signal: AbortSignal;
}

/** Measures picture by picture, with a bar. @throws the signal's reason, and what `measure` throws. */
export async function measureEach<Picture, Item extends { readonly image: number | string }>(
  run: PictureRun<Picture, Item>,
): Promise<Item[]> {
  const { pictures, keyOf, nameOf, measure, progress, signal } = run;
  const view = countProgress(pictures.length);
  const records: Item[] = [];
  try {
    for (const picture of pictures) {
      signal.throwIfAborted();
      view.update(records.length, nameOf(picture));
      const known = progress?.done.get(keyOf(picture));
      const record = known ?? (await measure(picture));
      if (!known) await progress?.append(record);
      records.push(record);
    }
  } finally {
    view.close();
  }
  return records;
}
