import { HAS_MASK_INPUTS } from '../models/decoder-roles.js';
import { intAttribute } from '../onnx/attributes.js';
import { type EditableGraph, label } from '../onnx/graph.js';
import type { NodeProto } from '../onnx/schema.js';
import { axisOf, product, ShapeMismatch } from './fact.js';
import { type Facts, inferFacts, inferNode, startingFacts } from './infer.js';
import {
  freeInput,
  inputSizes,
  isFixed,
  PromptCount,
  type PromptInput,
  promptSymbol,
  Unmendable,
} from './prompt-axes.js';
import { ELEMENTWISE, reshaped } from './shape-rules.js';

/** Sizes that no network has on an axis by chance, so that what follows the prompts shows. */
export const MANY = { prompts: 13, points: 6 };
export const ONE = { prompts: 1, points: 6 };

/** Operators that mix what lies along an axis, with where they name it and which it is else. */
const MIXING: Readonly<Record<string, number>> = { Softmax: -1, LogSoftmax: -1, LayerNormalization: -1 };

/**
 * Lets any number of prompts share a run, in a decoder that was exported for one: their axis becomes free, constants that
 * were baked in for one prompt follow it, and what the prompts share is broadcast. The graph is worked through with one and
 * with many prompts side by side; each tensor must either stay as it is or grow along one axis.
 * @returns what was changed.
 * @throws Unmendable where a node takes the prompts together or a shape can't be followed; the graph is half changed then.
 */
export function freePrompts(graph: EditableGraph, prompts: readonly PromptInput[]): string[] {
  const fixed = prompts.filter((prompt) => isFixed(graph, prompt));
  const flag = reshapeFlag(graph, prompts);
  if (fixed.length === 0) return flag;
  const was = inferred(graph, prompts);
  const walk = new Walk(graph, prompts, was);
  walk.run();
  const symbol = promptSymbol(graph, prompts);
  for (const prompt of fixed) freeInput(graph, prompt, symbol);
  return [
    `Any number of prompts shares a run: ${fixed.map(({ name }) => name).join(', ')} had room for one.`,
    ...flag,
    ...walk.changes(),
  ];
}

function inferred(graph: EditableGraph, prompts: readonly PromptInput[]): Facts {
  let facts: Facts;
  try {
    facts = inferFacts(graph, inputSizes(graph, prompts, ONE));
  } catch (thrown) {
    if (thrown instanceof ShapeMismatch)
      throw new Unmendable(`it does not run with one prompt (${thrown.message})`);
    throw thrown;
  }
  if (graph.outputs.every(({ name }) => facts.get(name ?? '')?.dims)) return facts;
  const known = (name: string): boolean => name === '' || facts.get(name)?.dims != null;
  const first = graph.nodes.find(
    (node) => (node.input ?? []).every(known) && !(node.output ?? []).slice(0, 1).every(known),
  );
  throw new Unmendable(
    first
      ? `the shape of ${label(first)} (${first.domain ? `${first.domain}:` : ''}${first.opType}) can't be told`
      : 'its inputs leave more open than prompts and points',
  );
}

/**
 * SAM's exporter multiplies has_mask_input [1] with pictures [1,C,H,W]: with a row for each prompt it would meet the
 * pictures' columns. It becomes [B,1,1,1] first.
 */
function reshapeFlag(graph: EditableGraph, prompts: readonly PromptInput[]): string[] {
  const flag = prompts.find(({ name }) => HAS_MASK_INPUTS.includes(name))?.name;
  if (flag === undefined) return [];
  const facts = inferFacts(graph, inputSizes(graph, prompts, ONE));
  if (facts.get(flag)?.dims?.length !== 1) return [];
  const rank = partnersRank(graph, facts, flag);
  if (rank < 2) return [];
  const shape = new PromptCount(graph, prompts).ints([-1, ...Array.from({ length: rank - 1 }, () => 1)], []);
  const column = graph.fresh(`${flag}/column`);
  const takers = graph.consumers(flag).filter(({ opType }) => ELEMENTWISE.has(opType ?? ''));
  graph.rewire(flag, column, takers);
  graph.insertBefore(undefined, [
    { opType: 'Reshape', name: column, input: [flag, shape], output: [column] },
  ]);
  return [`${flag} counts for each prompt by itself.`];
}

/** The rank of what a tensor of one element meets, elementwise; 0 where it meets nothing. */
function partnersRank(graph: EditableGraph, facts: Facts, start: string): number {
  const seen = new Set([start]);
  let rank = 0;
  for (const name of seen) {
    for (const node of graph.consumers(name)) {
      if (!ELEMENTWISE.has(node.opType ?? '')) continue;
      const others = (node.input ?? []).filter((input) => !seen.has(input));
      const met = Math.max(0, ...others.map((input) => facts.get(input)?.dims?.length ?? 0));
      if (met > 1) rank = Math.max(rank, met);
      else for (const output of node.output ?? []) seen.add(output);
    }
  }
  return rank;
}

class Walk {
  readonly #graph: EditableGraph;
  readonly #was: Facts;
  readonly #now: Facts;
  readonly #count: PromptCount;
  readonly #vectors = new Map<string, string>();
  #reshapes = 0;
  #expanded = 0;

  constructor(graph: EditableGraph, prompts: readonly PromptInput[], was: Facts) {
    this.#graph = graph;
    this.#was = was;
    this.#count = new PromptCount(graph, prompts);
    this.#now = startingFacts(graph, inputSizes(graph, prompts, MANY));
  }

  run(): void {
    for (const node of [...this.#graph.nodes]) this.#step(node);
    for (const { name = '' } of this.#graph.outputs) {
      const rank = this.#now.get(name)?.dims?.length ?? 0;
      // Scores are […, prompts, candidates], logits […, prompts, candidates, height, width].
      if (this.#growth(name) !== rank - (rank < 4 ? 2 : 4))
        throw new Unmendable(`its output ${name} does not have a row for each prompt`);
    }
  }

  changes(): string[] {
    const changes: string[] = [];
    if (this.#reshapes > 0)
      changes.push(
        `${this.#reshapes} Reshape${plural(this.#reshapes)} for one prompt became for any number.`,
      );
    if (this.#expanded > 0)
      changes.push(
        `${this.#expanded} tensor${plural(this.#expanded)} that prompts share became one for each.`,
      );
    return changes;
  }

  #step(node: NodeProto): void {
    try {
      if (node.opType === 'Reshape') this.#mendReshape(node);
      if (node.opType === 'Concat') this.#mendConcat(node);
      inferNode(this.#graph, node, this.#now);
    } catch (thrown) {
      if (!(thrown instanceof ShapeMismatch)) throw thrown;
      throw new Unmendable(`with more prompts than one, ${thrown.message}`);
    }
    this.#requireRows(node);
  }

  /** The axis along which a tensor grows with the prompts; undefined where it does not, or is not known. */
  #growth(name: string): number | undefined {
    const [was, now] = [this.#was.get(name)?.dims, this.#now.get(name)?.dims];
    if (!was || !now) return undefined;
    const axes = now.flatMap((length, i) => (length === was[i] ? [] : [i]));
    const [axis] = axes;
    if (axis === undefined && was.length === now.length) return undefined;
    if (
      axes.length !== 1 ||
      was.length !== now.length ||
      now[axis ?? 0] !== (was[axis ?? 0] ?? 0) * MANY.prompts
    )
      throw new Unmendable(
        `${name} is [${was.join(',')}] for one prompt and [${now.join(',')}] for ${MANY.prompts}`,
      );
    return axis;
  }

  /** A node that takes a row for each prompt gives one for each, and does not mix them. */
  #requireRows(node: NodeProto): void {
    const op = node.opType ?? '';
    if (op === 'Shape' || op === 'Size' || op === 'Constant') return;
    const axes = (node.input ?? []).map((name) => this.#growth(name));
    if (axes.every((axis) => axis === undefined)) {
      for (const name of node.output ?? []) this.#growth(name);
      return;
    }
    const outputs = (node.output ?? []).filter(
      (name) => this.#now.get(name)?.dims && this.#was.get(name)?.dims,
    );
    if (outputs.length > 0 && outputs.every((name) => this.#growth(name) === undefined))
      throw new Unmendable(`${label(node)} (${op}) takes the prompts together`);
    const mixing = MIXING[op];
    const dims = this.#now.get(node.input?.[0] ?? '')?.dims;
    if (mixing === undefined || !dims || axes[0] === undefined) return;
    const axis = axisOf(intAttribute(node, 'axis', mixing), dims.length);
    if (op === 'LayerNormalization' ? axis <= axes[0] : axis === axes[0])
      throw new Unmendable(`${label(node)} (${op}) takes the prompts together`);
  }

  #mendReshape(node: NodeProto): void {
    const [data = '', shape = ''] = node.input ?? [];
    const [x, xOne] = [this.#now.get(data)?.dims, this.#was.get(data)?.dims];
    const [target, targetOne] = [this.#now.get(shape)?.values, this.#was.get(shape)?.values];
    const outOne = this.#was.get(node.output?.[0] ?? '')?.dims;
    const axis = this.#growth(data);
    if (axis === undefined || !x || !xOne || !target || !targetOne || !outOne) return;
    const allowZero = intAttribute(node, 'allowzero', 0) === 1;
    const leads = (dims: readonly number[], i: number): boolean => product(dims.slice(0, i)) === 1;
    const literal = (i: number): boolean => target[i] === targetOne[i] && leads(outOne, i);
    const grown = resolved(x, target, allowZero)?.findIndex((length, i) => length !== outOne[i]);
    const one = target.findIndex((length, i) => length === 1 && literal(i));
    if (grown !== undefined) {
      // [1,-1,8,32] takes any number of prompts too, but as more tokens of one.
      const swallowed = one >= 0 && outOne[grown] !== 1 && leads(xOne, axis);
      if (!swallowed) return;
    }
    const at = one >= 0 ? one : target.findIndex((length, i) => length > 0 && literal(i) && outOne[i] !== 1);
    if (at < 0 || !resolved(x, target.with(at, (target[at] ?? 0) * MANY.prompts), allowZero)) return;
    const copied = !allowZero && xOne[at] === 1 && axis === at && target[at] === 1;
    const free = copied ? 0 : target.includes(-1) ? undefined : -1;
    if (free === undefined && target[at] !== 1) return;
    node.input = [data, this.#target(node, shape, target, at, free)];
    this.#graph.touch();
    this.#reshapes++;
  }

  /** A Reshape's target with another length at one place: 0 or -1, or the number of prompts. */
  #target(
    node: NodeProto,
    shape: string,
    target: readonly number[],
    at: number,
    free: number | undefined,
  ): string {
    if (free !== undefined && this.#graph.constant(shape)) return this.#ints(target.with(at, free));
    const part = (from: number, to: number): string[] => {
      if (from === to) return [];
      if (this.#graph.constant(shape)) return [this.#ints(target.slice(from, to))];
      const name = this.#graph.fresh(`${shape}/${from}_${to}`);
      const input = [shape, this.#ints([from]), this.#ints([to])];
      this.#insert(node, { opType: 'Slice', name, input, output: [name] });
      return [name];
    };
    const middle = free === undefined ? this.#count.vector(this.#now) : this.#ints([free]);
    const name = this.#graph.fresh(`${shape}/prompts`);
    const input = [...part(0, at), middle, ...part(at + 1, target.length)];
    this.#insert(node, { opType: 'Concat', name, input, output: [name], attribute: [axisAttribute(0)] });
    return name;
  }

  /** Tokens that prompts share, joined with their own. */
  #mendConcat(node: NodeProto): void {
    const inputs = node.input ?? [];
    const grown = inputs.map((name) => this.#growth(name)).find((axis) => axis !== undefined);
    const rank = this.#now.get(inputs[0] ?? '')?.dims?.length ?? 0;
    if (grown === undefined || grown === axisOf(intAttribute(node, 'axis', 0), rank)) return;
    node.input = inputs.map((name) => {
      if (this.#now.get(name)?.dims?.[grown] !== 1) return name;
      const expanded = this.#graph.fresh(`${name}/prompts`);
      const input = [name, this.#vector(node, rank, grown)];
      this.#insert(node, { opType: 'Expand', name: expanded, input, output: [expanded] });
      this.#expanded++;
      return expanded;
    });
    this.#graph.touch();
  }

  /** [1, …, prompts, …, 1]. */
  #vector(node: NodeProto, rank: number, axis: number): string {
    const key = `${rank}/${axis}`;
    const known = this.#vectors.get(key);
    if (known) return known;
    const ones = (count: number): string[] =>
      count > 0 ? [this.#ints(Array.from({ length: count }, () => 1))] : [];
    const name = this.#graph.fresh('prompts/each');
    const input = [...ones(axis), this.#count.vector(this.#now), ...ones(rank - axis - 1)];
    this.#insert(node, { opType: 'Concat', name, input, output: [name], attribute: [axisAttribute(0)] });
    this.#vectors.set(key, name);
    return name;
  }

  #ints(values: readonly number[]): string {
    return this.#count.ints(values, [this.#now]);
  }

  #insert(before: NodeProto, node: NodeProto): void {
    this.#graph.insertBefore(before, [node]);
    inferNode(this.#graph, node, this.#now);
  }
}

function resolved(x: readonly number[], target: readonly number[], allowZero: boolean): number[] | undefined {
  try {
    return reshaped(x, target, allowZero);
  } catch {
    return undefined;
  }
}

function axisAttribute(axis: number): { name: string; type: number; i: number } {
  return { name: 'axis', type: 2, i: axis };
}

function plural(count: number): string {
  return count === 1 ? '' : 's';
}
