import { createHash, randomBytes } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { describeError, exitCodeOf } from '../../src/cli/exit.js';
import { verifyModel } from '../../src/cli/models.js';
import { addModel } from '../../src/models/add.js';
import { resolveModel } from '../../src/models/catalogue.js';
import { readModelDirectory } from '../../src/models/directory.js';
import { createSegmenter } from '../../src/segment/create.js';
import { writeSemanticModel } from '../graphs/model-dir.js';
import { semanticDecoder } from '../graphs/semantic.js';
import { semanticModel } from '../graphs/semantics.js';
import { freePort } from '../integration/broker.js';
import { LFS_POINTER } from '../models/directories.js';
import { detector, externalWeights, foreignOperator, unknownOperator } from '../models/odd-graphs.js';
import { encode, testPicture } from '../segment/picture.js';
import { emptyDirectory, samwire } from './samwire.js';

type Manifest = Record<string, unknown> & Record<'encoder' | 'decoder', Record<string, unknown>>;

interface Files {
  /** Null takes the file away. */
  encoder: Buffer | null;
  decoder: Buffer | null;
  manifest: Manifest;
}

interface Faulty {
  readonly name: string;
  /** Changes bytes or manifest; the hashes are made to fit afterwards, unless `keepHashes`. */
  readonly change: (files: Files) => void;
  readonly keepHashes?: boolean;
  /** What segment, run and verify say. */
  readonly says: RegExp;
  /** What `models add` says, where it looks at the same files and finds something wrong. */
  readonly addSays?: RegExp;
  /** Whether the commands themselves are run on it as well, which takes seconds. */
  readonly byCommand?: boolean;
}

const half = (bytes: Buffer | null): Buffer | null => bytes?.subarray(0, bytes.length / 2) ?? null;
const HTML = Buffer.from(`<!DOCTYPE html><html><body>404 ${'x'.repeat(200)}</body></html>`);

const FAULTY: readonly Faulty[] = [
  {
    name: 'an encoder that is cut off',
    change: (files) => {
      files.encoder = half(files.encoder);
    },
    says: /encoder\.onnx can't be loaded as an ONNX network: it is cut off, or no ONNX file/,
    addSays: /encoder\.onnx can't be loaded/,
  },
  {
    name: 'a decoder of random bytes',
    change: (files) => {
      files.decoder = randomBytes(4096);
    },
    says: /decoder\.onnx/,
    addSays: /decoder\.onnx can't be loaded/,
  },
  {
    name: 'an empty decoder',
    change: (files) => {
      files.decoder = Buffer.alloc(0);
    },
    says: /decoder\.onnx has 0 bytes/,
    addSays: /decoder\.onnx has 0 bytes/,
  },
  {
    name: 'no decoder',
    byCommand: true,
    change: (files) => {
      files.decoder = null;
    },
    says: /decoder\.onnx is not there/,
    addSays: /an encoder .* and a decoder .* Found 1:.*encoder\.onnx: looks like an encoder/s,
  },
  {
    name: 'a Git LFS pointer',
    change: (files) => {
      files.encoder = Buffer.from(LFS_POINTER);
    },
    says: /encoder\.onnx is a Git LFS pointer, .*"git lfs pull"/,
    addSays: /Git LFS pointer/,
  },
  {
    name: 'a page instead of the file',
    change: (files) => {
      files.encoder = HTML;
    },
    says: /encoder\.onnx is an HTML or XML page, not an ONNX file: the download failed/,
    addSays: /the download failed/,
  },
  {
    name: 'a file of another SHA-256',
    byCommand: true,
    change: (files) => {
      files.encoder = Buffer.concat([files.encoder ?? HTML, Buffer.alloc(1)]);
    },
    keepHashes: true,
    says: /encoder\.onnx is not the file that the manifest names: expected SHA-256/,
  },
  {
    name: 'encoder and decoder in each other’s place',
    byCommand: true,
    change: (files) => {
      [files.encoder, files.decoder] = [files.decoder, files.encoder];
    },
    says: /encoder\.onnx is a decoder and decoder\.onnx an encoder: swap encoder\.file and decoder\.file/,
  },
  {
    name: 'two decoders',
    change: (files) => {
      files.encoder = files.decoder;
    },
    says: /encoder\.onnx is a decoder \(it takes .*point_coords.*\), and so is decoder\.onnx/,
    addSays: /Found 2:.*decoder\.onnx: looks like a decoder.*encoder\.onnx: looks like a decoder/s,
  },
  {
    name: 'two encoders',
    change: (files) => {
      files.decoder = files.encoder;
    },
    says: /decoder\.onnx is no decoder \(it takes image, and no points\): decoder\.file must name one/,
    addSays: /Found 2:.*decoder\.onnx: looks like an encoder.*encoder\.onnx: looks like an encoder/s,
  },
  {
    name: 'a detector in the place of the encoder',
    change: (files) => {
      files.encoder = Buffer.from(detector());
    },
    says: /encoder\.onnx looks like a YOLO detector, no encoder \(it gives output0 \[1,6,64\] float32\)/,
    addSays: /encoder\.onnx: looks like a YOLO detector/,
  },
  {
    name: 'a decoder of another size of embedding',
    change: (files) => {
      files.decoder = Buffer.from(semanticDecoder(semanticModel('sam', { size: 128 })));
    },
    says: /input image_embeddings: expected the encoder's \[1,48,16,16\] float32, found \[1,48,8,8\] float32/,
    addSays: /expected the encoder's \[1,48,16,16\]/,
  },
  {
    name: 'an operator that onnxruntime does not know',
    byCommand: true,
    change: (files) => {
      files.encoder = Buffer.from(unknownOperator());
    },
    says: /encoder\.onnx can't be loaded.*FancyAttention.*Expected operators that onnxruntime knows/,
    addSays: /FancyAttention/,
  },
  {
    name: 'an operator of another runtime',
    change: (files) => {
      files.encoder = Buffer.from(foreignOperator());
    },
    says: /it has the operators com\.example:FancyAttention.*Expected operators of ONNX itself/,
    addSays: /com\.example:FancyAttention/,
  },
  {
    name: 'weights in a second file that is not there',
    change: (files) => {
      files.encoder = Buffer.from(externalWeights('encoder_data.bin').bytes);
    },
    says: /keeps its weights in encoder_data\.bin, which is not there\. Expected encoder_data\.bin beside it/,
    addSays: /encoder_data\.bin, which is not there/,
  },
  {
    name: 'a manifest that lies about the input’s size',
    byCommand: true,
    change: ({ manifest }) => {
      manifest.image = { ...(manifest.image as object), size: [512, 512] };
    },
    says: /input image: expected \[1,3,512,512\] float32, found \[1,3,256,256\] float32/,
  },
  {
    name: 'a manifest that names a candidate that is not there',
    change: ({ manifest }) => {
      manifest.mask = { ...(manifest.mask as object), multi: [1, 2, 9] };
    },
    says: /low_res_masks: expected at least 10 candidates.*candidate 9, found 4/,
  },
  {
    name: 'a manifest with a mistyped key',
    change: ({ manifest }) => {
      manifest.mask = { ...(manifest.mask as object), treshold: 0 };
    },
    says: /treshold.*threshold/s,
  },
  {
    name: 'a manifest of an unknown family',
    byCommand: true,
    change: ({ manifest }) => {
      manifest.family = 'sam9';
    },
    says: /family: expected "sam".*got "sam9"/,
  },
  {
    name: 'a manifest of a family that is refused',
    change: ({ manifest }) => {
      manifest.family = 'rap-sam';
    },
    says: /family "rap-sam" is not served.*which is no encoder and decoder for prompts/,
  },
];

async function faultyModel({ change, keepHashes = false }: Faulty): Promise<string> {
  const dir = join(await emptyDirectory(), 'faulty');
  writeSemanticModel(dir, semanticModel('sam'), {}, 'faulty');
  const path = (name: string): string => join(dir, name);
  const files: Files = {
    encoder: await readFile(path('encoder.onnx')),
    decoder: await readFile(path('decoder.onnx')),
    manifest: JSON.parse(await readFile(path('manifest.json'), 'utf8')) as Manifest,
  };
  change(files);
  for (const role of ['encoder', 'decoder'] as const) {
    const bytes = files[role];
    if (bytes === null) await rm(path(`${role}.onnx`));
    else await writeFile(path(`${role}.onnx`), bytes);
    if (bytes && !keepHashes) files.manifest[role].sha256 = createHash('sha256').update(bytes).digest('hex');
  }
  await writeFile(path('manifest.json'), JSON.stringify(files.manifest));
  return dir;
}

async function caught(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('a model that is wrong ends segment and run with 78, and what is wrong is named:', () => {
  it.each(FAULTY.filter(({ byCommand }) => byCommand))('$name', async (faulty) => {
    const dir = await faultyModel(faulty);
    const work = await emptyDirectory();
    await writeFile(join(work, 'image.png'), await encode(testPicture(64, 48)));
    await writeFile(join(work, 'p.json'), '{"box":[1,2,20,20]}');
    const paths = [join(work, 'image.png'), '--prompts', join(work, 'p.json'), '--out', join(work, 'out')];
    const url = `mqtt://127.0.0.1:${await freePort()}`;
    const config = { version: 1, mqtt: { url }, model: { name: 'faulty', paths: [dir] } };
    await writeFile(join(work, 'samwire.yaml'), JSON.stringify(config));
    const [segmented, ran] = await Promise.all([
      samwire(['segment', ...paths, '--model', dir]),
      samwire(['run', '--config', join(work, 'samwire.yaml'), '--log-level', 'silent']),
    ]);
    expect(segmented.stderr).toMatch(faulty.says);
    expect(segmented.stderr).not.toMatch(/\n\s+at /);
    expect(segmented.code).toBe(78);
    // Each thing is said once.
    const sentences = segmented.stderr.split(/[\n.] /).filter((sentence) => sentence.length > 60);
    expect(new Set(sentences).size).toBe(sentences.length);
    expect(ran.stderr).toMatch(faulty.says);
    expect(ran.code).toBe(78);
  });
});

describe('what opens a model for segment and run, and what models verify looks at, says of', () => {
  it.each(FAULTY)('$name', async (faulty) => {
    const dir = await faultyModel(faulty);
    const opened = await caught(
      resolveModel(dir).then((model) =>
        createSegmenter({ model, threads: 1, log: pino({ level: 'silent' }) }),
      ),
    );
    expect(describeError(opened)).toMatch(faulty.says);
    expect(describeError(opened)).not.toContain('onnxruntime_src');
    expect(exitCodeOf(opened)).toBe(78);
    const problems = await readModelDirectory(dir).then(
      async (model) => (await verifyModel(model, undefined)).problems.join('\n'),
      (error: Error) => error.message,
    );
    expect(problems).toMatch(faulty.says);
  });
});

describe('models add refuses, and writes nothing for', () => {
  it.each(FAULTY.filter(({ addSays }) => addSays))('$name', async (faulty) => {
    const dir = await faultyModel(faulty);
    await rm(join(dir, 'manifest.json'));
    const error = await caught(addModel({ dir }));
    expect(String(error)).toMatch(faulty.addSays ?? /./);
    expect([69, 78]).toContain(exitCodeOf(error));
    await expect(readFile(join(dir, 'manifest.json'))).rejects.toThrow('ENOENT');
  });

  it('a file instead of a directory, and a directory that is not there', async () => {
    const file = join(await emptyDirectory(), 'encoder.onnx');
    await writeFile(file, HTML);
    for (const [dir, says] of [
      [file, /encoder\.onnx is a file/],
      [`${file}-none`, /encoder\.onnx-none is not there/],
    ] as const) {
      const error = await caught(addModel({ dir }));
      expect(String(error)).toMatch(says);
      expect(exitCodeOf(error)).toBe(69);
    }
  });
});

describe('a model that is a file', () => {
  it('ends segment with 69 and says what a model is', async () => {
    const dir = await emptyDirectory();
    await writeFile(join(dir, 'encoder.onnx'), HTML);
    await writeFile(join(dir, 'p.json'), '{"box":[1,2,20,20]}');
    const args = ['segment', 'none.png', '--prompts', join(dir, 'p.json'), '--out', join(dir, 'out')];
    const { code, stderr } = await samwire([...args, '--model', join(dir, 'encoder.onnx')]);
    expect(stderr).toMatch(/encoder\.onnx is a file\. A model is a directory with manifest\.json/);
    expect(code).toBe(69);
  });
});
