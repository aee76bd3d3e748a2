import { describe, expect, it } from 'vitest';
import { SamwireError } from '../../src/errors.js';
import { EditableGraph } from '../../src/onnx/graph.js';
import { readModel, writeModel } from '../../src/onnx/model.js';
import type { ModelProto, NodeProto, TensorProto } from '../../src/onnx/schema.js';
import { float32Values, intVector, tensorValues } from '../../src/onnx/tensor.js';
import { GraphBuilder } from '../graphs/builder.js';

const value = (name: string) => ({ name, type: { tensorType: { elemType: 1 } } });
const node = (opType: string, input: string[], output: string): NodeProto => ({
  opType,
  name: output,
  input,
  output: [output],
});

function model(nodes: NodeProto[], more: ModelProto['graph'] = {}): ModelProto {
  return {
    irVersion: 8,
    opsetImport: [{ domain: '', version: 17 }],
    graph: { node: nodes, input: [value('x')], output: [value('y')], ...more },
  };
}

describe('EditableGraph', () => {
  it('puts nodes that stand in any order into one in which each follows what it takes', () => {
    const graph = new EditableGraph(
      model([node('Abs', ['b'], 'y'), node('Neg', ['a'], 'b'), node('Relu', ['x'], 'a')]),
    );
    expect(graph.nodes.map(({ output }) => output?.[0])).toEqual(['a', 'b', 'y']);
    const sorted = [node('Relu', ['x'], 'a'), node('Neg', ['x'], 'b'), node('Add', ['b', 'a'], 'y')];
    expect(new EditableGraph(model(sorted)).nodes).toEqual(sorted);
  });

  it('says who makes and who takes a tensor, also after changes', () => {
    const graph = new EditableGraph(model([node('Relu', ['x'], 'a'), node('Add', ['a', 'a'], 'y')]));
    expect(graph.producer('a')?.opType).toBe('Relu');
    expect(graph.consumers('a').map(({ opType }) => opType)).toEqual(['Add']);
    graph.insertBefore(graph.producer('y'), [node('Neg', ['a'], 'n')]);
    graph.rewire('a', 'n', [graph.producer('y') as NodeProto]);
    expect(graph.consumers('a').map(({ opType }) => opType)).toEqual(['Neg']);
    expect(graph.nodes.map(({ opType }) => opType)).toEqual(['Relu', 'Neg', 'Add']);
  });

  it('gives names that nothing has', () => {
    const graph = new EditableGraph(model([node('Relu', ['x'], 'y')]));
    expect(['x', 'x', 'free', 'free'].map((name) => graph.fresh(name))).toEqual([
      'x_1',
      'x_2',
      'free',
      'free_1',
    ]);
  });

  it('takes out what no output needs, and keeps what a branch takes from outside', () => {
    const branch = { name: 'b', node: [node('Neg', ['kept'], 'out')], output: [value('out')] };
    const choice: NodeProto = {
      ...node('If', ['c'], 'y'),
      attribute: [
        { name: 'then_branch', type: 5, g: branch },
        { name: 'else_branch', type: 5, g: branch },
      ],
    };
    const graph = new EditableGraph(
      model([node('Relu', ['x'], 'kept'), node('Abs', ['x'], 'dead'), choice], {
        input: [value('x'), value('c'), value('unused')],
        initializer: [intVector('weight', [1])],
      }),
    );
    expect(graph.consumers('kept').map(({ opType }) => opType)).toEqual(['If']);
    expect(graph.removeDead(['unused', 'c'])).toEqual(['unused']);
    expect(graph.nodes.map(({ opType }) => opType)).toEqual(['Relu', 'If']);
    expect(graph.initializers).toEqual([]);
    expect(graph.inputs.map(({ name }) => name)).toEqual(['x', 'c']);
  });

  it('refuses a circle, a tensor made twice and one that nothing makes', () => {
    const circle = [node('Add', ['x', 'b'], 'a'), node('Neg', ['a'], 'b'), node('Abs', ['a'], 'y')];
    expect(() => new EditableGraph(model(circle))).toThrow(/circle/);
    expect(() => new EditableGraph(model([node('Neg', ['x'], 'y'), node('Abs', ['x'], 'y')]))).toThrow(
      /y twice/,
    );
    expect(() => new EditableGraph(model([node('Neg', ['nobody'], 'y')]))).toThrow(SamwireError);
    expect(() => new EditableGraph(model([node('Neg', ['x'], 'z')]))).toThrow(/output y/);
  });
});

describe('tensorValues', () => {
  it('reads what a builder and what a file writes', () => {
    const g = new GraphBuilder({ name: 'values' });
    const sum = g.node('Add', [g.input('x', [3]), g.floats([1, -2.5, 3], [3])]);
    g.output(g.node('Reshape', [sum, g.ints([-1, 2 ** 40])]), 'y', ['a', 'b']);
    const [floats, ints] = readModel(g.toBytes()).graph?.initializer ?? [];
    expect(tensorValues(floats as TensorProto, 16)).toEqual([1, -2.5, 3]);
    expect(tensorValues(ints as TensorProto, 16)).toEqual([-1, 2 ** 40]);
    expect(tensorValues(ints as TensorProto, 1)).toBeUndefined();
  });

  it('reads packed fields, which small exporters write instead of raw bytes', () => {
    const floats = Float32Array.of(0.5, -8);
    const tensor = (fields: TensorProto): TensorProto => {
      const written = writeModel(
        model([node('Relu', ['x'], 'y')], { initializer: [{ name: 't', ...fields }] }),
      );
      return readModel(written).graph?.initializer?.[0] ?? {};
    };
    const packed = tensor({ dataType: 1, dims: [2], floatData: [new Uint8Array(floats.buffer)] });
    expect(tensorValues(packed, 4)).toEqual([0.5, -8]);
    expect([...(float32Values(packed) ?? [])]).toEqual([0.5, -8]);
    // 300 and -1 as varints.
    const minusOne = [...Array.from({ length: 9 }, () => 255), 1];
    const ints = tensor({ dataType: 7, dims: [2], int64Data: [Uint8Array.of(0xac, 2, ...minusOne)] });
    expect(tensorValues(ints, 4)).toEqual([300, -1]);
    expect(tensorValues({ ...ints, int64Data: [Uint8Array.of(0xac)] }, 4)).toBeUndefined();
    expect(tensorValues({ ...ints, dims: [3] }, 4)).toBeUndefined();
  });
});
