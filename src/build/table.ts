import type { Trial } from './record.js';

/** The worst and mean IoU of a trial and its largest error of a predicted IoU; null where nothing was compared. */
export function figures({ prompts }: Pick<Trial, 'prompts'>) {
  if (prompts.length === 0) return null;
  const ious = prompts.map(({ iou }) => iou);
  const worst = Math.min(...ious);
  return {
    worst,
    worstId: prompts.find(({ iou }) => iou === worst)?.id ?? '',
    mean: ious.reduce((sum, iou) => sum + iou, 0) / ious.length,
    scoreDelta: Math.max(...prompts.map(({ scoreDelta }) => scoreDelta)),
  };
}

/** What was tried, a line each. */
export function trialsTable(trials: readonly Trial[]): string[] {
  const rows = trials.map((trial) => {
    const told = figures(trial);
    return [
      trial.encoder,
      trial.decoder,
      told?.worst.toFixed(4) ?? '-',
      told?.mean.toFixed(4) ?? '-',
      told?.scoreDelta.toFixed(4) ?? '-',
      trial.encodeMs?.toFixed(2) ?? '-',
      trial.decodeMs?.toFixed(2) ?? '-',
      trial.passed ? 'passed' : `failed: ${trial.problem ?? `worst is ${told?.worstId}`}`,
    ];
  });
  const head = [
    'ENCODER',
    'DECODER',
    'WORST IOU',
    'MEAN IOU',
    'SCORE ±',
    'ENCODE MS',
    'DECODE MS',
    'SELF-TEST',
  ];
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
