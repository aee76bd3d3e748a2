import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hidesLogits } from '../../src/models/hidden-logits.js';
import { readGraph } from '../../src/models/read-graph.js';
import { readModel, writeModel } from '../../src/onnx/model.js';
import { semanticDecoder } from '../graphs/semantic.js';
import { type Family, semanticModel } from '../graphs/semantics.js';
import { emptyDirectory } from './directories.js';

/** A decoder's file without one of its outputs. */
async function without(family: Family, output: string): Promise<string> {
  const model = readModel(semanticDecoder(semanticModel(family, { size: 64, batch: 1 })));
  const { graph } = model;
  if (graph) graph.output = (graph.output ?? []).filter(({ name }) => name !== output);
  const path = join(await emptyDirectory(), 'decoder.onnx');
  await writeFile(path, writeModel(model));
  return path;
}

describe('logits that are no output', () => {
  it('are among what a command finds that the decoder gives, through SAM’s two resizings and its crop', async () => {
    const { outputs } = await readGraph(await without('sam', 'low_res_masks'));
    expect(outputs.map(({ name }) => name)).toEqual(['masks', 'iou_predictions', 'low_res_masks']);
  });

  it('are not looked for where the masks are logits, nor in what is no decoder', async () => {
    const tensor = (name: string) => ({ name, type: 'float32', shape: null });
    const inputs = [tensor('image_embeddings'), tensor('point_coords')];
    const outputs = [tensor('masks'), tensor('iou_predictions')];
    expect(hidesLogits({ inputs, outputs })).toBe(false);
    expect(hidesLogits({ inputs: [...inputs, tensor('orig_im_size')], outputs })).toBe(true);
    expect(hidesLogits({ inputs: [tensor('image')], outputs })).toBe(false);
    expect(hidesLogits({ inputs: [...inputs, tensor('orig_im_size')], outputs: [tensor('masks')] })).toBe(
      false,
    );
  });

  it('stay unfound where nothing is resized', async () => {
    const { outputs } = await readGraph(await without('edgesam', 'masks'));
    expect(outputs.map(({ name }) => name)).toEqual(['scores']);
  });
});
