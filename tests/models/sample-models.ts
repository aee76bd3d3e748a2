import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GraphBuilder } from '../graphs/builder.js';
import { fusionGraph } from '../graphs/fusion.js';
import { semanticDecoder, semanticEncoder } from '../graphs/semantic.js';
import { type Family, semanticModel } from '../graphs/semantics.js';
import { FASTSAM, yoloGraph } from '../graphs/yolo.js';

type Files = Readonly<Record<string, Uint8Array>>;

function twoGraphs(family: Family): Files {
  const model = semanticModel(family, { size: 128 });
  return { 'encoder.onnx': semanticEncoder(model), 'decoder.onnx': semanticDecoder(model) };
}

/** A YOLOv8 without masks. */
export function detectorFile(): Uint8Array {
  return yoloGraph({ size: 128, classes: 1, coefficients: 0 });
}

/** An encoder of the semantic SAM's shapes that gives boxes of its own. */
export function proposingEncoder(): Uint8Array {
  const g = new GraphBuilder({ name: 'proposing' });
  const image = g.input('image', [1, 3, 128, 128]);
  const pooled = g.node('AveragePool', [image], { kernel_shape: [4, 4], strides: [4, 4] });
  g.output(g.node('SpaceToDepth', [pooled], { blocksize: 4 }), 'image_embeddings', [1, 48, 8, 8]);
  const mean = g.node('ReduceMean', [image], { axes: [1, 2, 3], keepdims: 0 });
  const scores = g.node('Mul', [
    g.node('Reshape', [mean, g.ints([1, 1, 1])]),
    g.floats([0, 0, 0, 0, 0], [1, 1, 5]),
  ]);
  g.output(g.node('Add', [scores, g.floats([8, 8, 64, 64, 0.9], [1, 1, 5])]), 'proposals', [1, 1, 5]);
  return g.toBytes();
}

/** Small ONNX files with the names and ranks of each recipe's networks, as a directory has them before `models add`. */
const SAMPLES: Readonly<Record<string, () => Files>> = {
  nanosam: () => twoGraphs('nanosam'),
  'nanosam-512': () => twoGraphs('nanosam'),
  'samwire-tiny': () => twoGraphs('nanosam'),
  sam: () => twoGraphs('sam'),
  edgesam: () => twoGraphs('edgesam'),
  'efficientvit-sam': () => twoGraphs('efficientvit-sam'),
  efficientsam: () => twoGraphs('efficientsam'),
  tinysam: () => twoGraphs('tinysam'),
  sam2: () => twoGraphs('sam2'),
  'sam2-samexporter': () => twoGraphs('sam2'),
  mobilesamv2: () => ({ ...twoGraphs('sam'), 'detector.onnx': detectorFile() }),
  'lite-sam': () => ({ ...twoGraphs('sam'), 'encoder.onnx': proposingEncoder() }),
  fastsam: () => ({ 'network.onnx': yoloGraph(FASTSAM) }),
  squeezesam: () => ({
    'network.onnx': fusionGraph({ size: 64, inputs: 'one', batch: 'free', scores: true }),
  }),
};

export const SAMPLE_NAMES = Object.keys(SAMPLES);

export function writeSample(dir: string, recipe: string): void {
  const sample = SAMPLES[recipe];
  if (sample === undefined) throw new Error(`no small graphs for recipe ${recipe}`);
  mkdirSync(dir, { recursive: true });
  for (const [file, bytes] of Object.entries(sample())) writeFileSync(join(dir, file), bytes);
}
