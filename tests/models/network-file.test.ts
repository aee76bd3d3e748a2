import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readModelDirectory } from '../../src/models/directory.js';
import { readNetwork } from '../../src/models/network-file.js';
import { readGraph } from '../../src/models/read-graph.js';
import { readModel, writeModel } from '../../src/onnx/model.js';
import { createSession } from '../../src/segment/onnx/model.js';
import { writeSemanticModel } from '../graphs/model-dir.js';
import { semanticModel } from '../graphs/semantics.js';
import { externalWeights } from './odd-graphs.js';

let root: string;
let dir: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'samwire-network-'));
  dir = join(root, 'model');
  writeSemanticModel(dir, semanticModel('sam', { batch: 1, size: 64 }));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Another encoder, which the manifest names by its hash. */
function setEncoder(bytes: Uint8Array): void {
  const path = join(dir, 'manifest.json');
  const manifest = JSON.parse(readFileSync(path, 'utf8'));
  manifest.encoder.sha256 = createHash('sha256').update(bytes).digest('hex');
  writeFileSync(path, JSON.stringify(manifest));
  writeFileSync(join(dir, manifest.encoder.file), bytes);
}

const read = async () => readNetwork(await readModelDirectory(dir), 'encoder');

describe('a network that is loaded', () => {
  it('is the bytes that were hashed, also where the file is another one by then', async () => {
    const file = await read();
    writeFileSync(join(root, 'other.onnx'), 'something else');
    renameSync(join(root, 'other.onnx'), file.path);
    const session = await createSession(file, 1);
    expect(session.inputNames.length).toBeGreaterThan(0);
    await session.release();
    await expect(read()).rejects.toThrow(/expected an ONNX file|has 14 bytes/i);
  });

  it('has the manifest’s SHA-256, or is refused with both', async () => {
    const model = await readModelDirectory(dir);
    const bytes = readFileSync(model.encoderPath);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    writeFileSync(model.encoderPath, bytes);
    await expect(read()).rejects.toThrow(model.manifest.encoder.sha256);
  });

  it('may be a link to where large files are kept: its hash says what it has to be', async () => {
    const { path } = await read();
    renameSync(path, join(root, 'blob'));
    symlinkSync(join(root, 'blob'), path);
    await expect(read()).resolves.toMatchObject({ path });
  });

  it('is no named pipe, and its manifest neither; nobody waits for a writer', async () => {
    const { path } = await read();
    rmSync(path);
    execFileSync('mkfifo', [path]);
    await expect(read()).rejects.toThrow('is not a file');
    rmSync(join(dir, 'manifest.json'));
    execFileSync('mkfifo', [join(dir, 'manifest.json')]);
    await expect(readModelDirectory(dir)).rejects.toThrow(/manifest/);
  });

  it('has a manifest of some kilobytes', async () => {
    writeFileSync(join(dir, 'manifest.json'), ' '.repeat(300_000));
    await expect(readModelDirectory(dir)).rejects.toThrow('expected a manifest of at most 262144');
  });

  it('keeps weights in a file of its directory, or in none', async () => {
    const { bytes, data } = externalWeights('weights/encoder.bin');
    setEncoder(bytes);
    mkdirSync(join(dir, 'weights'));
    writeFileSync(join(dir, 'weights/encoder.bin'), data);
    const file = await read();
    expect(file.bytes).toBeUndefined();
    await (await createSession(file, 1)).release();
  });

  it.each([
    ['a path that leaves it', '../outside.bin'],
    ['one that leaves it in its middle', 'weights/../../outside.bin'],
    ['an absolute path', '/etc/hostname'],
    ['no path', ''],
    ['a link that leaves it', 'link.bin'],
    ['a link to a device', 'zero.bin'],
    ['a folder', 'weights'],
  ])('can’t keep weights in %s', async (_, location) => {
    const { bytes, data } = externalWeights(location);
    setEncoder(bytes);
    mkdirSync(join(dir, 'weights'));
    writeFileSync(join(root, 'outside.bin'), data);
    symlinkSync(join(root, 'outside.bin'), join(dir, 'link.bin'));
    symlinkSync('/dev/zero', join(dir, 'zero.bin'));
    await expect(read()).rejects.toThrow('keeps weights outside of the model');
    await expect(readGraph((await readModelDirectory(dir)).encoderPath)).rejects.toThrow(
      'keeps weights outside',
    );
  });

  it('opens no other file where its weights stand where nobody looks: in an attribute, or behind a parser’s limit', async () => {
    const { bytes } = externalWeights('../outside.bin');
    const model = readModel(bytes);
    const [tensor] = model.graph?.initializer ?? [];
    if (!model.graph || !tensor) throw new Error('no weights');
    model.graph.node?.unshift({
      opType: 'Constant',
      output: ['hidden'],
      attribute: [{ name: 'value', type: 4, t: tensor }],
    });
    setEncoder(writeModel(model));
    await expect(read()).rejects.toThrow('keeps weights outside of the model');
    // By bytes, onnxruntime refuses external weights by itself.
    await expect(
      createSession({ path: join(dir, 'encoder.onnx'), bytes: Buffer.from(bytes) }, 1),
    ).rejects.toThrow();
  });

  it('with sizes that no memory holds, or a million names, is refused in words', async () => {
    const huge = readModel(externalWeights('x').bytes);
    const [tensor] = huge.graph?.initializer ?? [];
    if (!tensor) throw new Error('no weights');
    delete tensor.externalData;
    delete tensor.dataLocation;
    tensor.rawData = new Uint8Array(16);
    tensor.dims = [2 ** 40, 2 ** 20].map((value) => value as never);
    setEncoder(writeModel(huge));
    await expect(createSession(await read(), 1)).rejects.toThrow("can't be loaded as an ONNX network");
  });
});
