import { mkdir, readFile } from 'node:fs/promises';
import { UnavailableError } from '../errors.js';

/** Made before the work, so that a folder that can't be is noticed before the wait. @throws UnavailableError */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (cause) {
    throw new UnavailableError(`${path} can't be made a folder for the results (${reasonOf(cause)}).`, {
      cause,
    });
  }
}

/** @throws UnavailableError */
export async function readInput(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new UnavailableError(`${path} can't be read (${reasonOf(cause)}).`, { cause });
  }
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
}
