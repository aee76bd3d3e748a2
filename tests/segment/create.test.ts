import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { beside } from '../../src/segment/create.js';
import { createOnnxSegmenter } from '../../src/segment/onnx/backend.js';
import type { Segmenter } from '../../src/segment/segmenter.js';
import { addDetector, yoloImage } from '../graphs/kind-dir.js';
import { writeSemanticModel } from '../graphs/model-dir.js';
import { semanticModel } from '../graphs/semantics.js';
import { yoloGraph } from '../graphs/yolo.js';
import { directory, frameOf, prompt } from './kinds.js';
import { testPicture } from './picture.js';

const log = pino({ level: 'silent' });

/** Stands for engines: what matters is what is added to them. */
function engines(closed: string[]): Segmenter {
  return {
    model: 'm',
    backend: 'tensorrt',
    runsAtOnce: 2,
    segment: () => Promise.reject(new Error('not asked')),
    close: async () => void closed.push('engines'),
  };
}

describe('a detector beside engines', () => {
  it('gives its boxes on the CPU, loads nothing else, and ends with them', async () => {
    const dir = directory('beside');
    writeSemanticModel(dir, semanticModel('sam', { size: 128 }));
    addDetector(dir, yoloGraph({ size: 128, classes: 1, coefficients: 0 }), { image: yoloImage(128) });
    const closed: string[] = [];
    const alone = await createOnnxSegmenter({ dir, threads: 1, log, part: 'detector', warmUp: true });
    const both = await beside(engines(closed), async () => alone);
    const frame = frameOf(testPicture(200, 150));
    expect((await both.proposals?.(frame))?.length).toBeGreaterThan(3);
    expect(both).toMatchObject({ model: 'm', backend: 'tensorrt', runsAtOnce: 2 });
    await expect(alone.segment({ frame, prompts: [prompt({ box: [1, 1, 9, 9] })] })).rejects.toThrow(
      'Only the detector was loaded here.',
    );
    await both.close();
    expect(closed).toEqual(['engines']);
  });

  it('that can not be loaded closes them, too', async () => {
    const closed: string[] = [];
    const failing = beside(engines(closed), () => Promise.reject(new Error('no detector')));
    await expect(failing).rejects.toThrow('no detector');
    expect(closed).toEqual(['engines']);
  });
});
