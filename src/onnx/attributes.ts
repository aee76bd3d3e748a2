import { toNumber } from './model.js';
import type { AttributeProto, GraphProto, NodeProto, TensorProto } from './schema.js';

/** The attributes of nodes, by name. */

function find(node: NodeProto, name: string): AttributeProto | undefined {
  return node.attribute?.find((attribute) => attribute.name === name);
}

export function intAttribute(node: NodeProto, name: string): number | undefined;
export function intAttribute(node: NodeProto, name: string, absent: number): number;
export function intAttribute(node: NodeProto, name: string, absent?: number): number | undefined {
  const attribute = find(node, name);
  return attribute === undefined ? absent : toNumber(attribute.i ?? 0);
}

export function intsAttribute(node: NodeProto, name: string): number[] | undefined {
  return find(node, name)?.ints?.map(toNumber);
}

export function floatAttribute(node: NodeProto, name: string): number | undefined {
  return find(node, name)?.f;
}

export function textAttribute(node: NodeProto, name: string): string | undefined {
  const bytes = find(node, name)?.s;
  return bytes && Buffer.from(bytes).toString();
}

export function tensorAttribute(node: NodeProto, name: string): TensorProto | undefined {
  return find(node, name)?.t ?? undefined;
}

export function intAttributeProto(name: string, value: number): AttributeProto {
  return { name, type: 2, i: value };
}

export function setIntAttribute(node: NodeProto, name: string, value: number): void {
  const attribute = find(node, name);
  if (attribute) attribute.i = value;
  else node.attribute = [...(node.attribute ?? []), intAttributeProto(name, value)];
}

/** What If, Loop and Scan hold. */
export function subgraphs(node: NodeProto): GraphProto[] {
  return (node.attribute ?? []).flatMap(({ g, graphs }) => [...(g ? [g] : []), ...(graphs ?? [])]);
}

/**
 * The tensor that a Constant node stands for; undefined for another node and for text and sparse constants.
 * `value_int` and its kin are given as the tensor that they mean.
 */
export function constantTensor(node: NodeProto): TensorProto | undefined {
  if (node.opType !== 'Constant' || node.domain) return undefined;
  const value = tensorAttribute(node, 'value');
  if (value) return value;
  const float = find(node, 'value_float');
  if (float) return floatTensor([float.f ?? 0], []);
  const floats = find(node, 'value_floats');
  if (floats) return floatTensor(floats.floats ?? [], [floats.floats?.length ?? 0]);
  const int = find(node, 'value_int');
  if (int) return intTensor([toNumber(int.i ?? 0)], []);
  const ints = find(node, 'value_ints');
  return ints && intTensor((ints.ints ?? []).map(toNumber), [ints.ints?.length ?? 0]);
}

function floatTensor(values: readonly number[], dims: number[]): TensorProto {
  return { dataType: 1, dims, rawData: new Uint8Array(Float32Array.from(values).buffer) };
}

function intTensor(values: readonly number[], dims: number[]): TensorProto {
  return { dataType: 7, dims, rawData: new Uint8Array(BigInt64Array.from(values, BigInt).buffer) };
}
