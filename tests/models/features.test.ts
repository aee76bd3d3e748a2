import { describe, expect, it } from 'vitest';
import { checkGraph } from '../../src/models/check-graph.js';
import type { GraphIO } from '../../src/models/contract.js';
import { type Manifest, ManifestError, parseTwoGraphManifest } from '../../src/models/manifest.js';
import { manifest, replaced, tensor } from './graphs.js';

/** As the public exporters of SAM 2 declare it. */
const ENCODER: GraphIO = {
  inputs: [tensor('image', [1, 3, 1024, 1024])],
  outputs: [
    tensor('high_res_feats_0', [1, 32, 256, 256]),
    tensor('high_res_feats_1', [1, 64, 128, 128]),
    tensor('image_embed', [1, 256, 64, 64]),
  ],
};
const DECODER: GraphIO = {
  inputs: [
    tensor('image_embed', [1, 256, 64, 64]),
    tensor('high_res_feats_0', [1, 32, 256, 256]),
    tensor('high_res_feats_1', [1, 64, 128, 128]),
    tensor('point_coords', ['num_labels', 'num_points', 2]),
    tensor('point_labels', ['num_labels', 'num_points']),
    tensor('mask_input', ['num_labels', 1, 256, 256]),
    tensor('has_mask_input', ['num_labels']),
  ],
  outputs: [tensor('masks', ['a', 4, 256, 256]), tensor('iou_predictions', ['b', 4])],
};

function sam2(mask: Partial<Manifest['mask']> = {}): Manifest {
  const sam = manifest('sam');
  return parseTwoGraphManifest(
    {
      ...sam,
      family: 'sam2',
      image: { ...sam.image, fit: 'stretch' },
      prompt: { ...sam.prompt, frame: 'stretch-1024', order: 'corners-first', paddingPoint: 'always' },
      mask: {
        ...sam.mask,
        resize: 'direct',
        single: 'stable',
        stability: { delta: 0.05, threshold: 0.98 },
        refineClamp: 32,
        ...mask,
      },
    },
    'sam2',
  );
}

function faults(encoder: GraphIO, decoder: GraphIO): ManifestError['faults'] {
  try {
    checkGraph(sam2(), encoder, decoder);
  } catch (error) {
    if (error instanceof ManifestError) return error.faults;
    throw error;
  }
  throw new Error('the model was accepted');
}

describe('feature maps', () => {
  it('go from the encoder’s output to the decoder’s input of the same name, beside the embedding', () => {
    const { encoder, decoder } = checkGraph(sam2(), ENCODER, DECODER);
    expect(encoder).toEqual({
      input: 'image',
      size: { width: 1024, height: 1024 },
      output: 'image_embed',
      embedding: [256, 64, 64],
      features: [
        { name: 'high_res_feats_0', shape: [32, 256, 256] },
        { name: 'high_res_feats_1', shape: [64, 128, 128] },
      ],
    });
    expect(decoder).toMatchObject({
      inputs: { embeddings: 'image_embed', maskInput: 'mask_input' },
      outputs: { lowRes: 'masks', iou: 'iou_predictions' },
      grid: { width: 256, height: 256 },
      candidates: 4,
      batch: 'free',
    });
  });

  it('are found by name, in whatever order the encoder gives them', () => {
    const turned = { ...ENCODER, outputs: [...ENCODER.outputs].reverse() };
    expect(checkGraph(sam2(), turned, DECODER)).toEqual(checkGraph(sam2(), ENCODER, DECODER));
  });

  it('that no decoder takes are left alone, and so is a score that says whether there is an object', () => {
    const plain = DECODER.inputs.filter(({ name }) => !name.startsWith('high_res'));
    const outputs = [...DECODER.outputs, tensor('object_score_logits', ['b', 1])];
    const contract = checkGraph(sam2(), ENCODER, { inputs: plain, outputs });
    expect(contract.encoder.features).toEqual([]);
    expect(contract.decoder.outputs).toEqual({ lowRes: 'masks', iou: 'iou_predictions' });
  });

  it.each([
    ['encoder', ['e', 'c', 256, 256], [1, 32, 256, 256]],
    ['decoder', [1, 32, 256, 256], [1, 32, 'h', 'w']],
    ['two', [1, 32, 'h', 256], [1, 'c', 256, 'w']],
  ])('have the lengths of the other file where one leaves them open: %s', (_, given, taken) => {
    const encoder = replaced(ENCODER, 'high_res_feats_0', { shape: given });
    const decoder = replaced(DECODER, 'high_res_feats_0', { shape: taken });
    expect(checkGraph(sam2(), encoder, decoder).encoder.features[0]).toEqual({
      name: 'high_res_feats_0',
      shape: [32, 256, 256],
    });
  });

  it('that are swapped, of another type, missing or of no known length are told, all at once', () => {
    const swapped = replaced(DECODER, 'high_res_feats_0', { shape: [1, 64, 128, 128] });
    expect(faults(ENCODER, swapped)).toEqual([
      {
        path: 'decoder.onnx: input high_res_feats_0',
        expected: "the encoder's [1,32,256,256] float32",
        got: '[1,64,128,128] float32',
      },
    ]);
    const half = replaced(ENCODER, 'high_res_feats_0', { type: 'float16' });
    const without = replaced(half, 'high_res_feats_1', null);
    expect(faults(without, DECODER)).toEqual([
      {
        path: 'encoder.onnx: output high_res_feats_0',
        expected: '[1,C,H,W] float32',
        got: '[1,32,256,256] float16',
      },
      {
        path: 'decoder.onnx: input high_res_feats_1',
        expected: 'an input that Samwire feeds, or an output of the encoder (high_res_feats_0, image_embed)',
        got: 'an unknown input',
      },
    ]);
    const open = { shape: [1, 32, 'h', 'w'] };
    const [fault] = faults(
      replaced(ENCODER, 'high_res_feats_0', open),
      replaced(DECODER, 'high_res_feats_0', open),
    );
    expect(fault?.expected).toBe('a fixed [1,C,H,W] here or at the encoder');
  });

  it('are no embedding: an encoder of several outputs must name it', () => {
    const renamed = replaced(ENCODER, 'image_embed', { name: 'fpn_2' });
    expect(faults(renamed, DECODER)[0]).toMatchObject({
      path: 'encoder.onnx: outputs',
      expected: 'image_embeddings or image_embed, or one output only',
    });
  });
});

describe('other exporters’ names', () => {
  it('of onnxruntime’s exporter of SAM 2 are known', () => {
    const encoder: GraphIO = {
      inputs: ENCODER.inputs,
      outputs: [
        tensor('image_features_0', [1, 32, 256, 256]),
        tensor('image_features_1', [1, 64, 128, 128]),
        tensor('image_embeddings', [1, 256, 64, 64]),
      ],
    };
    const decoder: GraphIO = {
      inputs: [
        ...encoder.outputs,
        tensor('point_coords', ['num_labels', 'num_points', 2]),
        tensor('point_labels', ['num_labels', 'num_points'], 'int32'),
        tensor('input_masks', ['num_labels', 1, 256, 256]),
        tensor('has_input_masks', ['num_labels']),
        tensor('original_image_size', [2], 'int32'),
      ],
      outputs: [
        tensor('masks', ['num_labels', 1, 'height', 'width'], 'bool'),
        tensor('iou_predictions', ['num_labels', 1]),
        tensor('low_res_masks', ['num_labels', 1, 256, 256]),
      ],
    };
    expect(checkGraph(sam2({ single: 0, multi: [0] }), encoder, decoder)).toMatchObject({
      encoder: {
        output: 'image_embeddings',
        features: [{ name: 'image_features_0' }, { name: 'image_features_1' }],
      },
      decoder: {
        inputs: {
          maskInput: 'input_masks',
          hasMaskInput: 'has_input_masks',
          origSize: 'original_image_size',
        },
        outputs: { lowRes: 'low_res_masks', full: 'masks' },
        batch: 'free',
        maskBatch: 'free',
        labelsType: 'int32',
        origSizeType: 'int32',
      },
    });
  });

  it('of transformers’ SAM are known, whose encoder gives the positional encoding as well', () => {
    const encoder: GraphIO = {
      inputs: [tensor('pixel_values', ['batch_size', 3, 1024, 1024])],
      outputs: [
        tensor('image_embeddings', ['batch_size', 256, 64, 64]),
        tensor('image_positional_embeddings', ['batch_size', 256, 64, 64]),
      ],
    };
    const decoder: GraphIO = {
      inputs: [
        tensor('input_points', ['batch_size', 'point_batch_size', 'nb_points_per_image', 2]),
        tensor('input_labels', ['batch_size', 'point_batch_size', 'nb_points_per_image'], 'int64'),
        ...encoder.outputs,
      ],
      outputs: [
        tensor('iou_scores', ['batch_size', 'point_batch_size', 3]),
        tensor('pred_masks', ['batch_size', 'point_batch_size', 3, 256, 256]),
      ],
    };
    const sam = manifest('sam');
    const three = { ...sam, mask: { ...sam.mask, single: 'best-score' as const, multi: [0, 1, 2] } };
    expect(checkGraph(three, encoder, decoder)).toMatchObject({
      encoder: { features: [{ name: 'image_positional_embeddings', shape: [256, 64, 64] }] },
      decoder: {
        outputs: { lowRes: 'pred_masks', iou: 'iou_scores' },
        coordsRank: 4,
        candidates: 3,
        batch: 'free',
        labelsType: 'int64',
      },
    });
  });
});

describe('a decoder that gives one mask, or three', () => {
  it('with feature maps may be of family sam, as RWKV-SAM’s', () => {
    const sam = manifest('sam');
    const one = { ...sam, mask: { ...sam.mask, single: 0, multi: [0] } };
    const maps = [tensor('hr_feat', [1, 64, 256, 256]), tensor('mr_feat', [1, 128, 128, 128])];
    const encoder: GraphIO = {
      inputs: ENCODER.inputs,
      outputs: [tensor('image_embeddings', [1, 256, 64, 64]), ...maps],
    };
    const decoder: GraphIO = {
      inputs: [
        tensor('image_embeddings', [1, 256, 64, 64]),
        tensor('point_coords', [1, 'num_points', 2]),
        tensor('point_labels', [1, 'num_points']),
        ...maps,
      ],
      outputs: [tensor('masks', [1, 1, 256, 256]), tensor('iou_predictions', [1, 1])],
    };
    expect(checkGraph(one, encoder, decoder)).toMatchObject({
      encoder: { features: [{ name: 'hr_feat' }, { name: 'mr_feat' }] },
      decoder: { candidates: 1 },
    });
  });

  it('is served by a manifest that says so', () => {
    const giving = (count: number): GraphIO => ({
      ...DECODER,
      outputs: [tensor('masks', ['a', count, 256, 256]), tensor('iou_predictions', ['b', count])],
    });
    expect(checkGraph(sam2({ single: 0, multi: [0] }), ENCODER, giving(1)).decoder.candidates).toBe(1);
    expect(
      checkGraph(sam2({ single: 'best-score', multi: [0, 1, 2] }), ENCODER, giving(3)).decoder.candidates,
    ).toBe(3);
    expect(() => checkGraph(sam2(), ENCODER, giving(3))).toThrow(/at least 4 candidates/);
  });
});
