import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

type Json = Record<string, unknown>;

/** What Ultralytics does to a picture. */
export function yoloImage(size: number): Json {
  return {
    size: [size, size],
    fit: 'letterbox-centred',
    rounding: 'half-even',
    filter: 'bilinear',
    channels: 'rgb',
    scale: 1 / 255,
    mean: [0, 0, 0],
    std: [1, 1, 1],
    pad: 114,
  };
}

/** Writes a model of one network, `network.onnx`, and its manifest, which is returned. */
export function writeOneGraph(dir: string, network: Uint8Array, manifest: Json): Json {
  mkdirSync(dir, { recursive: true });
  const whole = {
    version: 1,
    name: 'one-graph',
    licence: 'Apache-2.0',
    encoder: networkFile(dir, 'network.onnx', network),
    ...manifest,
  };
  writeManifest(dir, whole);
  return whole;
}

/** Puts a detector into a model directory that is there. */
export function addDetector(dir: string, network: Uint8Array, block: Json): void {
  changeManifestOf(dir, (manifest) => ({
    ...manifest,
    detector: { ...networkFile(dir, 'detector.onnx', network), ...block },
  }));
}

export function changeManifestOf(dir: string, change: (manifest: Json) => Json): void {
  writeManifest(dir, change(JSON.parse(readFileSync(join(dir, 'manifest.json'), 'utf8')) as Json));
}

export function networkFile(dir: string, file: string, bytes: Uint8Array): Json {
  writeFileSync(join(dir, file), bytes);
  return { file, sha256: createHash('sha256').update(bytes).digest('hex') };
}

function writeManifest(dir: string, manifest: Json): void {
  writeFileSync(join(dir, 'manifest.json'), JSON.stringify(manifest, null, 2));
}
