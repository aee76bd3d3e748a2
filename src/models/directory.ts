import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { UnavailableError } from '../errors.js';
import { type Manifest, ManifestError, parseManifest } from './manifest.js';

export const MANIFEST_FILE = 'manifest.json';

/** A model's directory with its validated manifest. Its ONNX files have not been looked at (see `verify.ts`). */
export interface ModelDirectory {
  readonly dir: string;
  readonly manifest: Manifest;
  readonly encoderPath: string;
  readonly decoderPath: string;
}

/**
 * Reads and validates `DIR/manifest.json`.
 * @throws UnavailableError where there is none, ManifestError where it is wrong.
 */
export async function readModelDirectory(dir: string): Promise<ModelDirectory> {
  const absolute = resolve(dir);
  const path = join(absolute, MANIFEST_FILE);
  const manifest = parseManifest(await readJson(path), path);
  return {
    dir: absolute,
    manifest,
    encoderPath: join(absolute, manifest.encoder.file),
    decoderPath: join(absolute, manifest.decoder.file),
  };
}

async function readJson(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
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
