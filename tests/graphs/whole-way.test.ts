import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import mqtt from 'mqtt';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Broker, brokerMissing, startBroker } from '../integration/broker.js';
import { type ManifestChanges, writeSemanticModel } from './model-dir.js';
import {
  type DecoderPrompt,
  fullSize,
  type Plane,
  type ReferenceAnswer,
  referenceAnswer,
} from './reference.js';
import { FAMILIES, type Family, type SemanticModel, semanticModel } from './semantics.js';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
/** As wide as the encoder's input, so that no resizing is between the picture and the reference. */
const SOURCE = { width: 256, height: 160 };
const GRID = 64;
/** Those that the closed form below tells; tests/segment/families.test.ts has the others, SAM 2 since it resizes this picture. */
const HERE = FAMILIES.filter((family) => family !== 'tinysam' && family !== 'sam2');

interface MaskMessage {
  readonly masks: readonly {
    readonly id: string;
    readonly score: number;
    readonly area: number;
    readonly rle: { readonly size: readonly [number, number]; readonly counts: string };
  }[];
}

const dir = mkdtempSync(join(tmpdir(), 'samwire-whole-way-'));
const picture = testPicture();
const picturePath = join(dir, 'picture.png');
const modelDir = (family: Family, batch: 1 | 'free' = 'free'): string =>
  join(dir, 'models', `${family}-${batch === 1 ? 'single' : 'batch'}`);

beforeAll(async () => {
  const { width, height } = SOURCE;
  await sharp(picture, { raw: { width, height, channels: 3 } })
    .png()
    .toFile(picturePath);
  for (const family of HERE) {
    writeSemanticModel(modelDir(family), semanticModel(family));
    writeSemanticModel(modelDir(family, 1), semanticModel(family, { batch: 1 }), {}, `${family}-single`);
  }
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe.each(HERE)('samwire segment with the graphs of %s', (family) => {
  it.each(['free', 1] as const)('gives the masks and scores of the closed form, batch %s', async (batch) => {
    expectClosedForm(family, await segment(family, modelDir(family, batch)));
  });
});

describe('a manifest that is wrong about its model shows in the masks:', () => {
  it.each<[string, ManifestChanges]>([
    ['channel order', { image: { channels: 'bgr' } }],
    ['mean', { image: { mean: [0, 0, 0] } }],
    ['padding', { image: { fit: 'letterbox-centred' } }],
    ['prompt frame', { prompt: { frame: 'letterbox-128' } }],
    ['offset', { prompt: { offset: 0.5 } }],
    ['order', { prompt: { order: 'corners-first' } }],
    ['padding point', { prompt: { paddingPoint: 'always' } }],
    ['the candidate', { mask: { single: 0 } }],
    ['threshold', { mask: { threshold: 0.05 } }],
  ])('%s', async (what, changes) => {
    const model = join(dir, 'wrong', what.replaceAll(' ', '-'));
    writeSemanticModel(model, semanticModel('nanosam'), changes);
    const answer = await segment('nanosam', model);
    expect(() => expectClosedForm('nanosam', answer)).toThrow();
  });
});

describe.skipIf(brokerMissing() !== null)('samwire run', () => {
  let broker: Broker;
  let client: mqtt.MqttClient;
  beforeAll(async () => {
    broker = await startBroker();
    client = await mqtt.connectAsync(broker.url, { protocolVersion: 5 });
  });
  afterAll(async () => {
    await client.endAsync(true);
    await broker.close();
  });

  it.each(HERE)('answers a prompt over MQTT with the closed form of %s', async (family) => {
    const base = `samwire/${family}`;
    const config = join(dir, `${family}.yaml`);
    const frames = 'pngdec ! imagefreeze is-live=true ! videoconvert ! video/x-raw,format=RGB,framerate=10/1';
    writeFileSync(
      config,
      JSON.stringify({
        version: 1,
        node: { id: family },
        mqtt: { url: broker.url },
        cameras: { still: { source: `gst://filesrc location=${picturePath} ! ${frames}` } },
        model: { name: `${family}-semantic`, backend: 'onnx', paths: [modelDir(family)], threads: 1 },
        http: { enabled: false },
        log: { level: 'error' },
      }),
    );
    const ready = states(client, base, ['online', 'streaming']);
    const answer = nextMessage(client, `${base}/still/masks`);
    await client.subscribeAsync([`${base}/state`, `${base}/still/#`]);
    const service = spawn(process.execPath, [MAIN, 'run', '--config', config], { stdio: 'inherit' });
    try {
      await ready;
      client.publish(
        `${base}/still/prompt`,
        JSON.stringify({ requestId: 'r', prompts: promptMessages(family) }),
      );
      expectClosedForm(family, (await answer) as MaskMessage);
    } finally {
      await end(service);
    }
  });
});

async function segment(family: Family, model: string): Promise<MaskMessage> {
  const out = mkdtempSync(join(dir, 'out-'));
  const prompts = join(out, 'prompts.json');
  writeFileSync(prompts, JSON.stringify({ prompts: promptMessages(family) }));
  const args = [
    'segment',
    picturePath,
    '--prompts',
    prompts,
    '--model',
    model,
    '--format',
    'json',
    '--out',
    out,
  ];
  await promisify(execFile)(process.execPath, [MAIN, ...args]);
  return JSON.parse(await readFile(join(out, 'masks.json'), 'utf8'));
}

/** Flat areas, gradients and an edge in each channel; no two channels alike. */
function testPicture(): Uint8Array {
  const { width, height } = SOURCE;
  return Uint8Array.from({ length: 3 * width * height }, (_, i) => {
    const [c, x, y] = [i % 3, Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
    const disc = Math.hypot(x - 90, y - 80) < 50 ? [150, 20, 60] : [0, 90, 10];
    return Math.round((disc[c] ?? 0) + 40 * Math.sin(x / (9 + 7 * c)) ** 2 + (y * (2 - c)) / 4);
  });
}

interface PromptMessage {
  readonly id: string;
  readonly box?: readonly [number, number, number, number];
  readonly points?: readonly { readonly x: number; readonly y: number; readonly label: 0 | 1 }[];
  readonly mask?: { readonly size: readonly [number, number]; readonly counts: string };
}

/** The left half of the picture, its edge on an edge of the mask grid. */
const HALF = 128;

function promptMessages(family: Family): PromptMessage[] {
  const box = [30.5, 22, 171, 140] as const;
  const points = [
    { x: 93, y: 77, label: 1 },
    { x: 180, y: 60.5, label: 0 },
    { x: 130, y: 90, label: 1 },
  ] as const;
  const prompts: PromptMessage[] = [
    { id: 'box', box },
    { id: 'points', points },
    { id: 'both', box, points: points.slice(0, 2) },
    { id: 'other', box: [100, 40, 250, 120] },
  ];
  if (family !== 'nanosam' && family !== 'sam') return prompts;
  const runs = [0, HALF * SOURCE.height, (SOURCE.width - HALF) * SOURCE.height];
  return [
    ...prompts,
    { id: 'mask', box, mask: { size: [SOURCE.height, SOURCE.width], counts: compress(runs) } },
  ];
}

function expectClosedForm(family: Family, { masks }: MaskMessage): void {
  const prompts = promptMessages(family);
  expect(masks.map((mask) => mask.id)).toEqual(prompts.map((prompt) => prompt.id));
  prompts.forEach((prompt, i) => {
    const expected = closedForm(family, prompt);
    const got = masks[i];
    if (!got) throw new Error(`no mask ${prompt.id}`);
    expect(got.rle.size).toEqual([SOURCE.height, SOURCE.width]);
    expect(Math.abs(got.score - expected.score)).toBeLessThan(2e-4);
    const inside = decompress(got.rle.counts);
    expect(expected.mask.length).toBe(inside.length);
    const wrong = inside.filter((value, at) => value !== expected.mask[at]).length;
    // Where a logit is zero to the last bit of a float, either answer is right.
    expect(wrong / inside.length, `wrong pixels of ${prompt.id}`).toBeLessThan(2e-4);
    expect(got.area).toBe(inside.filter(Boolean).length);
    expect(got.area).toBeGreaterThan(500);
  });
}

function closedForm(family: Family, prompt: PromptMessage): { score: number; mask: boolean[] } {
  const model = semanticModel(family);
  const fed = decoderPrompt(model, prompt);
  const answer = referenceAnswer(model, encoderInput(family, model.size), fed, SOURCE);
  const k = chosen(family, answer, fed);
  const plane = answer.lowRes[k];
  if (!plane) throw new Error(`no candidate ${k}`);
  const full =
    family === 'efficientsam'
      ? fullSize(plane, model.size, SOURCE, 'direct')
      : family === 'nanosam'
        ? fullSize(topRows(plane, (GRID * SOURCE.height) / SOURCE.width), model.size, SOURCE, 'direct')
        : fullSize(plane, model.size, SOURCE, 'sam');
  const threshold = (logit: number): boolean => (family === 'efficientsam' ? logit >= 0 : logit > 0);
  return { score: answer.iou[k] ?? Number.NaN, mask: Array.from(full.data, threshold) };
}

function encoderInput(family: Family, size: number): Plane {
  const { width, height } = SOURCE;
  const side = family === 'efficientsam' ? height : size;
  const mean = [123.675, 116.28, 103.53];
  const std = [58.395, 57.12, 57.375];
  // EfficientViT-SAM's are 0.485… and 0.229… on 0..1: the same numbers, divided by 255.
  const value = (level: number, c: number): number =>
    family === 'efficientsam' ? level / 255 : (level - (mean[c] ?? 0)) / (std[c] ?? 1);
  const data = new Float32Array(3 * side * width);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) data[c * side * width + i] = value(picture[3 * i + c] ?? 0, c);
  }
  return { data, width, height: side };
}

/** What each family's own predictor feeds (families.md): frame, order, padding point. */
function decoderPrompt({ family, promptFrame }: SemanticModel, prompt: PromptMessage): DecoderPrompt {
  const scale = family === 'efficientsam' ? 1 : promptFrame / SOURCE.width;
  const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = prompt.box ?? [];
  const corners: DecoderPrompt['points'] = prompt.box
    ? [
        { x: x1, y: y1, label: 2 },
        { x: x2, y: y2, label: 3 },
      ]
    : [];
  const clicks: DecoderPrompt['points'] = prompt.points ?? [];
  const padded = !prompt.box && ['sam', 'edgesam', 'efficientvit-sam'].includes(family);
  const ordered = family === 'efficientsam' ? [...corners, ...clicks] : [...clicks, ...corners];
  const points = [...ordered, ...(padded ? [{ x: 0, y: 0, label: -1 as const }] : [])];
  const mask = prompt.mask && new Float32Array(GRID * GRID).map((_, i) => ((i % GRID) * 4 < HALF ? 10 : -10));
  return {
    points: points.map(({ x, y, label }) => ({ x: x * scale, y: y * scale, label })),
    ...(mask ? { mask } : {}),
  };
}

function chosen(family: Family, { iou }: ReferenceAnswer, { points }: DecoderPrompt): number {
  if (family === 'edgesam' || family === 'efficientvit-sam') return 0;
  const official = family === 'sam' ? (points.length - 2.5) * 1000 : 0;
  const scores = iou.map((score, k) => score + (k === 0 ? official : 0));
  return scores.indexOf(Math.max(...scores));
}

function topRows(plane: Plane, height: number): Plane {
  return { data: plane.data.subarray(0, plane.width * height), width: plane.width, height };
}

/** COCO's compressed runs: five bits a character, each run from the third on as difference to that two before. */
function compress(runs: readonly number[]): string {
  let text = '';
  runs.forEach((run, i) => {
    let rest = i > 2 ? run - (runs[i - 2] ?? 0) : run;
    for (;;) {
      const bits = rest & 31;
      rest >>= 5;
      const done = bits & 16 ? rest === -1 : rest === 0;
      text += String.fromCharCode(48 + (done ? bits : bits | 32));
      if (done) break;
    }
  });
  return text;
}

/** Row-major, true inside. */
function decompress(counts: string): boolean[] {
  const runs: number[] = [];
  for (let at = 0; at < counts.length; ) {
    let [run, shift, code] = [0, 0, 32];
    while (code & 32) {
      code = counts.charCodeAt(at++) - 48;
      run |= (code & 31) << shift;
      shift += 5;
    }
    if (code & 16) run |= -1 << shift;
    runs.push(runs.length > 2 ? run + (runs.at(-2) ?? 0) : run);
  }
  const { width, height } = SOURCE;
  const inside = new Array<boolean>(width * height).fill(false);
  let from = 0;
  runs.forEach((run, i) => {
    for (let at = from; i % 2 === 1 && at < from + run; at++) {
      inside[(at % height) * width + Math.floor(at / height)] = true;
    }
    from += run;
  });
  expect(from).toBe(width * height);
  return inside;
}

function nextMessage(client: mqtt.MqttClient, wanted: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    client.on('message', (topic, payload) => {
      if (topic === wanted) resolve(JSON.parse(payload.toString()));
      if (topic === wanted.replace(/masks$/, 'errors')) reject(new Error(payload.toString()));
    });
  });
}

async function states(client: mqtt.MqttClient, base: string, wanted: readonly string[]): Promise<void> {
  const missing = new Set(wanted);
  await new Promise<void>((resolve) => {
    client.on('message', (topic, payload) => {
      if (topic !== `${base}/state` && topic !== `${base}/still/state`) return;
      missing.delete(JSON.parse(payload.toString()).state);
      if (missing.size === 0) resolve();
    });
  });
}

async function end(service: ChildProcess): Promise<void> {
  if (service.exitCode !== null || service.signalCode !== null) return;
  const exited = once(service, 'exit');
  service.kill('SIGTERM');
  await exited;
}
