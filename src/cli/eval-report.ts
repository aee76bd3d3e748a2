import { rm, writeFile } from 'node:fs/promises';
import { UnavailableError } from '../errors.js';
import { EXIT } from './exit.js';

export interface ReportFlags {
  /** Where the report goes as JSON; - is standard output. */
  readonly json?: string;
  /** Where the progress is kept. */
  readonly resume?: string;
}

/** Beside the report, unless it is named; a report on standard output has no place beside it. */
export function progressPath({ json, resume }: ReportFlags): string | undefined {
  return resume ?? (json === undefined || json === '-' ? undefined : `${json}.partial`);
}

/** Says how a run that was interrupted goes on; its exit code. */
export function interruptedRun(path: string | undefined): number {
  const kept = path
    ? `The same command goes on from ${path}.`
    : 'Nothing is kept without --json FILE or --resume FILE.';
  process.stderr.write(`samwire: interrupted. ${kept}\n`);
  return EXIT.interrupted;
}

/** The report as a table, and as JSON where it is wanted. @throws UnavailableError for a file that can't be written. */
export async function writeReport(
  report: object,
  lines: readonly string[],
  { json }: ReportFlags,
): Promise<void> {
  if (json === '-') {
    process.stdout.write(`${JSON.stringify(report)}\n`);
    return;
  }
  for (const line of lines) process.stdout.write(`${line}\n`);
  if (json === undefined) return;
  try {
    await writeFile(json, `${JSON.stringify(report, null, 2)}\n`);
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    throw new UnavailableError(`The report can't be written to ${json} (${reason}).`, { cause });
  }
}

/** Deletes the progress of a run that is over, unless it was asked for by name. */
export async function finishProgress(path: string | undefined, { resume }: ReportFlags): Promise<void> {
  if (path !== undefined && resume === undefined) await rm(path, { force: true });
}
