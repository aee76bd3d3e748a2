import { SamwireError } from '../errors.js';
import { constantTensor, subgraphs } from './attributes.js';
import { toNumber } from './model.js';
import type { GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto } from './schema.js';

interface Index {
  readonly producers: Map<string, NodeProto>;
  readonly consumers: Map<string, NodeProto[]>;
  readonly constants: Map<string, TensorProto>;
}

/**
 * A model's graph while it is changed: who makes and who takes each tensor, new names, nodes put in and taken out. Nodes
 * are changed in place; whoever rewires one calls `touch()`. Node order is topological from the start and stays so.
 */
export class EditableGraph {
  readonly model: ModelProto;
  readonly opset: number;
  readonly #graph: GraphProto;
  readonly #names = new Set<string>();
  #index: Index | undefined;

  /** @throws SamwireError `model_failed` for a graph with a cycle, a tensor made twice, or one that nobody makes. */
  constructor(model: ModelProto) {
    this.model = model;
    this.#graph = model.graph ?? {};
    const opset = (model.opsetImport ?? []).find(({ domain }) => !domain || domain === 'ai.onnx');
    this.opset = toNumber(opset?.version ?? 0);
    this.#graph.node = sorted(this.#graph);
    for (const name of definedNames(this.#graph)) this.#names.add(name);
    for (const node of this.nodes) if (node.name) this.#names.add(node.name);
  }

  get nodes(): readonly NodeProto[] {
    return this.#graph.node ?? [];
  }

  /** Without those that have an initializer, as files of IR version 3 list them. */
  get inputs(): readonly ValueInfoProto[] {
    const initialized = new Set((this.#graph.initializer ?? []).map(({ name }) => name ?? ''));
    return (this.#graph.input ?? []).filter(({ name }) => !initialized.has(name ?? ''));
  }

  get outputs(): readonly ValueInfoProto[] {
    return this.#graph.output ?? [];
  }

  get initializers(): readonly TensorProto[] {
    return this.#graph.initializer ?? [];
  }

  producer(name: string): NodeProto | undefined {
    return this.#indexed().producers.get(name);
  }

  /** Nodes that take a tensor, each once; If and Loop count for what their bodies take from outside. */
  consumers(name: string): readonly NodeProto[] {
    return this.#indexed().consumers.get(name) ?? [];
  }

  /** The values behind a name: an initializer's, or a Constant node's. */
  constant(name: string): TensorProto | undefined {
    return this.#indexed().constants.get(name);
  }

  isOutput(name: string): boolean {
    return this.outputs.some((output) => output.name === name);
  }

  touch(): void {
    this.#index = undefined;
  }

  /** A name that nothing in the graph has. */
  fresh(base: string): string {
    let name = base;
    for (let i = 1; this.#names.has(name); i++) name = `${base}_${i}`;
    this.#names.add(name);
    return name;
  }

  addInitializer(tensor: TensorProto): void {
    this.#graph.initializer = [...this.initializers, tensor];
    this.touch();
  }

  setInitializers(tensors: readonly TensorProto[]): void {
    this.#graph.initializer = [...tensors];
    this.touch();
  }

  setNodes(nodes: readonly NodeProto[]): void {
    this.#graph.node = [...nodes];
    this.touch();
  }

  setOutputs(outputs: readonly ValueInfoProto[]): void {
    this.#graph.output = [...outputs];
    this.touch();
  }

  /** Forgets what the file says of tensors inside, which shape inference finds again. */
  dropValueInfo(): void {
    this.#graph.valueInfo = [];
  }

  /** Puts nodes in before another one, or at the front. */
  insertBefore(node: NodeProto | undefined, added: readonly NodeProto[]): void {
    const at = node === undefined ? 0 : this.nodes.indexOf(node);
    this.#graph.node = [...this.nodes.slice(0, at), ...added, ...this.nodes.slice(at)];
    this.touch();
  }

  /** Whoever takes `from` takes `to` from now on; the graph's own outputs stay. */
  rewire(from: string, to: string, takers: readonly NodeProto[] = this.consumers(from)): void {
    for (const node of takers) node.input = (node.input ?? []).map((name) => (name === from ? to : name));
    this.touch();
  }

  /**
   * Takes out what no output needs: nodes, weights and, where `inputs` names them, inputs.
   * @returns the names of the inputs that went.
   */
  removeDead(inputs: readonly string[] = []): string[] {
    const needed = new Set(this.outputs.map(({ name }) => name ?? ''));
    const live: NodeProto[] = [];
    for (const node of [...this.nodes].reverse()) {
      if (!(node.output ?? []).some((name) => name !== '' && needed.has(name))) continue;
      live.push(node);
      for (const name of taken(node)) needed.add(name);
    }
    this.#graph.node = live.reverse();
    this.#graph.initializer = this.initializers.filter(({ name }) => needed.has(name ?? ''));
    const gone = inputs.filter((name) => !needed.has(name));
    this.#graph.input = (this.#graph.input ?? []).filter(({ name }) => !gone.includes(name ?? ''));
    this.touch();
    return gone;
  }

  #indexed(): Index {
    if (this.#index) return this.#index;
    const index: Index = { producers: new Map(), consumers: new Map(), constants: new Map() };
    for (const tensor of this.initializers) index.constants.set(tensor.name ?? '', tensor);
    for (const node of this.nodes) {
      for (const name of node.output ?? []) index.producers.set(name, node);
      for (const name of taken(node)) {
        const list = index.consumers.get(name);
        if (list) list.push(node);
        else index.consumers.set(name, [node]);
      }
      const constant = constantTensor(node);
      if (constant && node.output?.[0]) index.constants.set(node.output[0], constant);
    }
    this.#index = index;
    return index;
  }
}

/** What a node takes, each name once, with what its subgraphs take from outside. */
export function taken(node: NodeProto): Set<string> {
  const names = new Set((node.input ?? []).filter((name) => name !== ''));
  for (const name of captured(node)) names.add(name);
  return names;
}

/** What a node's subgraphs take from the graph around them. */
export function captured(node: NodeProto): Set<string> {
  const names = new Set<string>();
  for (const graph of subgraphs(node)) {
    const own = definedNames(graph);
    for (const inner of graph.node ?? [])
      for (const name of taken(inner)) if (!own.has(name)) names.add(name);
    for (const { name } of graph.output ?? []) if (name && !own.has(name)) names.add(name);
  }
  return names;
}

function definedNames(graph: GraphProto): Set<string> {
  return new Set([
    ...(graph.input ?? []).map(({ name }) => name ?? ''),
    ...(graph.initializer ?? []).map(({ name }) => name ?? ''),
    ...(graph.node ?? []).flatMap(({ output }) => output ?? []),
  ]);
}

/** Kahn's algorithm, in the file's own order where that is one already. */
function sorted(graph: GraphProto): NodeProto[] {
  const nodes = graph.node ?? [];
  const known = new Set([...(graph.input ?? []), ...(graph.initializer ?? [])].map(({ name }) => name ?? ''));
  const makers = new Map<string, NodeProto>();
  for (const node of nodes) {
    for (const name of node.output ?? []) {
      if (name === '') continue;
      if (known.has(name) || makers.has(name)) throw broken(`makes the tensor ${name} twice`);
      makers.set(name, node);
    }
  }
  const waiting = new Map<NodeProto, number>();
  const followers = new Map<NodeProto, NodeProto[]>();
  for (const node of nodes) {
    const makersOfInputs = new Set<NodeProto>();
    for (const name of taken(node)) {
      const maker = makers.get(name);
      if (maker) makersOfInputs.add(maker);
      else if (!known.has(name))
        throw broken(`has a node ${label(node)} that takes ${name}, which nothing makes`);
    }
    waiting.set(node, makersOfInputs.size);
    for (const maker of makersOfInputs) {
      const list = followers.get(maker);
      if (list) list.push(node);
      else followers.set(maker, [node]);
    }
  }
  for (const { name } of graph.output ?? [])
    if (!known.has(name ?? '') && !makers.has(name ?? ''))
      throw broken(`has an output ${name}, which nothing makes`);
  return order(nodes, waiting, followers);
}

function order(
  nodes: readonly NodeProto[],
  waiting: Map<NodeProto, number>,
  followers: ReadonlyMap<NodeProto, readonly NodeProto[]>,
): NodeProto[] {
  const ready = nodes.filter((node) => waiting.get(node) === 0);
  const inOrder: NodeProto[] = [];
  for (let at = 0; at < ready.length; at++) {
    const node = ready[at] as NodeProto;
    inOrder.push(node);
    for (const follower of followers.get(node) ?? []) {
      const left = (waiting.get(follower) ?? 0) - 1;
      waiting.set(follower, left);
      if (left === 0) ready.push(follower);
    }
  }
  if (inOrder.length !== nodes.length) throw broken('runs in a circle');
  return isSorted(nodes, followers) ? [...nodes] : inOrder;
}

function isSorted(
  nodes: readonly NodeProto[],
  followers: ReadonlyMap<NodeProto, readonly NodeProto[]>,
): boolean {
  const place = new Map(nodes.map((node, i) => [node, i]));
  return nodes.every((node, i) =>
    (followers.get(node) ?? []).every((follower) => (place.get(follower) ?? -1) > i),
  );
}

/** A node for messages: its name, or its operator and first output. */
export function label(node: NodeProto): string {
  return node.name || `${node.opType ?? '?'} of ${node.output?.[0] ?? '?'}`;
}

function broken(what: string): SamwireError {
  return new SamwireError('model_failed', `Expected an ONNX network, got one that ${what}. Export it again.`);
}
