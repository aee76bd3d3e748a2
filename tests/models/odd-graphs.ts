/** Small real ONNX files that are wrong in one way each, for tests of what is said about them. */
import { readModel, writeModel } from '../../src/onnx/model.js';
import { GraphBuilder } from '../graphs/builder.js';

const SIDE = 256;
/** As the encoder of a semantic model of 256 pixels. */
const EMBEDDING = [1, 48, 16, 16] as const;

/** An encoder whose one operator nobody has. */
export function unknownOperator(): Uint8Array {
  const g = new GraphBuilder({ name: 'unknown-operator' });
  const image = g.input('image', [1, 3, SIDE, SIDE]);
  g.output(g.node('FancyAttention', [image]), 'image_embeddings', EMBEDDING);
  return g.toBytes();
}

/** The same with an operator of a set that is not ONNX's. */
export function foreignOperator(): Uint8Array {
  const model = readModel(unknownOperator());
  for (const node of model.graph?.node ?? []) node.domain = 'com.example';
  return writeModel({
    ...model,
    opsetImport: [...(model.opsetImport ?? []), { domain: 'com.example', version: 1 }],
  });
}

/** An encoder that averages, with a weight of 3×256×256 floats. */
function weighted(): GraphBuilder {
  const g = new GraphBuilder({ name: 'weighted' });
  const image = g.input('image', [1, 3, SIDE, SIDE]);
  const sum = g.node('Add', [image, g.weights([1, 3, SIDE, SIDE], 1)]);
  const pooled = g.node('AveragePool', [sum], { kernel_shape: [4, 4], strides: [4, 4] });
  g.output(g.node('SpaceToDepth', [pooled], { blocksize: 4 }), 'image_embeddings', EMBEDDING);
  return g;
}

/** Its weights moved to a second file of that name. */
export function externalWeights(file: string): { readonly bytes: Uint8Array; readonly data: Uint8Array } {
  const model = readModel(weighted().toBytes());
  const [tensor] = model.graph?.initializer ?? [];
  if (!tensor?.rawData) throw new Error('no weights');
  const data = Uint8Array.from(tensor.rawData);
  delete tensor.rawData;
  tensor.dataLocation = 1;
  tensor.externalData = [
    { key: 'location', value: file },
    { key: 'offset', value: '0' },
    { key: 'length', value: String(data.length) },
  ];
  return { bytes: writeModel(model), data };
}

/** The encoder computed in 8 bits by QuantizeLinear and DequantizeLinear, as onnxruntime's static quantisation writes it. */
export function quantised(): Uint8Array {
  const g = new GraphBuilder({ name: 'quantised' });
  const image = g.input('image', [1, 3, SIDE, SIDE]);
  const step = g.node('QuantizeLinear', [image, g.scalar(0.05)]);
  const pooled = g.node('AveragePool', [g.node('DequantizeLinear', [step, g.scalar(0.05)])], {
    kernel_shape: [4, 4],
    strides: [4, 4],
  });
  g.output(g.node('SpaceToDepth', [pooled], { blocksize: 4 }), 'image_embeddings', EMBEDDING);
  return g.toBytes();
}

/** The encoder with an integer convolution, as onnxruntime's dynamic quantisation writes it. */
export function integerQuantised(): Uint8Array {
  const g = new GraphBuilder({ name: 'integers' });
  const image = g.input('image', [1, 3, SIDE, SIDE]);
  const step = g.scalar(0.05);
  const inputs = [image, g.weights([48, 3, 16, 16], 1)].map((value) =>
    g.node('QuantizeLinear', [value, step]),
  );
  const sums = g.node('ConvInteger', inputs, { strides: [16, 16] });
  g.output(g.node('Cast', [sums], { to: 1 }), 'image_embeddings', EMBEDDING);
  return g.toBytes();
}

/** A YOLO detector's names and shapes: `images` → `output0` [1, 4 + classes, boxes]. */
export function detector(): Uint8Array {
  const g = new GraphBuilder({ name: 'detector' });
  const images = g.input('images', [1, 3, SIDE, SIDE]);
  const pooled = g.node('AveragePool', [images], { kernel_shape: [32, 32], strides: [32, 32] });
  const boxes = g.node('Reshape', [pooled, g.ints([1, 3, 64])]);
  g.output(g.node('Concat', [boxes, boxes], { axis: 1 }), 'output0', [1, 6, 64]);
  return g.toBytes();
}
