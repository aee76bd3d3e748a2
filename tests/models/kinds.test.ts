import { truncate, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listModels } from '../../src/models/catalogue.js';
import { checkModel } from '../../src/models/check-model.js';
import { readModelDirectory, readTwoGraphDirectory } from '../../src/models/directory.js';
import {
  ManifestError,
  manifestKeys,
  parseManifest,
  parseTwoGraphManifest,
} from '../../src/models/manifest.js';
import { checkFiles, verifyFiles } from '../../src/models/verify.js';
import { fusionGraph } from '../graphs/fusion.js';
import { addDetector, changeManifestOf, writeOneGraph, yoloImage } from '../graphs/kind-dir.js';
import { writeSemanticModel } from '../graphs/model-dir.js';
import { semanticEncoder } from '../graphs/semantic.js';
import { semanticModel } from '../graphs/semantics.js';
import { FASTSAM, yoloGraph } from '../graphs/yolo.js';
import { emptyDirectory, LFS_POINTER } from './directories.js';

type Json = Record<string, unknown>;

const YOLO_DEFAULTS = { minScore: 0.4, nmsIou: 0.9, maxBoxes: 300, borderPx: 20 };

function fastSam(changes: Json = {}): Json {
  const encoder = { file: 'network.onnx', sha256: 'a'.repeat(64) };
  const about = { version: 1, name: 'f', family: 'fastsam', licence: 'MIT' };
  return { ...about, encoder, image: yoloImage(FASTSAM.size), ...changes };
}

function fusion(changes: Json = {}): Json {
  return {
    ...fastSam({ family: 'early-fusion' }),
    image: { ...yoloImage(128), fit: 'stretch' },
    prompt: { channels: ['box', 'points'] },
    mask: { resize: 'direct', single: 'best-multi', multi: [1, 2, 3] },
    ...changes,
  };
}

function faultsOf(manifest: Json): readonly { path: string; expected: string; got: string }[] {
  try {
    parseManifest(manifest, 'm');
  } catch (error) {
    if (error instanceof ManifestError) return error.faults;
    throw error;
  }
  throw new Error('the manifest was accepted');
}

describe('a manifest of one network', () => {
  it('of FastSAM has the defaults of its authors', () => {
    expect(parseManifest(fastSam(), 'm')).toMatchObject({ family: 'fastsam', detector: YOLO_DEFAULTS });
  });

  it('of early fusion has the radius of its authors, and ones without a box', () => {
    expect(parseManifest(fusion(), 'm')).toMatchObject({
      prompt: { channels: ['box', 'points'], pointRadius: 5, noBox: 'ones', offset: 0 },
    });
  });

  it.each<[string, Json, string, RegExp]>([
    ['a decoder', fastSam({ decoder: {} }), 'decoder', /a known key/],
    ['prompts in FastSAM', fastSam({ prompt: {} }), 'prompt', /one of the keys/],
    ['a mistyped key', fastSam({ detector: { minScor: 0.5 } }), 'detector.minScor', /"minScore"/],
    ['a score of percents', fastSam({ detector: { minScore: 40 } }), 'detector.minScore', /at most 1/],
    ['no boxes', fastSam({ detector: { maxBoxes: 0 } }), 'detector.maxBoxes', /at least 1/],
    ['no class', fastSam({ detector: { classes: [] } }), 'detector.classes', /at least 1/],
    [
      'pictures of any size',
      fastSam({ image: { ...yoloImage(64), fit: 'native' } }),
      'image.fit',
      /letterbox/,
    ],
    ['no channel', fusion({ prompt: { channels: [] } }), 'prompt.channels', /at least 1/],
    ['a channel twice', fusion({ prompt: { channels: ['box', 'box'] } }), 'prompt.channels', /twice/],
    [
      'a channel nobody knows',
      fusion({ prompt: { channels: ['mask'] } }),
      'prompt.channels.0',
      /"background"/,
    ],
    [
      'a frame for prompts',
      fusion({ prompt: { channels: ['box'], frame: 'source' } }),
      'prompt.frame',
      /keys/,
    ],
    [
      'a stable choice without its limits',
      fusion({ mask: { resize: 'direct', single: 'stable', multi: [1] } }),
      'mask.stability',
      /stable/,
    ],
  ])('with %s is refused', (_, manifest, path, expected) => {
    const fault = faultsOf(manifest).find((one) => one.path === path);
    expect(fault?.expected ?? faultsOf(manifest)).toMatch(expected);
  });

  it('is no encoder and decoder', () => {
    expect(() => parseTwoGraphManifest(fastSam(), 'm')).toThrow(
      'm: expected a model of an encoder and a decoder, got family "fastsam"',
    );
  });

  it('has keys of its own', () => {
    expect(manifestKeys([], 'fastsam')).not.toContain('decoder');
    expect(manifestKeys(['prompt'], 'early-fusion')).toContain('channels');
    expect(manifestKeys(['detector'], 'sam')).toContain('file');
    expect(manifestKeys(['detector', 'image'], 'sam')).toContain('fit');
    expect(manifestKeys(['detector'], 'fastsam')).not.toContain('file');
  });
});

async function withDetector(block: Json = {}): Promise<string> {
  const dir = join(await emptyDirectory(), 'boxes');
  writeSemanticModel(dir, semanticModel('sam', { size: 64 }), {}, 'boxes');
  addDetector(dir, yoloGraph({ size: 128, classes: 1, coefficients: 0 }), {
    image: yoloImage(128),
    ...block,
  });
  return dir;
}

async function oneNetwork(network: Uint8Array, manifest: Json): Promise<string> {
  const dir = join(await emptyDirectory(), 'one');
  const { encoder: _, ...rest } = manifest;
  writeOneGraph(dir, network, { ...rest, name: 'one' });
  return dir;
}

describe('the files of a model with a detector', () => {
  it('are three, and each is checked', async () => {
    const model = await readTwoGraphDirectory(await withDetector());
    expect((await checkFiles(model)).map(({ role, problem }) => [role, problem])).toEqual([
      ['encoder', undefined],
      ['decoder', undefined],
      ['detector', undefined],
    ]);
    expect(model.manifest.detector).toMatchObject(YOLO_DEFAULTS);
    expect(await checkModel(model)).toMatchObject({
      kind: 'two-graph',
      detector: { classes: 1, coefficients: 0 },
    });
  });

  it.each<[string, (path: string) => Promise<void>, RegExp]>([
    ['missing', (path) => unlink(path), /detector\.onnx is not there/],
    ['cut off', (path) => truncate(path, 500), /detector\.onnx is not the file that the manifest names/],
    ['a Git LFS pointer', (path) => writeFile(path, LFS_POINTER), /detector\.onnx is a Git LFS pointer/],
  ])('are refused with one fault where the detector is %s', async (_, change, reason) => {
    const dir = await withDetector();
    await change(join(dir, 'detector.onnx'));
    const error = await verifyFiles(await readModelDirectory(dir)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ faults: [{ path: 'detector.file' }] });
    expect(String(error)).toMatch(reason);
  });

  it('are missing to the catalogue where the detector is', async () => {
    const dir = await withDetector();
    await unlink(join(dir, 'detector.onnx'));
    expect((await listModels([dir]))[0]).toMatchObject({ name: 'boxes', status: 'files-missing' });
  });
});

describe('networks that do not fit are named, with what was expected and what was found:', () => {
  const twoOfThem = fusionGraph({ size: 128, inputs: 'two', batch: 'free', scores: false });

  it.each<[string, Uint8Array, Json, RegExp]>([
    [
      'an encoder of SAM as FastSAM',
      semanticEncoder(semanticModel('sam', { size: 128 })),
      fastSam(),
      /network\.onnx: output output0: expected \[1,4 \+ classes \+ 48,A\].*found no such tensor/,
    ],
    [
      'a detector without masks as FastSAM',
      yoloGraph({ size: 128, classes: 1, coefficients: 0 }),
      fastSam(),
      /network\.onnx: output output1: expected \[1,K,h,w\] float32, found no such tensor/,
    ],
    [
      'another size',
      yoloGraph(FASTSAM),
      fastSam({ image: yoloImage(256) }),
      /network\.onnx: input images: expected \[1,3,256,256\] float32, found \[1,3,128,128\] float32/,
    ],
    [
      'fewer channels than the manifest names',
      twoOfThem,
      fusion({ prompt: { channels: ['box', 'points', 'background'] } }),
      /network\.onnx: input prompt: expected \[B,3,128,128\] float32, found \[batch,2,128,128\] float32/,
    ],
    [
      'a candidate that is not there',
      twoOfThem,
      fusion({ mask: { resize: 'direct', single: 4, multi: [1] } }),
      /output masks: expected at least the 5 candidates that mask\.single and mask\.multi name, found 4/,
    ],
    [
      'scores that the choice needs',
      twoOfThem,
      fusion(),
      /output iou_predictions: expected \[B,4\], because mask\.single is best-multi/,
    ],
    [
      'YOLO as early fusion',
      yoloGraph(FASTSAM),
      fusion(),
      /network\.onnx: input images: expected \[B,5,128,128\] float32, found \[1,3,128,128\] float32/,
    ],
  ])('%s', async (_, network, manifest, reason) => {
    const dir = await oneNetwork(network, manifest);
    await expect(readModelDirectory(dir).then(checkModel)).rejects.toThrow(reason);
    await expect(readModelDirectory(dir).then(checkModel)).rejects.toThrow(ManifestError);
  });

  it('a decoder in the detector’s place', async () => {
    const dir = await withDetector();
    changeManifestOf(dir, (manifest) => ({
      ...manifest,
      detector: { ...(manifest.detector as Json), ...(manifest.decoder as Json), precision: undefined },
    }));
    await expect(readModelDirectory(dir).then(checkModel)).rejects.toThrow(
      /decoder\.onnx: inputs: expected one picture/,
    );
  });

  it('an encoder without the boxes that its manifest names', async () => {
    const dir = await withDetector();
    changeManifestOf(dir, (manifest) => ({ ...manifest, proposals: {} }));
    await expect(readModelDirectory(dir).then(checkModel)).rejects.toThrow(
      /encoder\.onnx: output proposals: expected \[1,P,5\] float32, found no such tensor/,
    );
  });
});
