import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { RECORD_FILE, readRecord } from '../../../src/build/record.js';
import { parseConfig } from '../../../src/config/load.js';
import { ConfigError } from '../../../src/errors.js';
import { readAnnotations } from '../../../src/eval/annotations.js';
import { readBoundaries } from '../../../src/eval/boundaries.js';
import { trueMask } from '../../../src/eval/segmentation.js';
import { parseManifest } from '../../../src/models/manifest.js';
import { BegunJobs } from '../../../src/mqtt/jobs/begun-jobs.js';
import { loadAddon } from '../../../src/native/addon.js';
import { EditableGraph } from '../../../src/onnx/graph.js';
import { readModel, writeModel } from '../../../src/onnx/model.js';
import { summarise } from '../../../src/onnx/summary.js';
import { mustHold, readLater, readOrRefuse } from '../refusal.js';
import type { FuzzTarget } from '../target.js';

let folder: string | undefined;

/** A file of these bytes, one at a time of a name. */
function file(name: string, bytes: Uint8Array): string {
  folder ??= mkdtempSync(join(tmpdir(), 'samwire-fuzz-'));
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

/** The config file: YAML, of which JSON is a part. */
export const config: FuzzTarget = {
  name: 'config',
  form: 'json',
  tokens: [
    ': ',
    '\n',
    '\n  ',
    '- ',
    '[',
    ']',
    '{',
    '}',
    '&a ',
    '*a',
    '!!str ',
    '|',
    '>',
    '#',
    '\t',
    '? ',
    '---\n',
  ].concat([
    '%YAML 1.1\n',
    '<<: *a',
    '0x1f',
    '.nan',
    '~',
    'rtsp://a:b@c',
    '5m',
    '-1s',
    'csi://0',
    'gst://a ! b',
    'cameras:',
  ]),
  // Of which the YAML parser alone takes most of the time; a config has 2 kB.
  maxBytes: 8_192,
  shortShare: 0.4,
  sources: ['/src/config/'],
  run: (input) => {
    try {
      parseConfig(Buffer.from(input).toString(), '/etc/samwire/samwire.yaml');
    } catch (thrown) {
      if (!(thrown instanceof ConfigError)) throw thrown;
      mustHold(thrown.faults.length > 0, 'a refused config has faults');
      for (const { expected, got, line = 1, column = 1 } of thrown.faults)
        mustHold(expected !== '' && got !== '' && line >= 1 && column >= 1, 'a fault says what and where');
    }
  },
};

/** A model's manifest.json. */
export const manifest: FuzzTarget = {
  name: 'manifest',
  form: 'json',
  maxBytes: 65_536,
  sources: ['/src/models/manifest'],
  run: (input) => {
    let value: unknown;
    try {
      value = JSON.parse(Buffer.from(input).toString());
    } catch {
      return;
    }
    const parsed = readOrRefuse(() => parseManifest(value, 'manifest.json'));
    if (parsed === undefined) return;
    const { encoder, image } = parsed;
    mustHold(!/(^|\/)\.\.?(\/|$)|^\//.test(encoder.file), 'a file lies inside of the model');
    mustHold(
      image.size.every((side) => side >= 16 && side <= 8192),
      'a picture has a size',
    );
    mustHold([...image.mean, ...image.std, image.scale].every(Number.isFinite), 'a normalisation is finite');
  },
};

/** An ONNX file, read without a runtime. */
export const onnx: FuzzTarget = {
  name: 'onnx',
  form: 'bytes',
  tokens: ['\x0a\x00', '\x3a\x04', 'ai.onnx', 'Conv', 'If', '\xff\xff\xff\xff\x0f', '\x08\x01'],
  maxBytes: 65_536,
  sources: ['/src/onnx/'],
  run: (input) => {
    const model = readOrRefuse(() => readModel(input));
    if (model === undefined) return;
    const summary = summarise(model);
    mustHold(summary.opset >= 0 || summary.opset < 0, 'a version is a number');
    const again = writeModel(model);
    mustHold(
      Buffer.from(writeModel(readModel(again))).equals(Buffer.from(again)),
      'what is written is read again',
    );
    readOrRefuse(() => {
      const graph = new EditableGraph(model);
      for (const { name = '' } of graph.outputs) graph.producer(name);
      graph.removeDead();
      return graph;
    });
  },
};

/** COCO annotations of `samwire eval`, and the masks in them. */
export const annotations: FuzzTarget = {
  name: 'annotations',
  form: 'json',
  // Files have megabytes, and seconds; what is looked for is time that grows faster than they do.
  maxBytes: 8_192,
  sources: ['/src/eval/'],
  run: async (input) => {
    const set = await readLater(() => readAnnotations(file('annotations.json', input)));
    for (const image of set?.images ?? []) {
      // A mask is as large as the picture that the file says: what is large is slow to paint.
      if (image.width * image.height > 1_000_000) continue;
      for (const annotation of image.annotations) {
        const mask = readOrRefuse(() => trueMask(annotation, image, loadAddon()));
        mustHold(mask === undefined || mask.area <= image.width * image.height, 'a mask lies in its picture');
      }
    }
  },
};

/** BSDS500's ground truth, a MAT-file. */
export const mat: FuzzTarget = {
  name: 'mat',
  form: 'bytes',
  tokens: ['IM', 'MI', '\x0e\x00\x00\x00', '\x0f\x00\x00\x00', 'groundTruth', 'Boundaries'],
  maxBytes: 65_536,
  sources: ['/src/eval/'],
  run: async (input) => {
    const found = await readLater(() => readBoundaries({ name: 'a', files: [file('a.mat', input)] }));
    for (const map of found?.maps ?? [])
      mustHold(map.length === (found?.width ?? 0) * (found?.height ?? 0), 'a map has the size that it says');
  },
};

const silent = pino({ level: 'silent' });

/** Files that the node wrote itself, as a crash or a person may leave them: the engines' record, jobs that were begun. */
export const records: FuzzTarget = {
  name: 'records',
  form: 'json',
  // A record has 3 kB, and only the node writes it.
  maxBytes: 8_192,
  sources: ['/src/build/record', '/src/mqtt/jobs/begun-jobs'],
  run: async (input) => {
    const path = file(RECORD_FILE, input);
    const record = await readRecord(join(path, '..'));
    mustHold(typeof record === 'string' || record.trials.length > 0, 'a record has a trial');
    const jobs = new BegunJobs(file('begun.json', input), silent);
    const before = jobs.begin('samwire/jobs a');
    mustHold(Number.isSafeInteger(before) && before >= 0, 'a job was begun so many times');
    jobs.end('samwire/jobs a');
  },
};
