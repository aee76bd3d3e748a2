import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readTwoGraphDirectory } from '../../src/models/directory.js';
import { ManifestError } from '../../src/models/manifest.js';
import { readModel, writeModel } from '../../src/onnx/model.js';
import { loadOnnxModel, type OnnxModel } from '../../src/segment/onnx/model.js';
import { writeSemanticModel } from '../graphs/model-dir.js';
import { FAMILIES, type Family, semanticModel } from '../graphs/semantics.js';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'samwire-mending-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

async function load(
  family: Family,
  batch: 1 | 'free',
  change?: (bytes: Uint8Array) => Uint8Array,
): Promise<OnnxModel> {
  const path = join(dir, `${family}-${batch}-${change ? 'changed' : 'as-it-is'}`);
  writeSemanticModel(path, semanticModel(family, { batch, size: 64 }));
  const directory = await readTwoGraphDirectory(path);
  if (change) {
    const bytes = change(readFileSync(directory.decoderPath));
    writeFileSync(directory.decoderPath, bytes);
    const manifestPath = join(path, 'manifest.json');
    const manifest = JSON.parse(readFileSync(manifestPath, 'utf8'));
    manifest.decoder.sha256 = createHash('sha256').update(bytes).digest('hex');
    writeFileSync(manifestPath, JSON.stringify(manifest));
  }
  return loadOnnxModel(await readTwoGraphDirectory(path), 1);
}

async function release({ encoder, decoder }: OnnxModel): Promise<void> {
  await encoder.release();
  await decoder.release();
}

describe('a decoder exported for one prompt', () => {
  it.each(FAMILIES)('takes all prompts in a run once it is loaded: %s', async (family) => {
    const model = await load(family, 1);
    expect(model.contract.decoder.batch).toBe('free');
    expect(
      model.contract.decoder.inputs.maskInput === undefined ? 'free' : model.contract.decoder.maskBatch,
    ).toBe('free');
    expect(model.mending.changes.length).toBeGreaterThan(0);
    expect(model.mending.unmended).toBeUndefined();
    await release(model);
  });

  it('whose logits are no output gives them, and takes all prompts in a run', async () => {
    const model = await load('sam', 1, (bytes) => {
      const proto = readModel(bytes);
      const { graph } = proto;
      if (graph) graph.output = (graph.output ?? []).filter(({ name }) => name !== 'low_res_masks');
      return writeModel(proto);
    });
    expect(model.contract.decoder).toMatchObject({ batch: 'free', outputs: { lowRes: 'low_res_masks' } });
    expect(model.contract.decoder.inputs.origSize).toBeUndefined();
    expect(model.mending.unmended).toBeUndefined();
    await release(model);
  });

  it('is run as it is where it can’t be mended, and says why', async () => {
    const model = await load('nanosam', 1, (bytes) => {
      const proto = readModel(bytes);
      const scores = proto.graph?.node?.find(({ output }) => output?.includes('iou_predictions'));
      const [input = ''] = scores?.input ?? [];
      const at = proto.graph?.node?.indexOf(scores ?? {}) ?? 0;
      if (scores) scores.input = ['mixed', ...(scores.input ?? []).slice(1)];
      const attribute = [{ name: 'axis', type: 2, i: 0 }];
      proto.graph?.node?.splice(at, 0, {
        opType: 'Softmax',
        name: 'mixing',
        input: [input],
        output: ['mixed'],
        attribute,
      });
      return writeModel(proto);
    });
    expect(model.contract.decoder.batch).toBe(1);
    expect(model.mending.changes).toEqual([]);
    expect(model.mending.unmended).toMatch(/one by one: mixing \(Softmax\) takes the prompts together/);
    await release(model);
  });

  it('that is no ONNX file at all is refused with onnxruntime’s reason', async () => {
    const broken = load('nanosam', 1, () => Buffer.alloc(500, 1));
    await expect(broken).rejects.toThrow(ManifestError);
    await expect(broken).rejects.toThrow(/can't be loaded/);
  });
});

describe('a decoder that takes all prompts', () => {
  it.each(['nanosam', 'edgesam'] as const)('is run as it is: %s', async (family) => {
    const model = await load(family, 'free');
    expect(model.mending).toEqual({ changes: [] });
    await release(model);
  });
});
