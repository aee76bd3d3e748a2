import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileRole, ModelDirectory, ModelFile } from './directory.js';
import { ManifestError } from './manifest.js';

/** The first bytes of what Git leaves in the place of a large file that was not fetched. */
const LFS_POINTER = 'version https://git-lfs.github.com/spec/';

/** No SAM-family network is this small; a file below it is cut off or something else (an error page, a pointer). */
const SMALLEST_ONNX_BYTES = 64;

export interface FileInspection {
  readonly path: string;
  readonly sizeBytes: number;
  /** Why the file can't be an ONNX file; undefined where nothing speaks against it. */
  readonly problem?: string;
}

export interface FileCheck extends FileInspection {
  readonly role: FileRole;
  /** Undefined where there was nothing to hash. */
  readonly sha256?: string;
}

/** Looks at a file's size and first bytes, without reading all of it. */
export async function inspectFile(path: string): Promise<FileInspection> {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    // Not waiting for the writer of a named pipe.
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    const why = code === 'ENOENT' ? 'is not there' : `can't be read (${String(code)})`;
    return { path, sizeBytes: 0, problem: `${path} ${why}` };
  }
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) return { path, sizeBytes: 0, problem: `${path} is not a file` };
    const head = Buffer.alloc(LFS_POINTER.length);
    await handle.read(head, 0, head.length, 0);
    const problem = oddHead(path, head.toString('latin1'), stats.size);
    return problem === undefined ? { path, sizeBytes: stats.size } : { path, sizeBytes: stats.size, problem };
  } finally {
    await handle.close();
  }
}

function oddHead(path: string, head: string, sizeBytes: number): string | undefined {
  if (head.startsWith(LFS_POINTER)) {
    return `${path} is a Git LFS pointer, not the network itself. Run "git lfs pull" where it was cloned, or download the file`;
  }
  if (sizeBytes < SMALLEST_ONNX_BYTES)
    return `${path} has ${sizeBytes} bytes: it is cut off, or no ONNX file`;
  if (/^\s*</.test(head)) return `${path} is an HTML or XML page, not an ONNX file: the download failed`;
  return undefined;
}

/** Hex SHA-256 of a file, read as a stream. */
export async function sha256File(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** Holds all ONNX files against the manifest: there, whole, and the ones whose SHA-256 it names. */
export async function checkFiles(model: ModelDirectory): Promise<FileCheck[]> {
  const checks: FileCheck[] = [];
  for (const file of model.files) checks.push(await checkFile(file));
  return checks;
}

async function checkFile({ role, path, sha256: wanted }: ModelFile): Promise<FileCheck> {
  const inspection = await inspectFile(path);
  if (inspection.problem !== undefined) return { ...inspection, role };
  const sha256 = await sha256File(path);
  if (sha256 === wanted) return { ...inspection, role, sha256 };
  const problem =
    `${path} is not the file that the manifest names: expected SHA-256 ${wanted}, found ${sha256} ` +
    `(${inspection.sizeBytes} bytes). Fetch it again, or correct ${role}.sha256 if the change is meant`;
  return { ...inspection, role, sha256, problem };
}

/**
 * `checkFiles`, for those who need the model to run.
 * @throws ManifestError with every problem.
 */
export async function verifyFiles(model: ModelDirectory): Promise<void> {
  const bad = (await checkFiles(model)).filter((check) => check.problem !== undefined);
  if (bad.length === 0) return;
  const lines = bad.map((check) => `  ${check.problem}`);
  throw new ManifestError(
    `Model ${model.manifest.name} can't be loaded:\n${lines.join('\n')}`,
    bad.map((check) => ({
      path: `${check.role}.file`,
      expected: `an ONNX file of the manifest's SHA-256`,
      got: check.problem ?? '',
    })),
  );
}
