import type { Dimension, GraphIO, TensorInfo } from '../../src/models/contract.js';
import { type Manifest, parseTwoGraphManifest } from '../../src/models/manifest.js';
import { manifestOf, recipeNamed } from '../../src/models/recipes.js';

export function tensor(name: string, shape: readonly Dimension[] | null, type = 'float32'): TensorInfo {
  return { name, type, shape };
}

const SAM2_DECODER_INPUTS = [
  tensor('image_embed', [1, 256, 64, 64]),
  tensor('high_res_feats_0', [1, 32, 256, 256]),
  tensor('high_res_feats_1', [1, 64, 128, 128]),
  tensor('point_coords', ['num_labels', 'num_points', 2]),
  tensor('point_labels', ['num_labels', 'num_points']),
  tensor('mask_input', ['num_labels', 1, 256, 256]),
  tensor('has_mask_input', ['num_labels']),
] as const;

/** The graphs that each family's exporter writes, as onnxruntime declares them. */
export const GRAPHS = {
  nanosam: {
    encoder: {
      inputs: [tensor('image', [1, 3, 1024, 1024])],
      outputs: [tensor('image_embeddings', [1, 256, 64, 64])],
    },
    decoder: {
      inputs: [
        tensor('image_embeddings', [1, 256, 64, 64]),
        tensor('point_coords', [1, 'num_points', 2]),
        tensor('point_labels', [1, 'num_points']),
        tensor('mask_input', [1, 1, 256, 256]),
        tensor('has_mask_input', [1]),
      ],
      outputs: [tensor('iou_predictions', [1, 4]), tensor('low_res_masks', [1, 4, 256, 256])],
    },
  },
  'nanosam-512': {
    encoder: {
      inputs: [tensor('image', [1, 3, 512, 512])],
      outputs: [tensor('image_embeddings', [1, 256, 64, 64])],
    },
    decoder: {
      inputs: [
        tensor('image_embeddings', [1, 256, 64, 64]),
        tensor('point_coords', [1, 'num_points', 2]),
        tensor('point_labels', [1, 'num_points']),
        tensor('mask_input', [1, 1, 256, 256]),
        tensor('has_mask_input', [1]),
      ],
      outputs: [tensor('iou_predictions', [1, 4]), tensor('low_res_masks', [1, 4, 256, 256])],
    },
  },
  sam: {
    encoder: {
      inputs: [tensor('image', [1, 3, 1024, 1024])],
      outputs: [tensor('image_embeddings', [1, 256, 64, 64])],
    },
    decoder: {
      inputs: [
        tensor('image_embeddings', [1, 256, 64, 64]),
        tensor('point_coords', [1, 'num_points', 2]),
        tensor('point_labels', [1, 'num_points']),
        tensor('mask_input', [1, 1, 256, 256]),
        tensor('has_mask_input', [1]),
        tensor('orig_im_size', [2]),
      ],
      outputs: [
        tensor('masks', ['Resizemasks_dim_0', 'Resizemasks_dim_1', 'h', 'w']),
        tensor('iou_predictions', ['Gemmiou_dim_0', 4]),
        tensor('low_res_masks', ['Reshape_dim_0', 'Reshape_dim_1', 'Reshape_dim_2', 'Reshape_dim_3']),
      ],
    },
  },
  edgesam: {
    encoder: {
      inputs: [tensor('image', [1, 3, 1024, 1024])],
      outputs: [tensor('image_embeddings', [1, 256, 64, 64])],
    },
    decoder: {
      inputs: [
        tensor('image_embeddings', [1, 256, 64, 64]),
        tensor('point_coords', [1, 'num_points', 2]),
        tensor('point_labels', [1, 'num_points']),
      ],
      outputs: [tensor('scores', [1, 4]), tensor('masks', ['a', 'b', 'c', 'd'])],
    },
  },
  'efficientvit-sam': {
    encoder: {
      inputs: [tensor('input_image', ['batch_size', 3, 512, 512])],
      outputs: [tensor('image_embeddings', ['batch_size', 256, 64, 64])],
    },
    decoder: {
      inputs: [
        tensor('image_embeddings', [1, 256, 64, 64]),
        tensor('point_coords', ['batch_size', 'num_points', 2]),
        tensor('point_labels', ['batch_size', 'num_points']),
      ],
      outputs: [tensor('masks', ['batch_size', 4, 256, 256]), tensor('iou_predictions', ['batch_size', 4])],
    },
  },
  efficientsam: {
    encoder: {
      inputs: [tensor('batched_images', ['batch', 3, 'height', 'width'])],
      outputs: [tensor('image_embeddings', ['batch', 256, 64, 64])],
    },
    decoder: {
      inputs: [
        tensor('image_embeddings', ['batch', 256, 64, 64]),
        tensor('batched_point_coords', ['batch', 'num_queries', 'num_points', 2]),
        tensor('batched_point_labels', ['batch', 'num_queries', 'num_points']),
        tensor('orig_im_size', [2], 'int64'),
      ],
      outputs: [
        tensor('output_masks', ['a', 'b', 'c', 'd', 'e']),
        tensor('iou_predictions', ['a', 'b', 3]),
        tensor('onnx::Shape_1785', ['a', 'b', 3, 256, 256]),
      ],
    },
  },
  sam2: {
    encoder: {
      inputs: [tensor('image', [1, 3, 1024, 1024])],
      outputs: [
        tensor('high_res_feats_0', [1, 32, 256, 256]),
        tensor('high_res_feats_1', [1, 64, 128, 128]),
        tensor('image_embed', [1, 256, 64, 64]),
      ],
    },
    decoder: {
      inputs: SAM2_DECODER_INPUTS,
      outputs: [tensor('masks', ['num_labels', 4, 256, 256]), tensor('iou_predictions', ['num_labels', 4])],
    },
  },
  'sam2-samexporter': {
    encoder: {
      inputs: [tensor('image', [1, 3, 1024, 1024])],
      outputs: [
        tensor('high_res_feats_0', [1, 32, 256, 256]),
        tensor('high_res_feats_1', [1, 64, 128, 128]),
        tensor('image_embed', [1, 256, 64, 64]),
      ],
    },
    decoder: {
      inputs: SAM2_DECODER_INPUTS,
      outputs: [tensor('masks', ['a', 3, 256, 256]), tensor('iou_predictions', ['a', 3])],
    },
  },
  'samwire-tiny': {
    encoder: {
      inputs: [tensor('image', [1, 3, 512, 512])],
      outputs: [tensor('image_embeddings', [1, 128, 64, 64])],
    },
    decoder: {
      inputs: [
        tensor('image_embeddings', [1, 128, 64, 64]),
        tensor('point_coords', ['B', 'N', 2]),
        tensor('point_labels', ['B', 'N']),
        tensor('mask_input', ['B', 1, 256, 256]),
        tensor('has_mask_input', ['B']),
      ],
      outputs: [tensor('iou_predictions', ['B', 4]), tensor('low_res_masks', ['B', 4, 256, 256])],
    },
  },
} as const satisfies Record<string, { encoder: GraphIO; decoder: GraphIO }>;

export type GraphName = keyof typeof GRAPHS;
export const GRAPH_NAMES = Object.keys(GRAPHS) as GraphName[];

export function manifest(recipe: GraphName): Manifest {
  const side = (GRAPHS[recipe].encoder as GraphIO).inputs[0]?.shape?.[3];
  const size = typeof side === 'number' ? side : 1024;
  const file = { sha256: '0'.repeat(64), precision: 'mixed' } as const;
  return parseTwoGraphManifest(
    manifestOf({
      recipe: recipeNamed(recipe),
      name: recipe,
      size: [size, size],
      encoder: { file: 'encoder.onnx', ...file },
      decoder: { file: 'decoder.onnx', ...file },
    }),
    recipe,
  );
}

/** A graph with one of its tensors replaced (or, with null, taken away). */
export function replaced(graph: GraphIO, name: string, by: Partial<TensorInfo> | null): GraphIO {
  const change = (tensors: readonly TensorInfo[]): TensorInfo[] =>
    tensors.flatMap((entry) => (entry.name !== name ? [entry] : by === null ? [] : [{ ...entry, ...by }]));
  return { inputs: change(graph.inputs), outputs: change(graph.outputs) };
}
