import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../src/native/addon.js';

const addon = loadAddon();
const { compiled } = addon.tensorrtStatus();

describe.skipIf(compiled !== null)('an addon that was compiled without TensorRT', () => {
  it('says that the headers were missing', () => {
    expect(addon.tensorrtStatus()).toEqual({
      compiled: null,
      library: null,
      device: null,
      problem: { piece: 'headers', text: expect.stringContaining('compiled without TensorRT') },
    });
  });

  it('builds and opens no engine', async () => {
    const refusal = { code: 'model_failed', message: expect.stringContaining('compiled without TensorRT') };
    expect(() => addon.buildEngine({} as never, 1)).toThrow(expect.objectContaining(refusal));
    await expect(addon.openTensorrt({} as never, {} as never)).rejects.toMatchObject(refusal);
  });
});
