import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/errors.js';
import { BUNDLED_MODELS } from '../../src/models/catalogue.js';
import {
  ManifestError,
  parseFrame,
  parseManifest,
  parseTwoGraphManifest,
} from '../../src/models/manifest.js';

type Json = Record<string, unknown>;

function bundled(): Json {
  return JSON.parse(readFileSync(join(BUNDLED_MODELS, 'samwire-tiny/manifest.json'), 'utf8')) as Json;
}

/** The bundled manifest with one block changed. */
function changed(block: string, keys: Json): Json {
  const manifest = bundled();
  return { ...manifest, [block]: { ...(manifest[block] as Json), ...keys } };
}

function refusal(value: unknown): ManifestError {
  try {
    parseManifest(value, 'm/manifest.json');
  } catch (error) {
    if (error instanceof ManifestError) return error;
    throw error;
  }
  throw new Error('the manifest was accepted');
}

describe('a manifest', () => {
  it('of the bundled model is accepted as it is', () => {
    expect(parseManifest(bundled(), 'm')).toEqual(bundled());
  });

  it('of a newer format is refused with what to do, and with nothing about its keys', () => {
    const { message, faults } = refusal({ ...bundled(), version: 2, networks: [] });
    expect(message).toMatch(
      /^m\/manifest\.json is of version 2 of the manifest's format; Samwire \d+\.\d+\.\d+ knows 1\..*install that, or take/,
    );
    expect(faults).toEqual([{ path: 'version', expected: '1', got: '2' }]);
  });

  it.each([0, '1', null, undefined])('of version %j is refused as a fault among the others', (version) => {
    expect(refusal({ ...bundled(), version }).faults).toEqual([
      { path: 'version', expected: '1', got: version === undefined ? 'nothing' : JSON.stringify(version) },
    ]);
  });

  it('that interface.md shows is accepted', () => {
    const manifest = parseTwoGraphManifest(
      {
        version: 1,
        name: 'nanosam-resnet18',
        family: 'sam',
        licence: 'Apache-2.0',
        source: '…',
        encoder: { file: 'encoder.onnx', sha256: 'a'.repeat(64), precision: 'fp16' },
        decoder: { file: 'decoder.onnx', sha256: 'b'.repeat(64), precision: 'mixed' },
        image: {
          size: [1024, 1024],
          fit: 'letterbox',
          rounding: 'floor',
          filter: 'bicubic-antialias',
          channels: 'rgb',
          scale: 1,
          mean: [123.675, 116.28, 103.53],
          std: [58.395, 57.12, 57.375],
          pad: 'after-normalise',
        },
        prompt: {
          frame: 'letterbox-1024',
          offset: 0,
          order: 'points-first',
          paddingPoint: 'never',
          maxPoints: 10,
        },
        mask: {
          resize: 'direct',
          threshold: 0,
          thresholdInclusive: false,
          single: 'best-score',
          multi: [1, 2, 3],
        },
      },
      'm',
    );
    expect(manifest.mask.single).toBe('best-score');
  });

  it('has defaults for offset, threshold and precision', () => {
    const manifest = bundled() as Record<string, Json>;
    delete manifest.prompt?.offset;
    delete manifest.mask?.threshold;
    delete manifest.mask?.thresholdInclusive;
    delete manifest.decoder?.precision;
    const parsed = parseTwoGraphManifest(manifest, 'm');
    expect(parsed.prompt.offset).toBe(0);
    expect(parsed.mask).toMatchObject({ threshold: 0, thresholdInclusive: false });
    expect(parsed.decoder.precision).toBe('mixed');
  });

  it('with an unknown key is refused, and the nearest known key is named', () => {
    const error = refusal(changed('prompt', { padingPoint: 'never' }));
    expect(error.faults).toEqual([
      {
        path: 'prompt.padingPoint',
        expected: 'a known key (did you mean "paddingPoint"?)',
        got: 'an unknown key',
      },
    ]);
    expect(error.message).toContain('m/manifest.json has 1 fault');
    expect(error).toBeInstanceOf(ConfigError);
  });

  it('with an unknown key that is near none is refused with all known keys', () => {
    const [fault] = refusal({ ...bundled(), zzz: 1 }).faults;
    expect(fault?.path).toBe('zzz');
    expect(fault?.expected).toContain('version, name, family, licence');
  });

  it('with several faults is refused with all of them', () => {
    const manifest = {
      ...changed('image', { fit: 'letterboxed', mean: [1, 2], pad: 300 }),
      mask: { resize: 'direct', single: 'best', multi: [] },
      licence: '',
    };
    const { faults } = refusal(manifest);
    expect(faults.map((fault) => fault.path).sort()).toEqual([
      'image.fit',
      'image.mean',
      'image.pad',
      'licence',
      'mask.multi',
      'mask.single',
    ]);
    const fit = faults.find((fault) => fault.path === 'image.fit');
    expect(fit).toMatchObject({
      expected: '"letterbox" or "letterbox-centred" or "stretch" or "native"',
      got: '"letterboxed"',
    });
  });

  it('without a block says that nothing is there', () => {
    const { image: _, ...manifest } = bundled();
    expect(refusal(manifest).faults).toEqual([{ path: 'image', expected: 'an object', got: 'nothing' }]);
  });

  it.each([null, [], 'text', 3])('that is %j is refused as a whole', (value) => {
    expect(refusal(value).faults[0]).toMatchObject({ path: '(the whole manifest)', expected: 'an object' });
  });

  it.each(['../x.onnx', '/etc/passwd', 'a/../../b.onnx', '', '..'])(
    'can not name the file %j outside its directory',
    (file) => {
      expect(refusal(changed('encoder', { file })).faults[0]?.path).toBe('encoder.file');
    },
  );

  it('may keep its files in a folder of its own', () => {
    expect(parseManifest(changed('encoder', { file: 'onnx/encoder.v1.onnx' }), 'm').encoder.file).toBe(
      'onnx/encoder.v1.onnx',
    );
  });

  it('of a known family that is not served says so', () => {
    expect(refusal({ ...bundled(), family: 'rap-sam' }).message).toMatch(
      /^m\/manifest\.json: family "rap-sam" is not served by this version of Samwire, which serves sam, sam2.*: its network joins/,
    );
    expect(refusal({ ...bundled(), family: 'rwkv-sam' }).message).toMatch(/are of family "sam"; write that/);
  });

  it('of SAM 2 says how a stable mask is told, and how far logits are kept', () => {
    const stability = { delta: 0.05, threshold: 0.98 };
    const value = { ...changed('mask', { single: 'stable', stability, refineClamp: 32 }), family: 'sam2' };
    expect(parseTwoGraphManifest(value, 'm').mask).toMatchObject({
      single: 'stable',
      stability,
      refineClamp: 32,
    });
    expect(refusal(changed('mask', { single: 'stable' })).faults).toEqual([
      {
        path: 'mask.stability',
        expected: '{ delta, threshold }, because mask.single is stable',
        got: 'nothing',
      },
    ]);
    const { faults } = refusal(
      changed('mask', { single: 'best', stability: { delta: 0, treshold: 2 }, refineClamp: -1 }),
    );
    expect(faults.map(({ path }) => path).sort()).toEqual([
      'mask.refineClamp',
      'mask.single',
      'mask.stability.delta',
      'mask.stability.threshold',
      'mask.stability.treshold',
    ]);
    expect(faults.find(({ path }) => path === 'mask.stability.treshold')?.expected).toBe(
      'a known key (did you mean "threshold"?)',
    );
  });

  it('of a family that nobody knows names the known ones', () => {
    expect(refusal({ ...bundled(), family: 'sum' }).faults[0]).toMatchObject({
      path: 'family',
      expected: expect.stringContaining('"sam"'),
      got: '"sum"',
    });
  });

  it.each([
    ['letterbox', 'stretch-512'],
    ['stretch', 'letterbox-512'],
  ])('whose image is %s can not have prompts in %s', (fit, frame) => {
    const manifest = {
      ...changed('image', { fit }),
      prompt: { ...(bundled().prompt as Json), frame },
    };
    expect(refusal(manifest).faults[0]?.path).toBe('prompt.frame');
  });

  it('whose letterboxed prompts are square can not have an oblong image', () => {
    expect(refusal(changed('image', { size: [1024, 768] })).faults).toEqual([
      {
        path: 'image.size',
        expected: 'a square, because prompt.frame is a letterboxed square',
        got: '[1024,768]',
      },
    ]);
  });

  it('can not divide by a deviation of 0', () => {
    expect(refusal(changed('image', { std: [1, 0, 1] })).faults[0]?.path).toBe('image.std.1');
  });
});

describe('a prompt frame', () => {
  it('is taken apart into kind and size', () => {
    expect(parseFrame('letterbox-1024')).toEqual({ kind: 'letterbox', size: 1024 });
    expect(parseFrame('stretch-512')).toEqual({ kind: 'stretch', size: 512 });
    expect(parseFrame('source')).toEqual({ kind: 'source' });
  });
});
