import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { masksMessageSchema } from '../../src/outputs/masks-schema.js';
import { fusionGraph } from '../graphs/fusion.js';
import { addDetector, writeOneGraph, yoloImage } from '../graphs/kind-dir.js';
import { writeSemanticModel } from '../graphs/model-dir.js';
import { semanticModel } from '../graphs/semantics.js';
import { FASTSAM, yoloGraph } from '../graphs/yolo.js';
import { boxPrompt, fastSamObjects } from '../graphs/yolo-reference.js';
import { decodeRle } from '../segment/coco-rle.js';
import { maskIou } from '../segment/expected.js';
import { encode, testPicture } from '../segment/picture.js';
import { emptyDirectory, samwire } from './samwire.js';

/** Models that are no encoder and decoder, as their users call them. */
async function fastSam(): Promise<string> {
  const dir = join(await emptyDirectory(), 'fast');
  writeOneGraph(dir, yoloGraph(FASTSAM), {
    name: 'fastsam-shaped',
    family: 'fastsam',
    image: yoloImage(FASTSAM.size),
  });
  return dir;
}

describe('samwire with a model of another kind', () => {
  it('segments with FastSAM what its authors would, and refuses to build engines of it', async () => {
    const dir = await fastSam();
    const picture = testPicture(160, 120);
    const box = [30, 20, 110, 90] as const;
    const work = await emptyDirectory();
    await writeFile(join(work, 'image.png'), await encode(picture));
    await writeFile(join(work, 'p.json'), JSON.stringify({ id: 'it', box }));
    const args = ['segment', join(work, 'image.png'), '--prompts', join(work, 'p.json'), '--model', dir];
    const done = await samwire([...args, '--out', join(work, 'out')]);
    expect(done.stderr).toBe('');
    expect(done.code).toBe(0);
    const message = masksMessageSchema.parse(
      JSON.parse(await readFile(join(work, 'out/masks.json'), 'utf8')),
    );
    expect(message).toMatchObject({ model: 'fastsam-shaped', backend: 'onnx', masks: [{ id: 'it' }] });
    const wanted = boxPrompt(fastSamObjects(FASTSAM, picture), box, picture.width);
    const [mask] = message.masks;
    if (!mask || 'error' in mask || !mask.rle || !wanted) throw new Error('no mask');
    expect(maskIou(decodeRle(mask.rle), wanted.mask)).toBeGreaterThan(0.99);

    const refused = await samwire([...args, '--backend', 'tensorrt', '--out', join(work, 'none')]);
    expect(refused.code).toBe(78);
    expect(refused.stderr).toContain(
      'fastsam-shaped is of family "fastsam", which the TensorRT backend does not run: expected a model of an encoder ' +
        'and a decoder. The onnx backend runs it: set the backend to auto or onnx.',
    );
    const edges = [
      'everything',
      join(work, 'image.png'),
      '--model',
      dir,
      '--edges',
      '--out',
      join(work, 'none'),
    ];
    const none = await samwire(edges);
    expect(none.code).toBe(1);
    expect(none.stderr).toMatch(
      /^samwire: Model fastsam-shaped takes no points and gives no logits to find edges in/,
    );
    const built = await samwire(['models', 'build', `${dir}/`]);
    expect(built.code).toBe(78);
    expect(built.stderr).toContain('which the TensorRT backend does not run');
  });

  it('verifies FastSAM, early fusion and a detector, with a real run, and says what they are', async () => {
    const fast = await samwire(['models', 'verify', `${await fastSam()}/`]);
    expect(fast.stdout).toContain('images [1,3,128,128] → boxes of 1 classes with 32 mask coefficients');
    expect(fast.stdout).toContain('trial run on the onnx backend');
    expect(fast.code).toBe(0);

    const fusion = join(await emptyDirectory(), 'fusion');
    writeOneGraph(fusion, fusionGraph({ size: 128, inputs: 'two', batch: 'free', scores: true }), {
      name: 'fusion',
      family: 'early-fusion',
      image: { ...yoloImage(128), fit: 'stretch' },
      prompt: { channels: ['box', 'points'] },
      mask: { resize: 'direct', single: 'best-multi', multi: [1, 2, 3] },
    });
    const early = await samwire(['models', 'verify', `${fusion}/`]);
    expect(early.stdout).toContain(
      'image and prompt [128,128] → 4 candidates of 32×32; several prompts a run',
    );
    expect(early.code).toBe(0);

    const boxes = join(await emptyDirectory(), 'boxes');
    writeSemanticModel(boxes, semanticModel('sam', { size: 64 }));
    addDetector(boxes, yoloGraph({ size: 128, classes: 2, coefficients: 0 }), { image: yoloImage(128) });
    const beside = await samwire(['models', 'verify', `${boxes}/`]);
    expect(beside.stdout).toMatch(/detector: \d+ bytes, SHA-256 as named/);
    expect(beside.stdout).toContain('a detector of 2 classes');
    expect(beside.code).toBe(0);
  });

  it('finds everything with FastSAM by itself, and with a detector by its boxes', async () => {
    const work = await emptyDirectory();
    const picture = testPicture(160, 120);
    await writeFile(join(work, 'image.png'), await encode(picture));
    const everything = async (dir: string, ...args: string[]) => {
      const out = join(work, 'out');
      const done = await samwire([
        'everything',
        join(work, 'image.png'),
        '--model',
        dir,
        '--out',
        out,
        ...args,
      ]);
      expect(done.code).toBe(0);
      return masksMessageSchema.parse(JSON.parse(await readFile(join(out, 'masks.json'), 'utf8')));
    };
    const found = fastSamObjects(FASTSAM, picture).filter(({ area }) => area > 0);
    expect((await everything(await fastSam())).masks).toHaveLength(found.length);

    const boxes = join(await emptyDirectory(), 'boxes');
    writeSemanticModel(boxes, semanticModel('sam', { size: 64 }));
    addDetector(boxes, yoloGraph({ ...FASTSAM, coefficients: 0 }), {
      image: yoloImage(FASTSAM.size),
      maxBoxes: 5,
    });
    expect((await everything(boxes, '--strategy', 'boxes')).masks).toHaveLength(5);
  });
});
