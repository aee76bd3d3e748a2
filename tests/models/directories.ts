import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { BUNDLED_MODELS } from '../../src/models/catalogue.js';

export const BUNDLED = join(BUNDLED_MODELS, 'samwire-tiny');

/** An empty directory that goes away with the test. */
export async function emptyDirectory(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'samwire-models-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** A copy of the bundled model under `root`, its manifest changed by `change`. */
export async function copyOfBundled(
  root: string,
  name: string,
  change: (manifest: Record<string, unknown>) => Record<string, unknown> = (manifest) => manifest,
): Promise<string> {
  const dir = join(root, name);
  await mkdir(dir);
  for (const file of ['encoder.onnx', 'decoder.onnx']) await cp(join(BUNDLED, file), join(dir, file));
  const manifest = JSON.parse(await readFile(join(BUNDLED, 'manifest.json'), 'utf8'));
  await writeFile(join(dir, 'manifest.json'), JSON.stringify(change({ ...manifest, name })));
  return dir;
}

/** The bundled ONNX files alone, under other names. */
export async function onnxOnly(root: string, name: string): Promise<string> {
  const dir = join(root, name);
  await mkdir(dir);
  await symlink(join(BUNDLED, 'encoder.onnx'), join(dir, 'vision.onnx'));
  await symlink(join(BUNDLED, 'decoder.onnx'), join(dir, 'a-mask-head.onnx'));
  return dir;
}

export const LFS_POINTER = `version https://git-lfs.github.com/spec/v1
oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393
size 12345
`;
