import { COORDS, HAS_MASK_INPUTS, LABELS, MASK_INPUTS } from '../models/decoder-roles.js';
import type { EditableGraph } from '../onnx/graph.js';
import { toNumber } from '../onnx/model.js';
import type { NodeProto, TensorShapeProto, ValueInfoProto } from '../onnx/schema.js';
import { intVector } from '../onnx/tensor.js';
import { type Facts, inferNode } from './infer.js';

/** Why a graph can't be mended, for people; it is used as it is then. */
export class Unmendable extends Error {}

/** An input that has an element, or a row, for each prompt. */
export interface PromptInput {
  readonly name: string;
  /** Of the prompts; the points' is the next one in coordinates and labels. */
  readonly axis: number;
  readonly points: boolean;
}

/** A size at which a graph is worked through. */
export interface Size {
  readonly prompts: number;
  readonly points: number;
}

/** The inputs that prompts go into; none for a graph that is no decoder. */
export function promptInputs(graph: EditableGraph): PromptInput[] {
  const found = graph.inputs.flatMap((input): PromptInput[] => {
    const name = input.name ?? '';
    const axis = promptAxis(name, shapeOf(input)?.dim?.length ?? 0);
    return axis === undefined ? [] : [{ name, axis, points: isPoints(name) }];
  });
  const decoder = found.some(({ name }) => COORDS.includes(name));
  return decoder && found.every(({ axis }) => axis >= 0) ? found : [];
}

/** The prompts' axis of an input by its name and rank; undefined for what all prompts share. */
export function promptAxis(name: string, rank: number): number | undefined {
  if (COORDS.includes(name)) return rank - 3;
  if (LABELS.includes(name)) return rank - 2;
  return MASK_INPUTS.includes(name) || HAS_MASK_INPUTS.includes(name) ? 0 : undefined;
}

/** Coordinates and labels, whose next axis is the points'. */
export function isPoints(name: string): boolean {
  return COORDS.includes(name) || LABELS.includes(name);
}

/**
 * The inputs' shapes at a size. What the file leaves open elsewhere is 1 on the first axis (the picture's) and else
 * unknown.
 */
export function inputSizes(
  graph: EditableGraph,
  prompts: readonly PromptInput[],
  size: Size,
): Map<string, number[]> {
  const sizes = new Map<string, number[]>();
  for (const input of graph.inputs) {
    const dims = (shapeOf(input)?.dim ?? []).map((dim) => (dim.dimParam ? 0 : toNumber(dim.dimValue ?? 0)));
    const role = prompts.find(({ name }) => name === input.name);
    if (role) {
      dims[role.axis] = size.prompts;
      if (role.axis > 0 && !dims[0]) dims[0] = 1;
      if (role.points && !dims[role.axis + 1]) dims[role.axis + 1] = size.points;
    } else if (dims[0] === 0) dims[0] = 1;
    if (dims.length > 0 && dims.every((length) => length > 0)) sizes.set(input.name ?? '', dims);
  }
  return sizes;
}

/** Whether the file fixes an input's number of prompts. */
export function isFixed(graph: EditableGraph, { name, axis }: PromptInput): boolean {
  const dim = shapeOf(graph.inputs.find((input) => input.name === name))?.dim?.[axis];
  return !dim?.dimParam && toNumber(dim?.dimValue ?? 0) > 0;
}

/** The symbol of the prompts' axis: the coordinates' own, or one that the file does not use. */
export function promptSymbol(graph: EditableGraph, prompts: readonly PromptInput[]): string {
  const symbols = [...graph.inputs, ...graph.outputs].flatMap((value) =>
    (shapeOf(value)?.dim ?? []).map(({ dimParam }) => dimParam ?? ''),
  );
  const coords = prompts.find(({ name }) => COORDS.includes(name));
  const own = shapeOf(graph.inputs.find(({ name }) => name === coords?.name))?.dim?.[coords?.axis ?? 0]
    ?.dimParam;
  if (own) return own;
  let symbol = 'num_prompts';
  while (symbols.includes(symbol)) symbol += '_';
  return symbol;
}

export function freeInput(graph: EditableGraph, { name, axis }: PromptInput, symbol: string): void {
  const dims = shapeOf(graph.inputs.find((input) => input.name === name))?.dim;
  if (dims) dims[axis] = { dimParam: symbol };
}

/** Writes into the outputs' declarations what two sizes showed: fixed lengths, and which axis is the prompts'. */
export function declareOutputs(
  graph: EditableGraph,
  symbol: string,
  sizes: readonly [
    { readonly size: Size; readonly facts: Facts },
    { readonly size: Size; readonly facts: Facts },
  ],
): void {
  const [a, b] = sizes;
  for (const output of graph.outputs) {
    const name = output.name ?? '';
    const [first, second] = [a.facts.get(name)?.dims, b.facts.get(name)?.dims];
    if (!first || !second || first.length !== second.length || !output.type?.tensorType) continue;
    const dim = first.map((length, axis) => {
      if (length === second[axis]) return { dimValue: length };
      const prompts = length === a.size.prompts && second[axis] === b.size.prompts;
      return { dimParam: prompts ? symbol : `${name}_${axis}` };
    });
    output.type.tensorType.shape = { dim };
  }
}

function shapeOf(value: ValueInfoProto | undefined): TensorShapeProto | undefined {
  return value?.type?.tensorType?.shape ?? undefined;
}

/** The number of prompts as a vector of one element, read from the coordinates' shape; made when first asked for. */
export class PromptCount {
  readonly #graph: EditableGraph;
  readonly #coords: PromptInput;
  #name: string | undefined;

  constructor(graph: EditableGraph, prompts: readonly PromptInput[]) {
    const coords = prompts.find(({ name }) => COORDS.includes(name));
    if (!coords) throw new Unmendable('it takes no points');
    this.#graph = graph;
    this.#coords = coords;
  }

  /** Its name; what is known of it is added to each of the `facts`. */
  vector(...facts: readonly Facts[]): string {
    if (this.#name) return this.#name;
    const graph = this.#graph;
    const { name, axis } = this.#coords;
    const shape = graph.fresh('prompts/shape');
    const count = graph.fresh('prompts/count');
    const nodes: NodeProto[] = [
      { opType: 'Shape', name: shape, input: [name], output: [shape] },
      {
        opType: 'Slice',
        name: count,
        input: [shape, this.ints([axis], facts), this.ints([axis + 1], facts)],
        output: [count],
      },
    ];
    graph.insertBefore(undefined, nodes);
    for (const known of facts) for (const node of nodes) inferNode(graph, node, known);
    this.#name = count;
    return count;
  }

  /** A constant vector of int64. */
  ints(values: readonly number[], facts: readonly Facts[]): string {
    const name = this.#graph.fresh(`prompts/${values.join('_') || 'none'}`);
    this.#graph.addInitializer(intVector(name, values));
    for (const known of facts) known.set(name, { type: 7, dims: [values.length], values });
    return name;
  }
}
