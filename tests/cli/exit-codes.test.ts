import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadAddon, PACKAGE_ROOT } from '../../src/native/addon.js';
import { writeSemanticModel } from '../graphs/model-dir.js';
import { semanticModel } from '../graphs/semantics.js';
import { freePort } from '../integration/broker.js';
import { encode, testPicture } from '../segment/picture.js';
import { emptyDirectory, samwire } from './samwire.js';

/** On a machine where engines can run, nothing is lacking. */
const HAS_TENSORRT = loadAddon().tensorrtStatus().problem === null;
/** What an addon without TensorRT says, or one whose library or GPU is not there. */
const NO_TENSORRT = /compiled without TensorRT|libnvinfer|GPU/;

const SEGMENT = ['segment', 'image.png', '--prompts', 'p.json', '--out', 'out'];

describe('wrong usage ends with 2 and says what is right:', () => {
  it.each<[string, string[], RegExp]>([
    ['no command', [], /Usage: samwire/],
    ['an unknown command', ['segmnt'], /unknown command 'segmnt'.*Did you mean segment/s],
    ['an unknown option', ['run', '--confg', 'x'], /unknown option '--confg'.*Did you mean --config/s],
    ['a missing argument', ['segment'], /missing required argument|required option/],
    ['a missing option', ['segment', 'image.png'], /required option '--prompts <file>'/],
    ['an unknown backend', [...SEGMENT, '--backend', 'gpu'], /Allowed choices are auto, tensorrt, onnx/],
    ['an unknown format', [...SEGMENT, '--format', 'json,gif'], /json, png, overlay, got "gif"/],
    ['threads that are no number', [...SEGMENT, '--threads', 'two'], /from 1 to 256, got "two"/],
    ['an unknown precision', ['models', 'build', 'm', '--precision', 'fp8'], /fp16, mixed, fp32, int8/],
    ['too many prompts a run', ['models', 'build', 'm', '--max-prompts', '65'], /from 1 to 64, got "65"/],
    ['a DLA core below 0', ['models', 'build', 'm', '--dla', '-1'], /from 0 to 15, got "-1"/],
    ['no model to build', ['models', 'build'], /missing required argument 'name'/],
    ['threads that are no whole number', [...SEGMENT, '--threads', '2.5'], /from 1 to 256, got "2.5"/],
    ['an unknown log level', ['run', '--log-level', 'loud'], /loud/],
    ['no box and no point', ['prompt', '--camera', 'a'], /at least one --box/],
    ['a box without numbers', ['prompt', '--camera', 'a', '--box', ',,,'], /--box x1,y1,x2,y2/],
    ['a camera that can be none', ['prompt', '--camera', '+', '--box', '1,2,3,4'], /--camera .*got "\+"/],
    [
      'a time-out beyond what a timer takes',
      ['prompt', '--camera', 'a', '--box', '1,2,3,4', '--timeout', '1e12'],
      /at most 86400 s/,
    ],
    ['a box of three numbers', ['prompt', '--camera', 'a', '--box', '1,2,3'], /--box x1,y1,x2,y2/],
    [
      'a broker without a node',
      ['prompt', '--camera', 'a', '--box', '1,2,3,4', '--broker', 'mqtt://h'],
      /--node/,
    ],
  ])('%s', async (_, args, reason) => {
    const { code, stderr } = await samwire(args);
    expect(stderr).toMatch(reason);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(code).toBe(2);
  });

  it.each([
    ['--help'],
    ['--version'],
    ['run', '--help'],
    ['segment', '--help'],
    ['prompt', '--help'],
    ['models', 'add', '--help'],
  ])('and %s %s ends with 0', async (...args) => {
    const { code, stdout, stderr } = await samwire(args.filter((arg) => arg !== undefined));
    expect(code).toBe(0);
    expect(stdout).not.toBe('');
    expect(stderr).toBe('');
  });
});

describe('standard output that', () => {
  const list = `'${process.execPath}' '${join(PACKAGE_ROOT, 'dist/cli/main.js')}' models list`;

  it.skipIf(!existsSync('/dev/full'))('takes nothing ends with 1, and says so without a stack', () => {
    const { status, stderr } = spawnSync('sh', ['-c', `${list} > /dev/full`], { encoding: 'utf8' });
    expect(stderr).toContain("can't be written (ENOSPC)");
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(status).toBe(1);
  });

  it('is closed before its end is no fault', () => {
    const { status, stderr } = spawnSync('bash', ['-c', `set -o pipefail; ${list} | true`], {
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });
});

describe('a faulty config ends with 78:', () => {
  async function runWith(text: string) {
    const path = join(await emptyDirectory(), 'samwire.yaml');
    await writeFile(path, text);
    return { ...(await samwire(['run', '--config', path])), path };
  }

  it('a mistyped key, with its place and the nearest known key', async () => {
    const text =
      'version: 1\nmqtt:\n  url: mqtt://127.0.0.1\ncameras:\n  front:\n    sorce: test://pattern\n';
    const { code, stderr, path } = await runWith(text);
    expect(code).toBe(78);
    expect(stderr).toContain('cameras.front.sorce');
    expect(stderr).toMatch(/did you mean "?source/i);
    expect(stderr).toContain(path);
  });

  it.each([
    ['no YAML', 'version: [1', /yaml|flow|line/i],
    ['empty', '', /mqtt|version/],
    ['a broker URL of another kind', 'version: 1\nmqtt: { url: "http://h" }\n', /mqtt\.url/],
  ])('one that is %s', async (_, text, reason) => {
    const { code, stderr } = await runWith(text);
    expect(stderr).toMatch(reason);
    expect(code).toBe(78);
  });

  it('one that is not there', async () => {
    const path = join(await emptyDirectory(), 'missing.yaml');
    const { code, stderr } = await samwire(['run', '--config', path]);
    expect(stderr).toContain(path);
    expect(code).toBe(78);
  });

  it('one that names a model or a backend that is not there', async () => {
    for (const [model, reason] of [
      ['{ name: samwire-tinny }', /did you mean "samwire-tiny"/],
      ...(HAS_TENSORRT ? [] : [['{ backend: tensorrt }', NO_TENSORRT] as const]),
    ] as const) {
      const url = `mqtt://127.0.0.1:${await freePort()}`;
      const { code, stderr } = await runWith(`version: 1\nmqtt: { url: "${url}" }\nmodel: ${model}\n`);
      expect(stderr).toMatch(reason);
      expect(code).toBe(78);
    }
  });
});

describe('what a one-shot command lacks ends it with 69:', () => {
  it('an unknown model, with the nearest name', async () => {
    const dir = await emptyDirectory();
    await writeFile(join(dir, 'image.png'), await encode(testPicture(32, 32)));
    await writeFile(join(dir, 'p.json'), '{"box":[1,2,20,20]}');
    const args = [
      'segment',
      join(dir, 'image.png'),
      '--prompts',
      join(dir, 'p.json'),
      '--out',
      join(dir, 'out'),
    ];
    const unknown = await samwire([...args, '--model', 'samwire-tinny']);
    expect(unknown.stderr).toContain('did you mean "samwire-tiny"');
    expect(unknown.code).toBe(69);
    const empty = await samwire([...args, '--model', `${dir}/`]);
    expect(empty.stderr).toContain('manifest.json');
    expect(empty.code).toBe(69);
    if (HAS_TENSORRT) return;
    const backend = await samwire([...args, '--backend', 'tensorrt']);
    expect(backend.stderr).toMatch(NO_TENSORRT);
    expect(backend.code).toBe(69);
    const built = await samwire(['models', 'build', 'samwire-tiny']);
    expect(built.stderr).toMatch(NO_TENSORRT);
    expect(built.stdout).toBe('');
    expect(built.code).toBe(69);
  });

  it('a prompts file that is not there', async () => {
    const { code, stderr } = await samwire([
      ...SEGMENT.slice(0, 2),
      '--prompts',
      '/nowhere/p.json',
      '--out',
      'out',
    ]);
    expect(stderr).toContain('/nowhere/p.json');
    expect(code).toBe(69);
  });

  it('a broker that is not there', async () => {
    const url = `mqtt://127.0.0.1:${await freePort()}`;
    const where = ['--broker', url, '--node', 'n1', '--camera', 'front', '--timeout', '1'];
    const { code, stderr } = await samwire(['prompt', ...where, '--box', '1,2,30,40']);
    expect(stderr).toContain(url);
    expect(code).toBe(69);
  });
});

describe('a model that does not fit ends segment and run with 78, and the file or tensor named:', () => {
  type Manifest = Record<string, Record<string, unknown>>;

  interface Faulty {
    /** Changes bytes or manifest; the hashes are made to fit afterwards, unless `keepHashes`. */
    readonly change: (files: { encoder: Buffer; decoder: Buffer; manifest: Manifest }) => void;
    readonly keepHashes?: boolean;
  }

  async function faultyModel({ change, keepHashes = false }: Faulty): Promise<string> {
    const dir = join(await emptyDirectory(), 'faulty');
    writeSemanticModel(dir, semanticModel('sam'), {}, 'faulty');
    const path = (name: string) => join(dir, name);
    const files = {
      encoder: await readFile(path('encoder.onnx')),
      decoder: await readFile(path('decoder.onnx')),
      manifest: JSON.parse(await readFile(path('manifest.json'), 'utf8')) as Manifest,
    };
    change(files);
    for (const role of ['encoder', 'decoder'] as const) {
      await writeFile(path(`${role}.onnx`), files[role]);
      const block = files.manifest[role];
      if (block && !keepHashes) block.sha256 = createHash('sha256').update(files[role]).digest('hex');
    }
    await writeFile(path('manifest.json'), JSON.stringify(files.manifest));
    return dir;
  }

  it.each<[string, Faulty, RegExp]>([
    [
      'an encoder that is cut off',
      {
        change: (files) => {
          files.encoder = files.encoder.subarray(0, files.encoder.length / 2);
        },
      },
      /encoder\.onnx/,
    ],
    [
      'a decoder of random bytes',
      {
        change: (files) => {
          files.decoder = randomBytes(4096);
        },
      },
      /decoder\.onnx/,
    ],
    [
      'an empty decoder',
      {
        change: (files) => {
          files.decoder = Buffer.alloc(0);
        },
      },
      /decoder\.onnx has 0 bytes/,
    ],
    [
      'a file of another SHA-256',
      {
        change: (files) => {
          files.encoder = Buffer.concat([files.encoder, Buffer.alloc(1)]);
        },
        keepHashes: true,
      },
      /encoder\.onnx is not the file that the manifest names: expected SHA-256/,
    ],
    [
      'encoder and decoder in each other’s place',
      {
        change: (files) => {
          [files.encoder, files.decoder] = [files.decoder, files.encoder];
        },
      },
      /encoder\.onnx|decoder\.onnx|swapped/,
    ],
    [
      'a manifest that lies about the input’s size',
      {
        change: ({ manifest }) => {
          manifest.image = { ...manifest.image, size: [512, 512] };
        },
      },
      /input image: expected \[1,3,512,512\] float32, found \[1,3,256,256\] float32/,
    ],
    [
      'a manifest that names a candidate that is not there',
      {
        change: ({ manifest }) => {
          manifest.mask = { ...manifest.mask, multi: [1, 2, 9] };
        },
      },
      /low_res_masks: expected at least 10 candidates.*candidate 9, found 4/,
    ],
    [
      'a manifest with a mistyped key',
      {
        change: ({ manifest }) => {
          manifest.mask = { ...manifest.mask, treshold: 0 };
        },
      },
      /treshold.*threshold/s,
    ],
  ])('%s', async (_, faulty, reason) => {
    const dir = await faultyModel(faulty);
    const work = await emptyDirectory();
    await writeFile(join(work, 'image.png'), await encode(testPicture(64, 48)));
    await writeFile(join(work, 'p.json'), '{"box":[1,2,20,20]}');
    const paths = [join(work, 'image.png'), '--prompts', join(work, 'p.json'), '--out', join(work, 'out')];
    const segmented = await samwire(['segment', ...paths, '--model', dir]);
    expect(segmented.stderr).toMatch(reason);
    expect(segmented.stderr).not.toMatch(/\n\s+at /);
    expect(segmented.code).toBe(78);
    // Each thing is said once.
    const sentences = segmented.stderr.split(/[\n.] /).filter((sentence) => sentence.length > 60);
    expect(new Set(sentences).size).toBe(sentences.length);

    const url = `mqtt://127.0.0.1:${await freePort()}`;
    const config = { version: 1, mqtt: { url }, model: { name: 'faulty', paths: [dir] } };
    await writeFile(join(work, 'samwire.yaml'), JSON.stringify(config));
    const ran = await samwire(['run', '--config', join(work, 'samwire.yaml'), '--log-level', 'silent']);
    expect(ran.stderr).toMatch(reason);
    expect(ran.code).toBe(78);
  });
});

describe('a demo of a source that is none', () => {
  it('ends with 78 and says what a source looks like', async () => {
    const { code, stderr } = await samwire(['demo', '--once', '--source', 'rstp://10.0.0.5/x']);
    expect(stderr).toMatch(/cameras\.demo\.source.*rtsp:\/\/host\/path.*got "rstp:/s);
    expect(code).toBe(78);
  });
});
