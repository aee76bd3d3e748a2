import { SamwireError } from '../errors.js';
import { constantTensor, setIntAttribute, tensorAttribute } from '../onnx/attributes.js';
import { captured, EditableGraph, label } from '../onnx/graph.js';
import { readModel, toNumber, writeModel } from '../onnx/model.js';
import { ELEM_TYPES, type NodeProto, type TensorProto } from '../onnx/schema.js';
import { summarise } from '../onnx/summary.js';
import { scaleQueries } from './attention.js';
import { halfTensor } from './half.js';
import { chooseHalves, type Halves } from './halves.js';
import { writeOutLayerNorms } from './layer-norm.js';
import type { HalfPrecision, PreparedGraph } from './types.js';

const { float16, float32 } = ELEM_TYPES;

/**
 * A graph for a strongly typed network, where FP16 stands in the tensors' types. Inputs and outputs stay FP32. `mixed`
 * keeps what FP16 harms in FP32 (islands.ts); `fp16` keeps only what FP16 can't hold: the prompts' way to the tokens,
 * weights beyond ±65504, numbers that become indices, operators that ONNX does not define for it, the bodies of If and
 * Loop. A graph with
 * QuantizeLinear nodes is given back as it is: its precision stands in it already, and what is not quantised is FP32.
 * @throws SamwireError `model_failed` for bytes that are no ONNX network, or operators that are not ONNX's own.
 */
export function typedGraph(bytes: Uint8Array, precision: HalfPrecision): PreparedGraph {
  const graph = readable(bytes);
  if (graph.nodes.some(({ opType }) => opType === 'QuantizeLinear'))
    return { bytes, fp32Nodes: [], changes: ['It is quantised, and stays as it is.'] };
  const changes = prepare(graph);
  const halves = chooseHalves(graph, precision);
  const fp32Nodes = [...halves.single].map(({ name }) => name ?? '');
  const { casts, weights } = new Rewrite(graph, halves).run();
  changes.push(
    `${weights} weights became FP16; ${fp32Nodes.length} nodes stay FP32, with ${casts} casts between the two.`,
  );
  return { bytes: written(graph), fp32Nodes, changes };
}

/**
 * The names of the nodes that must stay FP32 where a builder chooses each layer's precision by itself (TensorRT 8), with the
 * graph that has these names, and without LayerNormalization, which 8.5 does not know. Its tensors stay FP32. With `fp32` no
 * layer is FP16 anyway, and there are no names.
 * @throws SamwireError as {@link typedGraph}.
 */
export function fp32Nodes(bytes: Uint8Array, precision: HalfPrecision | 'fp32'): PreparedGraph {
  const graph = readable(bytes);
  const changes = prepare(graph);
  const norms = writeOutLayerNorms(graph);
  if (norms > 0) changes.push(`${norms} LayerNormalization nodes are written out, for TensorRT 8.5.`);
  if (precision === 'fp32') return { bytes: written(graph), fp32Nodes: [], changes };
  const { single } = chooseHalves(graph, precision);
  return { bytes: written(graph), fp32Nodes: [...single].map(({ name }) => name ?? ''), changes };
}

function readable(bytes: Uint8Array): EditableGraph {
  const model = readModel(bytes);
  const graph = new EditableGraph(model);
  const foreign = graph.nodes.find(({ domain }) => domain && domain !== 'ai.onnx');
  const refuse = (what: string): SamwireError =>
    new SamwireError(
      'model_failed',
      `Expected a network of ONNX's own operators to choose FP16 for, got ${what}. Export it without, or build it with precision fp32.`,
    );
  if (foreign) throw refuse(`${foreign.domain}:${foreign.opType} (${label(foreign)})`);
  if ((model.functions ?? []).length > 0) throw refuse(`functions (${model.functions?.[0]?.name ?? ''})`);
  const [external] = summarise(model).external;
  if (external !== undefined) throw refuse(`weights in another file (${external})`);
  return graph;
}

/** What both kinds of network need: constants as weights, every node named, attention's scale before the product. */
function prepare(graph: EditableGraph): string[] {
  const constants = graph.nodes.filter(({ opType }) => opType === 'Constant');
  const hoisted = constants.flatMap((node) => {
    const tensor = constantTensor(node);
    return tensor ? [{ node, tensor: { ...tensor, name: node.output?.[0] ?? '' } }] : [];
  });
  const gone = new Set(hoisted.map(({ node }) => node));
  graph.setInitializers([...graph.initializers, ...hoisted.map(({ tensor }) => tensor)]);
  graph.setNodes(graph.nodes.filter((node) => !gone.has(node)));
  const names = new Set<string>();
  for (const node of graph.nodes) {
    if (!node.name || names.has(node.name)) node.name = graph.fresh(`${node.opType}`);
    names.add(node.name);
  }
  const quantised = graph.nodes.some(({ opType }) => opType === 'QuantizeLinear');
  const moved = quantised ? 0 : scaleQueries(graph);
  return moved === 0
    ? []
    : [
        `In ${moved} attentions the queries are scaled, not their products with the keys, which FP16 may not hold.`,
      ];
}

function written(graph: EditableGraph): Uint8Array {
  graph.removeDead();
  graph.dropValueInfo();
  const { model } = graph;
  // Until IR version 3 weights are inputs as well; from 4 on they need not be, and then no type is said twice.
  const weights = new Set(graph.initializers.map(({ name }) => name));
  if (model.graph) model.graph.input = (model.graph.input ?? []).filter(({ name }) => !weights.has(name));
  if (toNumber(model.irVersion ?? 0) < 4) model.irVersion = 4;
  return writeModel(model);
}

/** Puts the types into the graph: halves of the weights, and one Cast a tensor where FP16 and FP32 meet. */
class Rewrite {
  readonly #graph: EditableGraph;
  readonly #halves: Halves;
  /** What a float tensor is, by its name in the graph as it was. */
  readonly #made = new Map<string, number>();
  /** The other form of a tensor. */
  readonly #converted = new Map<string, string>();
  readonly #wanted = new Map<string, Set<number>>();
  readonly #nodes: NodeProto[] = [];
  #casts = 0;
  #weights = 0;

  constructor(graph: EditableGraph, halves: Halves) {
    this.#graph = graph;
    this.#halves = halves;
  }

  run(): { casts: number; weights: number } {
    const graph = this.#graph;
    for (const node of graph.nodes) this.#noteMade(node);
    for (const node of graph.nodes) this.#noteWanted(node);
    for (const { name = '' } of graph.outputs) if (this.#isFloat(name)) this.#wants(name, float32);
    this.#convertWeights();
    this.#convertInputs();
    for (const node of [...graph.nodes]) this.#rewrite(node);
    graph.setNodes(this.#nodes);
    return { casts: this.#casts, weights: this.#weights };
  }

  #isFloat(name: string): boolean {
    return this.#halves.types.get(name) === float32;
  }

  #wants(name: string, type: number): void {
    const types = this.#wanted.get(name) ?? new Set();
    this.#wanted.set(name, types.add(type));
  }

  #noteMade(node: NodeProto): void {
    const type = this.#halves.single.has(node) ? float32 : float16;
    for (const name of node.output ?? []) if (this.#isFloat(name)) this.#made.set(name, type);
  }

  #noteWanted(node: NodeProto): void {
    for (const [i, name] of (node.input ?? []).entries()) {
      if (!this.#isFloat(name)) continue;
      const want = this.#halves.want(node, i);
      if (want !== 'any') this.#wants(name, want === 'half' ? float16 : float32);
    }
    for (const name of captured(node)) if (this.#isFloat(name)) this.#wants(name, float32);
  }

  #convertWeights(): void {
    const weights = this.#graph.initializers.flatMap((tensor): TensorProto[] => {
      const name = tensor.name ?? '';
      if (!this.#isFloat(name)) return [tensor];
      const wanted = this.#wanted.get(name);
      if (!wanted?.has(float16)) {
        this.#made.set(name, float32);
        return [tensor];
      }
      this.#weights++;
      if (!wanted.has(float32)) {
        this.#made.set(name, float16);
        return [halfTensor(tensor, name)];
      }
      this.#made.set(name, float32);
      const half = this.#graph.fresh(`${name}/half`);
      this.#converted.set(name, half);
      return [tensor, halfTensor(tensor, half)];
    });
    this.#graph.setInitializers(weights);
  }

  #convertInputs(): void {
    for (const { name = '' } of this.#graph.inputs) {
      if (!this.#isFloat(name)) continue;
      this.#made.set(name, float32);
      this.#castAfter(name);
    }
  }

  #rewrite(node: NodeProto): void {
    const input = (node.input ?? []).map((name, i) => this.#form(name, this.#halves.want(node, i)));
    const outputs = node.output ?? [];
    // A graph output keeps its name and is FP32, so that its half has the other name.
    const output = outputs.map((name) => {
      if (!this.#graph.isOutput(name) || this.#made.get(name) !== float16) return name;
      const half = this.#graph.fresh(`${name}/half`);
      this.#converted.set(name, half);
      return half;
    });
    node.input = input;
    node.output = output;
    if (outputs.some((name) => this.#made.get(name) === float16)) becomeHalf(node);
    this.#nodes.push(node);
    for (const [i, name] of outputs.entries()) {
      if (output[i] === name) this.#castAfter(name);
      else this.#cast(output[i] ?? '', name, float32);
    }
  }

  /** The name of a tensor in the form that a node wants. */
  #form(name: string, want: 'half' | 'single' | 'any'): string {
    const made = this.#made.get(name);
    const other = this.#converted.get(name);
    if (made === undefined || other === undefined) return name;
    if (this.#graph.isOutput(name) && made === float16) return want === 'single' ? name : other;
    if (want === 'any') return name;
    return (want === 'half') === (made === float16) ? name : other;
  }

  /** A Cast to the other form, where a node wants it. */
  #castAfter(name: string): void {
    const made = this.#made.get(name);
    if (made === undefined) return;
    const other = made === float16 ? float32 : float16;
    if (!this.#wanted.get(name)?.has(other)) return;
    const converted = this.#graph.fresh(`${name}/${other === float16 ? 'half' : 'single'}`);
    this.#converted.set(name, converted);
    this.#cast(name, converted, other);
  }

  #cast(from: string, to: string, type: number): void {
    const node: NodeProto = {
      opType: 'Cast',
      name: this.#graph.fresh(`${to}/cast`),
      input: [from],
      output: [to],
    };
    setIntAttribute(node, 'to', type);
    this.#nodes.push(node);
    this.#casts++;
  }
}

/** Operators that name their output's type, or hold a value of it. */
function becomeHalf(node: NodeProto): void {
  if (node.opType === 'Cast') setIntAttribute(node, 'to', float16);
  if (node.opType === 'EyeLike') setIntAttribute(node, 'dtype', float16);
  if (node.opType !== 'ConstantOfShape') return;
  const value = tensorAttribute(node, 'value');
  const single: TensorProto = value ?? { dataType: float32, dims: [1], rawData: new Uint8Array(4) };
  node.attribute = [{ name: 'value', type: 4, t: halfTensor(single, '') }];
}
