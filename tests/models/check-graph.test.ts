import { describe, expect, it } from 'vitest';
import { checkGraph } from '../../src/models/check-graph.js';
import type { GraphIO, TensorInfo } from '../../src/models/contract.js';
import { isFeature } from '../../src/models/decoder-roles.js';
import { type Manifest, ManifestError } from '../../src/models/manifest.js';
import { GRAPH_NAMES, GRAPHS, manifest, replaced, tensor } from './graphs.js';

function faultsOf(model: Manifest, encoder: GraphIO, decoder: GraphIO): ManifestError {
  try {
    checkGraph(model, encoder, decoder);
  } catch (error) {
    if (error instanceof ManifestError) return error;
    throw error;
  }
  throw new Error('the model was accepted');
}

describe('the contract', () => {
  it('of NanoSAM is one prompt a run with a mask input', () => {
    const { encoder, decoder } = GRAPHS.nanosam;
    expect(checkGraph(manifest('nanosam'), encoder, decoder)).toEqual({
      encoder: {
        input: 'image',
        size: { width: 1024, height: 1024 },
        output: 'image_embeddings',
        embedding: [256, 64, 64],
        features: [],
      },
      decoder: {
        inputs: {
          embeddings: 'image_embeddings',
          coords: 'point_coords',
          labels: 'point_labels',
          maskInput: 'mask_input',
          hasMaskInput: 'has_mask_input',
        },
        outputs: { lowRes: 'low_res_masks', iou: 'iou_predictions' },
        grid: { width: 256, height: 256 },
        candidates: 4,
        batch: 1,
        maskBatch: 1,
        points: 'free',
        maxPoints: 10,
        coordsRank: 3,
        labelsType: 'float32',
      },
    });
  });

  it('of SAM takes the grid from the mask input where the exporter left symbols', () => {
    const { encoder, decoder } = GRAPHS.sam;
    const contract = checkGraph(manifest('sam'), encoder, decoder).decoder;
    expect(contract.outputs).toEqual({ lowRes: 'low_res_masks', iou: 'iou_predictions', full: 'masks' });
    expect(contract).toMatchObject({
      grid: { width: 256, height: 256 },
      candidates: 4,
      origSizeType: 'float32',
      inputs: { origSize: 'orig_im_size' },
    });
  });

  it('of EdgeSAM takes masks for the logits and the grid from the embedding', () => {
    const { encoder, decoder } = GRAPHS.edgesam;
    const contract = checkGraph(manifest('edgesam'), encoder, decoder).decoder;
    expect(contract.outputs).toEqual({ lowRes: 'masks', iou: 'scores' });
    expect(contract.grid).toEqual({ width: 256, height: 256 });
    expect(contract.inputs.maskInput).toBeUndefined();
  });

  it('of EfficientViT-SAM lets any number of prompts share a run', () => {
    const { encoder, decoder } = GRAPHS['efficientvit-sam'];
    const contract = checkGraph(manifest('efficientvit-sam'), encoder, decoder);
    expect(contract.encoder.size).toEqual({ width: 512, height: 512 });
    expect(contract.decoder).toMatchObject({ batch: 'free', points: 'free', candidates: 4 });
  });

  it('of EfficientSAM finds the auto-named logits and the queries as the batch', () => {
    const { encoder, decoder } = GRAPHS.efficientsam;
    const contract = checkGraph(manifest('efficientsam'), encoder, decoder);
    expect(contract.encoder.size).toBeNull();
    expect(contract.decoder).toMatchObject({
      coordsRank: 4,
      batch: 'free',
      candidates: 3,
      maxPoints: 6,
      origSizeType: 'int64',
      outputs: { lowRes: 'onnx::Shape_1785', iou: 'iou_predictions', full: 'output_masks' },
    });
  });

  it('of samwire-tiny has a mask of its own for each prompt of a run', () => {
    const { encoder, decoder } = GRAPHS['samwire-tiny'];
    const contract = checkGraph(manifest('samwire-tiny'), encoder, decoder).decoder;
    expect(contract).toMatchObject({ batch: 'free', maskBatch: 'free', grid: { width: 256, height: 256 } });
  });

  it('has one mask for all prompts of a run where only the points have a batch', () => {
    const { encoder, decoder } = GRAPHS['samwire-tiny'];
    const mask = replaced(decoder, 'mask_input', { shape: [1, 1, 256, 256] });
    expect(checkGraph(manifest('samwire-tiny'), encoder, mask).decoder).toMatchObject({
      batch: 'free',
      maskBatch: 1,
    });
  });

  it('is one prompt a run where an output is fixed at one', () => {
    const { encoder, decoder } = GRAPHS['samwire-tiny'];
    const fixed = replaced(decoder, 'low_res_masks', { shape: [1, 4, 256, 256] });
    expect(checkGraph(manifest('samwire-tiny'), encoder, fixed).decoder.batch).toBe(1);
  });

  it('takes no more points than a graph was exported for', () => {
    const { encoder, decoder } = GRAPHS.nanosam;
    const coords = replaced(decoder, 'point_coords', { shape: [1, 2, 2] });
    const both = replaced(coords, 'point_labels', { shape: [1, 2] });
    expect(checkGraph(manifest('nanosam'), encoder, both).decoder).toMatchObject({ points: 2, maxPoints: 2 });
  });

  it('reads undeclared output shapes as open', () => {
    const { encoder, decoder } = GRAPHS.edgesam;
    const bare = replaced(replaced(decoder, 'masks', { shape: null }), 'scores', { shape: [] });
    expect(checkGraph(manifest('edgesam'), encoder, bare).decoder).toMatchObject({
      candidates: 4,
      grid: { width: 256, height: 256 },
    });
  });
});

describe('a model that does not fit its manifest is refused', () => {
  it('with the tensor, what was expected and what was found', () => {
    const { encoder, decoder } = GRAPHS.nanosam;
    const lying = replaced(decoder, 'low_res_masks', { shape: [1, 3, 256, 256] });
    const error = faultsOf(manifest('nanosam'), encoder, lying);
    expect(error.message).toContain(
      'decoder.onnx: output iou_predictions: expected [B,3] float32, found [1,4] float32',
    );
  });

  it('when logits have the wrong rank', () => {
    const { encoder, decoder } = GRAPHS.nanosam;
    const lying = replaced(decoder, 'low_res_masks', { shape: [4, 256, 256] });
    expect(faultsOf(manifest('nanosam'), encoder, lying).message).toContain(
      'decoder.onnx: output low_res_masks: expected [B,4,H,W] float32, found [4,256,256] float32',
    );
  });

  it('when the encoder takes another size than image.size', () => {
    const { encoder, decoder } = GRAPHS.nanosam;
    const small = replaced(encoder, 'image', { shape: [1, 3, 512, 512] });
    expect(faultsOf(manifest('nanosam'), small, decoder).faults).toEqual([
      {
        path: 'encoder.onnx: input image',
        expected: '[1,3,1024,1024] float32',
        got: '[1,3,512,512] float32',
      },
    ]);
  });

  it.each(['uint8', 'float16'])('when a tensor is %s', (type) => {
    const { encoder, decoder } = GRAPHS.nanosam;
    const other = replaced(encoder, 'image', { type });
    expect(faultsOf(manifest('nanosam'), other, decoder).faults[0]?.got).toBe(`[1,3,1024,1024] ${type}`);
  });

  it('when encoder and decoder are swapped, and says how to mend it', () => {
    const { encoder, decoder } = GRAPHS.nanosam;
    expect(faultsOf(manifest('nanosam'), decoder, encoder).message).toBe(
      'Model nanosam: encoder.onnx is a decoder and decoder.onnx an encoder: swap encoder.file and decoder.file ' +
        '(with their sha256)',
    );
  });

  it('when both files are decoders', () => {
    const { decoder } = GRAPHS.nanosam;
    expect(faultsOf(manifest('nanosam'), decoder, decoder).message).toContain('and so is decoder.onnx');
  });

  it("when the embedding is not the encoder's", () => {
    const { encoder, decoder } = GRAPHS.nanosam;
    const other = replaced(decoder, 'image_embeddings', { shape: [1, 128, 64, 64] });
    expect(faultsOf(manifest('nanosam'), encoder, other).faults).toEqual([
      {
        path: 'decoder.onnx: input image_embeddings',
        expected: "the encoder's [1,256,64,64] float32",
        got: '[1,128,64,64] float32',
      },
    ]);
  });

  it('with every fault at once', () => {
    const { encoder, decoder } = GRAPHS.nanosam;
    const lying = replaced(replaced(decoder, 'point_labels', null), 'has_mask_input', { shape: [2] });
    const small = replaced(encoder, 'image', { shape: [1, 1, 1024, 1024] });
    expect(faultsOf(manifest('nanosam'), small, lying).faults.map(({ path }) => path)).toEqual([
      'encoder.onnx: input image',
      'decoder.onnx: input point_labels',
      'decoder.onnx: input has_mask_input',
    ]);
  });

  it('when the decoder wants something that nobody can feed it', () => {
    const { encoder, decoder } = GRAPHS.nanosam;
    const extra: TensorInfo = tensor('high_res_features', [1, 32, 256, 256]);
    const greedy = { ...decoder, inputs: [...decoder.inputs, extra] };
    expect(faultsOf(manifest('nanosam'), encoder, greedy).faults[0]).toMatchObject({
      path: 'decoder.onnx: input high_res_features',
      got: 'an unknown input',
    });
  });

  it('when mask.multi names a candidate that the decoder does not give', () => {
    const { encoder, decoder } = GRAPHS.nanosam;
    const one = replaced(replaced(decoder, 'low_res_masks', { shape: [1, 1, 256, 256] }), 'iou_predictions', {
      shape: [1, 1],
    });
    expect(faultsOf(manifest('nanosam'), encoder, one).faults).toEqual([
      {
        path: 'decoder.onnx: output low_res_masks',
        expected: "at least 4 candidates, because the manifest's mask block names candidate 3",
        got: '1',
      },
    ]);
  });

  it('when its decoder gives only full-size masks', () => {
    const { encoder, decoder } = GRAPHS.sam;
    const fullOnly = replaced(decoder, 'low_res_masks', null);
    expect(faultsOf(manifest('sam'), encoder, fullOnly).faults[0]?.path).toBe('decoder.onnx: outputs');
  });

  it('when a native image meets an encoder of a fixed size', () => {
    const { encoder, decoder } = GRAPHS.efficientsam;
    const fixed = replaced(encoder, 'batched_images', { shape: [1, 3, 1024, 1024] });
    expect(faultsOf(manifest('efficientsam'), fixed, decoder).faults[0]?.expected).toContain(
      'image.fit is native',
    );
  });

  it('when the mask input has another grid than the logits', () => {
    const { encoder, decoder } = GRAPHS.nanosam;
    const other = replaced(decoder, 'mask_input', { shape: [1, 1, 128, 128] });
    expect(faultsOf(manifest('nanosam'), encoder, other).faults[0]).toMatchObject({
      path: 'decoder.onnx: input mask_input',
      got: '128×128',
    });
  });

  it.each(GRAPH_NAMES)('whichever tensor of %s is missing from the decoder', (name) => {
    const { encoder, decoder } = GRAPHS[name];
    for (const { name: input } of decoder.inputs) {
      // A decoder may do without these.
      if (input === 'has_mask_input' || input === 'orig_im_size' || isFeature(input)) continue;
      if (input === 'mask_input' && !decoder.inputs.some((other) => other.name === 'has_mask_input'))
        continue;
      const error = () => checkGraph(manifest(name), encoder, replaced(decoder, input, null));
      expect(error, input).toThrow(ManifestError);
    }
  });
});
