import ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { withoutOutput } from '../../src/mend/cut-output.js';
import { FASTSAM, yoloGraph } from '../graphs/yolo.js';

describe('an output that engines are not asked for', () => {
  it('is cut with all that only it needs, and the others stay what they are', async () => {
    const whole = yoloGraph(FASTSAM);
    const cut = withoutOutput(whole, 'output1');
    expect(cut.length).toBeLessThan(whole.length);
    const [before, after] = [
      await ort.InferenceSession.create(whole),
      await ort.InferenceSession.create(cut),
    ];
    expect(after.outputNames).toEqual(['output0']);
    const images = new ort.Tensor('float32', new Float32Array(3 * 128 * 128).fill(0.3), [1, 3, 128, 128]);
    const answer = async (session: ort.InferenceSession) => (await session.run({ images })).output0?.data;
    expect(await answer(after)).toEqual(await answer(before));
    await before.release();
    await after.release();
  });

  it('that is not there, or the only one, changes nothing', () => {
    const one = yoloGraph({ size: 128, classes: 1, coefficients: 0 });
    expect(withoutOutput(one, 'proposals')).toBe(one);
    expect(withoutOutput(one, 'output0')).toBe(one);
  });
});
