import { writeModel } from '../../src/onnx/model.js';
import {
  type AttributeProto,
  ELEM_TYPES,
  type ElemTypeName,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from '../../src/onnx/schema.js';
import { randomStream } from './random.js';

/** A tensor of the graph under construction, by name. */
export interface Value {
  readonly name: string;
}

/** A number is an integer attribute, `{ float }` a float, an array integers. */
export type Attribute = number | { readonly float: number } | string | readonly number[];

/** A fixed or a named free dimension. */
export type Dim = number | string;

export interface GraphOptions {
  readonly name: string;
  /** Of the random weights; the same seed gives the same file. */
  readonly seed?: number;
  readonly opset?: number;
}

/** Builds one ONNX model, node by node; `toBytes` gives the file. */
export class GraphBuilder {
  private readonly nodes: NodeProto[] = [];
  private readonly initializers: TensorProto[] = [];
  private readonly inputs: ValueInfoProto[] = [];
  private readonly outputs: ValueInfoProto[] = [];
  private readonly outputNames = new Map<string, string>();
  private readonly random: () => number;
  private count = 0;

  constructor(private readonly options: GraphOptions) {
    this.random = randomStream(options.seed ?? 1);
  }

  input(name: string, shape: readonly Dim[], elemType: ElemTypeName = 'float32'): Value {
    this.inputs.push(valueInfo(name, shape, elemType));
    return { name };
  }

  /** Makes a node's result an output called `name`. */
  output(value: Value, name: string, shape: readonly Dim[], elemType: ElemTypeName = 'float32'): void {
    this.outputNames.set(value.name, name);
    this.outputs.push(valueInfo(name, shape, elemType));
  }

  /** Adds a node with one result; null is an optional input that is left out. */
  node(opType: string, inputs: readonly (Value | null)[], attributes: Record<string, Attribute> = {}): Value {
    const name = `${opType}_${this.count++}`;
    this.nodes.push({
      opType,
      name,
      input: inputs.map((value) => value?.name ?? ''),
      output: [name],
      attribute: Object.entries(attributes).map(([key, value]) => attributeProto(key, value)),
    });
    return { name };
  }

  floats(data: Float32Array | readonly number[], dims: readonly number[]): Value {
    const array = data instanceof Float32Array ? data : Float32Array.from(data);
    return this.initializer(
      'float32',
      new Uint8Array(array.buffer, array.byteOffset, array.byteLength),
      dims,
    );
  }

  scalar(value: number): Value {
    return this.floats([value], []);
  }

  /** A vector of int64, as shapes, axes and indices are given to nodes. */
  ints(data: readonly number[]): Value {
    const array = BigInt64Array.from(data, BigInt);
    return this.initializer('int64', new Uint8Array(array.buffer), [data.length]);
  }

  /** One int64, as an index that drops its axis is given to Gather. */
  int(value: number): Value {
    return this.initializer('int64', new Uint8Array(BigInt64Array.of(BigInt(value)).buffer), []);
  }

  /** Weights evenly spread over ±√3·`deviation`. */
  weights(dims: readonly number[], deviation: number): Value {
    const data = new Float32Array(dims.reduce((a, b) => a * b, 1));
    const reach = 2 * Math.sqrt(3) * deviation;
    for (let i = 0; i < data.length; i++) data[i] = (this.random() - 0.5) * reach;
    return this.floats(data, dims);
  }

  toBytes(): Uint8Array {
    const rename = (name: string): string => this.outputNames.get(name) ?? name;
    return writeModel({
      irVersion: 8,
      producerName: 'samwire-tests',
      opsetImport: [{ domain: '', version: this.options.opset ?? 17 }],
      graph: {
        name: this.options.name,
        node: this.nodes.map((node) => ({
          ...node,
          input: (node.input ?? []).map(rename),
          output: (node.output ?? []).map(rename),
        })),
        initializer: this.initializers,
        input: this.inputs,
        output: this.outputs,
      },
    });
  }

  private initializer(elemType: ElemTypeName, rawData: Uint8Array, dims: readonly number[]): Value {
    const name = `weight_${this.initializers.length}`;
    this.initializers.push({ name, dataType: ELEM_TYPES[elemType], dims: [...dims], rawData });
    return { name };
  }
}

function valueInfo(name: string, shape: readonly Dim[], elemType: ElemTypeName): ValueInfoProto {
  const dim = shape.map((size) => (typeof size === 'number' ? { dimValue: size } : { dimParam: size }));
  return { name, type: { tensorType: { elemType: ELEM_TYPES[elemType], shape: { dim } } } };
}

function attributeProto(name: string, value: Attribute): AttributeProto {
  if (typeof value === 'number') return { name, type: 2, i: value };
  if (typeof value === 'string') return { name, type: 3, s: Buffer.from(value) };
  if ('float' in value) return { name, type: 1, f: value.float };
  return { name, type: 7, ints: [...value] };
}
