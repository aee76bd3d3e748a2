import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, realpath, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, normalize, relative } from 'node:path';
import { SamwireError } from '../errors.js';
import { externalFiles } from '../onnx/external.js';
import { readModel } from '../onnx/model.js';
import type { FileRole, ModelDirectory, ModelFile } from './directory.js';
import { ManifestError } from './manifest.js';
import { inspectFile, verifyFiles } from './verify.js';

/** An ONNX file as it is loaded. */
export interface NetworkFile {
  readonly path: string;
  /** The very bytes whose SHA-256 is the manifest's; undefined where weights lie in other files, which go by the path. */
  readonly bytes: Buffer | undefined;
}

/** Above it Node reads no file at once; nor is an ONNX file without other files larger (protobuf). */
const MAX_BYTES = 2 ** 31 - 1;
/** In every ONNX file that keeps weights in others. */
const LOCATION = Buffer.from('location');

/**
 * One of a model's ONNX files, read once: what is loaded is what was hashed, whatever becomes of the path meanwhile.
 * @throws ManifestError with every problem of the model's files where this one is not the manifest's, and where it keeps weights
 *   outside of the model's directory.
 */
export async function readNetwork(model: ModelDirectory, role: FileRole): Promise<NetworkFile> {
  const file = model.files.find((one) => one.role === role);
  if (file === undefined) throw new Error(`${model.manifest.name} has no ${role}`);
  const bytes = await readWhole(file);
  if (createHash('sha256').update(bytes).digest('hex') !== file.sha256) {
    await verifyFiles(model);
    // It has changed while it was read.
    throw new ManifestError(`${file.path} is not the file that the manifest names (it is being written to)`);
  }
  const others = await weightFiles(model.dir, file.path, bytes);
  return { path: file.path, bytes: others.length === 0 ? bytes : undefined };
}

async function readWhole({ path }: ModelFile): Promise<Buffer> {
  const { problem, sizeBytes } = await inspectFile(path);
  if (problem !== undefined) throw new ManifestError(`${problem}.`);
  if (sizeBytes > MAX_BYTES)
    throw new ManifestError(
      `${path} has ${sizeBytes} bytes, which no ONNX file has: expected at most 2 GiB.`,
    );
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

/**
 * The files in which an ONNX file keeps weights.
 * @throws ManifestError where one of them is not inside the directory.
 */
export async function weightFiles(dir: string, path: string, bytes: Uint8Array): Promise<readonly string[]> {
  if (!Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(LOCATION)) return [];
  let files: readonly string[];
  try {
    files = externalFiles(readModel(bytes));
  } catch (error) {
    // onnxruntime says what is wrong with it; of bytes it opens no other file.
    if (error instanceof SamwireError) return [];
    throw error;
  }
  for (const file of files) await requireInside(dir, path, file);
  return files;
}

/** By its name, and by where links lead. */
async function requireInside(dir: string, path: string, file: string): Promise<void> {
  const target = join(dirname(path), file);
  const leaves = (from: string, to: string): boolean => {
    const way = relative(from, to);
    return way === '..' || way.startsWith('../') || isAbsolute(way);
  };
  const refuse = (got: string): never => {
    throw new ManifestError(
      `${path} keeps weights outside of the model's directory: expected a file in ${dir}, got ${got}. Copy it there and export again, or save it as one file (onnx.save with save_as_external_data=False).`,
      [{ path, expected: `weights in ${dir}`, got }],
    );
  };
  if (file === '' || isAbsolute(file) || leaves(dir, normalize(target))) refuse(JSON.stringify(file));
  const real = await realpath(target).catch(() => undefined);
  // One that is not there is told by onnxruntime.
  if (real === undefined) return;
  if (leaves(await realpath(dir), real)) refuse(`${file}, which is a link to ${real}`);
  if (!(await stat(real)).isFile()) refuse(`${file}, which is no file`);
}
