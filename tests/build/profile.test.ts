import { describe, expect, it } from 'vitest';
import { bucketOf, profileOf } from '../../src/build/profile.js';
import type { GraphIO, ModelContract } from '../../src/models/contract.js';
import { RECORD } from './records.js';

const { contract } = RECORD;

function graph(inputs: Record<string, (number | string)[]>): GraphIO {
  return {
    inputs: Object.entries(inputs).map(([name, shape]) => ({ name, type: 'float32', shape })),
    outputs: [],
  };
}

const DECODER = {
  image_embeddings: [1, 128, 64, 64],
  point_coords: ['B', 'N', 2],
  point_labels: ['B', 'N'],
};

function decoder(change: Partial<ModelContract['decoder']>): ModelContract {
  return { ...contract, decoder: { ...contract.decoder, ...change } };
}

describe('the profile of a decoder', () => {
  it('covers one prompt of one point to a full run of the most points, free inputs only', () => {
    expect(profileOf('decoder', graph(DECODER), contract, 64)).toEqual([
      { input: 'point_coords', min: [1, 1, 2], opt: [8, 2, 2], max: [64, 10, 2] },
      { input: 'point_labels', min: [1, 1], opt: [8, 2], max: [64, 10] },
    ]);
  });

  it('has the mask input and its flag, a row a prompt', () => {
    const inputs = { ...contract.decoder.inputs, maskInput: 'mask_input', hasMaskInput: 'has_mask_input' };
    const free = graph({ ...DECODER, mask_input: ['B', 1, 256, 256], has_mask_input: ['B'] });
    const [, , mask, has] = profileOf('decoder', free, decoder({ inputs }), 4);
    expect(mask).toEqual({
      input: 'mask_input',
      min: [1, 1, 256, 256],
      opt: [4, 1, 256, 256],
      max: [4, 1, 256, 256],
    });
    expect(has).toEqual({ input: 'has_mask_input', min: [1], opt: [4], max: [4] });
  });

  it('has features where the file leaves their shape open', () => {
    const features = [{ name: 'high_res_feats_0', shape: [32, 256, 256] as const }];
    const model = { ...contract, encoder: { ...contract.encoder, features } };
    const free = graph({ ...DECODER, high_res_feats_0: ['batch', 32, 256, 256] });
    const shape = [1, 32, 256, 256];
    expect(profileOf('decoder', free, model, 64)).toContainEqual({
      input: 'high_res_feats_0',
      min: shape,
      opt: shape,
      max: shape,
    });
    expect(profileOf('decoder', graph({ ...DECODER, high_res_feats_0: shape }), model, 64)).toHaveLength(2);
  });

  it('has a leading 1 for coordinates of rank 4', () => {
    const free = graph({ ...DECODER, point_coords: [1, 'B', 'N', 2], point_labels: [1, 'B', 'N'] });
    const [coords, labels] = profileOf('decoder', free, decoder({ coordsRank: 4 }), 16);
    expect(coords?.max).toEqual([1, 16, 10, 2]);
    expect(labels?.min).toEqual([1, 1, 1]);
  });

  it('holds one prompt where prompts can not share a run, and N where it is fixed', () => {
    const free = graph({ ...DECODER, point_coords: [1, 5, 2], point_labels: ['B', 5] });
    expect(profileOf('decoder', free, decoder({ batch: 1, points: 5, maxPoints: 5 }), 64)).toEqual([
      { input: 'point_labels', min: [1, 5], opt: [1, 5], max: [1, 5] },
    ]);
  });
});

describe('the profile of an encoder', () => {
  it('is none where its input is fixed, one size where only the file leaves it open', () => {
    expect(profileOf('encoder', graph({ image: [1, 3, 512, 512] }), contract, 64)).toEqual([]);
    const [range] = profileOf('encoder', graph({ image: [1, 3, 'H', 'W'] }), contract, 64);
    expect(range).toEqual({
      input: 'image',
      min: [1, 3, 512, 512],
      opt: [1, 3, 512, 512],
      max: [1, 3, 512, 512],
    });
  });

  it('covers pictures of any usual size where the network resizes by itself', () => {
    const native = { ...contract, encoder: { ...contract.encoder, size: null } };
    const [range] = profileOf('encoder', graph({ image: [1, 3, 'H', 'W'] }), native, 64);
    expect(range?.max).toEqual([1, 3, 2160, 3840]);
  });
});

describe('the prompts of a run', () => {
  it.each([
    [1, 1],
    [3, 4],
    [33, 64],
    [64, 64],
    [1024, 64],
  ])('%i are rounded up to the bucket of %i', (prompts, bucket) => {
    expect(bucketOf(prompts)).toBe(bucket);
  });
});
