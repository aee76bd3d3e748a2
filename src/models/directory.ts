import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { UnavailableError } from '../errors.js';
import {
  type AnyManifest,
  isTwoGraph,
  type Manifest,
  ManifestError,
  type OneGraphManifest,
  parseManifest,
} from './manifest.js';

export const MANIFEST_FILE = 'manifest.json';
const MAX_MANIFEST_BYTES = 262_144;

/** What an ONNX file of a model is. */
export type FileRole = 'encoder' | 'decoder' | 'detector';

export interface ModelFile {
  readonly role: FileRole;
  readonly path: string;
  /** The manifest's. */
  readonly sha256: string;
}

interface Directory {
  readonly dir: string;
  /** All of its ONNX files. */
  readonly files: readonly ModelFile[];
  readonly encoderPath: string;
}

export interface TwoGraphDirectory extends Directory {
  readonly graphs: 2;
  readonly manifest: Manifest;
  readonly decoderPath: string;
  /** Where the manifest has a `detector`. */
  readonly detectorPath?: string;
}

/** A model whose one network is its `encoder`. */
export interface OneGraphDirectory extends Directory {
  readonly graphs: 1;
  readonly manifest: OneGraphManifest;
}

/** A model's directory with its validated manifest. Its ONNX files have not been looked at (see `verify.ts`). */
export type ModelDirectory = TwoGraphDirectory | OneGraphDirectory;

/**
 * Reads and validates `DIR/manifest.json`.
 * @throws UnavailableError where there is none, ManifestError where it is wrong.
 */
export async function readModelDirectory(dir: string): Promise<ModelDirectory> {
  const absolute = resolve(dir);
  const path = join(absolute, MANIFEST_FILE);
  const manifest = parseManifest(await readJson(path), path);
  const files = filesOf(manifest).map(({ file, ...rest }) => ({ ...rest, path: join(absolute, file) }));
  const encoderPath = join(absolute, manifest.encoder.file);
  if (!isTwoGraph(manifest)) return { graphs: 1, dir: absolute, manifest, files, encoderPath };
  return {
    graphs: 2,
    dir: absolute,
    manifest,
    files,
    encoderPath,
    decoderPath: join(absolute, manifest.decoder.file),
    ...(manifest.detector ? { detectorPath: join(absolute, manifest.detector.file) } : {}),
  };
}

/**
 * `readModelDirectory`, for what only a model of an encoder and a decoder can.
 * @throws ManifestError also for a model of one graph.
 */
export async function readTwoGraphDirectory(dir: string): Promise<TwoGraphDirectory> {
  const model = await readModelDirectory(dir);
  if (model.graphs === 2) return model;
  throw new ManifestError(
    `Expected a model of an encoder and a decoder in ${model.dir}, got family "${model.manifest.family}"`,
  );
}

interface NamedFile extends Omit<ModelFile, 'path'> {
  readonly file: string;
}

function filesOf(manifest: AnyManifest): NamedFile[] {
  const named = (role: FileRole, { file, sha256 }: { file: string; sha256: string }): NamedFile => ({
    role,
    file,
    sha256,
  });
  if (!isTwoGraph(manifest)) return [named('encoder', manifest.encoder)];
  return [
    named('encoder', manifest.encoder),
    named('decoder', manifest.decoder),
    ...(manifest.detector ? [named('detector', manifest.detector)] : []),
  ];
}

/** A manifest is some kilobytes; what a link or a named pipe of its name leads to may have no end. */
async function readSmall(path: string): Promise<string> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const { size } = await handle.stat();
    if (size > MAX_MANIFEST_BYTES)
      throw new ManifestError(
        `${path} has ${size} bytes: expected a manifest of at most ${MAX_MANIFEST_BYTES}`,
      );
    const buffer = Buffer.alloc(MAX_MANIFEST_BYTES);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

async function readJson(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readSmall(path);
  } catch (cause) {
    if (cause instanceof ManifestError) throw cause;
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOTDIR')
      throw new UnavailableError(
        `${dirname(path)} is a file. A model is a directory with manifest.json and its ONNX files: put the encoder's and the ` +
          "decoder's ONNX file into one, and `samwire models add DIR` writes the manifest.",
        { cause },
      );
    throw new UnavailableError(
      `Expected a model's manifest at ${path}, found none that can be read. ` +
        'A model is a directory with manifest.json and its ONNX files; `samwire models add DIR` writes the manifest.',
      { cause },
    );
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ManifestError(`${path} is not JSON: ${why}`, [], { cause });
  }
}
