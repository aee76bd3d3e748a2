/** The code of docs/decode.md, run as it stands there against masks that the addon made. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FailedMaskItem, MaskItem, MasksMessage } from '../../src/masks/types.js';
import { loadAddon, PACKAGE_ROOT } from '../../src/native/addon.js';
import { croppedPng } from '../../src/outputs/png.js';
import { masksMessage } from '../outputs/messages.js';
import { page, pages } from './pages.js';

const addon = loadAddon();
const PAGE = page('docs/decode.md');
const [FUNCTIONS = '', PROGRAM = ''] = PAGE.blocks
  .filter(({ language }) => language === 'python')
  .map(({ text }) => text);
const SNIPPET = PAGE.blocks.find(({ language }) => language === 'ts')?.text ?? '';

const noNumpy = spawnSync('python3', ['-c', 'import numpy']).status !== 0;
if (noNumpy)
  console.warn(
    'The Python of docs/decode.md is not tested: python3 has no numpy (apt install python3-numpy)',
  );

interface Frame {
  readonly width: number;
  readonly height: number;
}

interface Case {
  readonly name: string;
  readonly item: MaskItem | FailedMaskItem;
  readonly frame: Frame;
  /** Row by row, 0 or 1. */
  readonly mask: Uint8Array | null;
}

const directory = mkdtempSync(join(tmpdir(), 'samwire-decode-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function paint({ width, height }: Frame, inside: (x: number, y: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: width * height }, (_, p) =>
    Number(inside(p % width, Math.floor(p / width))),
  );
}

/** A ring with an island in its hole, and a second blob: holes, nested and separate parts, ragged edges. */
function blobs(frame: Frame): Uint8Array {
  const [cx, cy, r] = [frame.width * 0.4, frame.height * 0.5, Math.min(frame.width, frame.height) * 0.4];
  return paint(frame, (x, y) => {
    const [dx, dy] = [x - cx, y - cy];
    const far = Math.hypot(dx, dy) / (r * (1 + 0.08 * Math.sin(9 * Math.atan2(dy, dx))));
    return far < 0.15 || (far > 0.4 && far < 1) || x > frame.width * 0.92;
  });
}

/** Pixels that have nothing to do with each other. */
function noise(frame: Frame): Uint8Array {
  let state = 1;
  return paint(frame, () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return state >>> 30 === 0;
  });
}

async function itemOf(mask: Uint8Array, { width, height }: Frame): Promise<MaskItem> {
  const { counts, area, box } = addon.maskToRle(mask, width, height);
  return {
    id: 'a',
    score: 0.9,
    stability: 0.9,
    area,
    box,
    centroid: addon.rleCentroid(counts, width, height),
    rle: { size: [height, width], counts },
    ...(box ? { png: await croppedPng({ mask, width, height, box }) } : {}),
    polygons: addon.rleToPolygons(counts, width, height, 0),
  };
}

function only(item: MaskItem, ...keys: ('rle' | 'png' | 'polygons' | 'lowres')[]): MaskItem {
  const { rle: _rle, png: _png, polygons: _polygons, lowres: _lowres, ...bare } = item;
  return { ...bare, ...Object.fromEntries(keys.map((key) => [key, item[key]])) };
}

async function casesOf(name: string, mask: Uint8Array, frame: Frame): Promise<Case[]> {
  const item = await itemOf(mask, frame);
  const encodings = item.box ? (['rle', 'png', 'polygons'] as const) : (['rle'] as const);
  return encodings.map((key) => ({ name: `${name} as ${key}`, item: only(item, key), frame, mask }));
}

/** The decoder's grid, and the frame's mask where each pixel takes the cell that it lies in. */
function lowresCase(frame: Frame, grid: Frame): Case {
  const cells = blobs(grid);
  const scale = [frame.width / grid.width, frame.height / grid.height] as const;
  const { counts } = addon.maskToRle(cells, grid.width, grid.height);
  const mask = paint(frame, (x, y) => {
    const column = Math.floor((x + 0.5) / scale[0]);
    return cells[Math.floor((y + 0.5) / scale[1]) * grid.width + column] === 1;
  });
  const item: MaskItem = { id: 'a', score: 1, stability: 1, area: 9, box: [0, 0, 1, 1], centroid: [0, 0] };
  const lowres = { size: [grid.height, grid.width] as const, counts, scale };
  return { name: `lowres of ${frame.width}×${frame.height}`, item: { ...item, lowres }, frame, mask };
}

async function allCases(): Promise<Case[]> {
  const odd = { width: 67, height: 43 };
  const large = { width: 1920, height: 1080 };
  const dot = { width: 1, height: 1 };
  const parts = await Promise.all([
    casesOf('blobs', blobs(odd), odd),
    casesOf('blobs of 1080p', blobs(large), large),
    casesOf('noise', noise(odd), odd),
    casesOf(
      'a full mask',
      paint(odd, () => true),
      odd,
    ),
    casesOf(
      'an empty mask',
      paint(odd, () => false),
      odd,
    ),
    casesOf(
      'one pixel',
      paint(dot, () => true),
      dot,
    ),
    casesOf(
      'the last pixel',
      paint(odd, (x, y) => x === 66 && y === 42),
      odd,
    ),
  ]);
  const error = { code: 'invalid_message', message: 'outside' } as const;
  return [
    ...parts.flat(),
    lowresCase({ width: 320, height: 240 }, { width: 256, height: 192 }),
    lowresCase({ width: 301, height: 213 }, { width: 256, height: 181 }),
    lowresCase({ width: 90, height: 160 }, { width: 144, height: 256 }),
    { name: 'a failed item', item: { id: 'a', error }, frame: odd, mask: null },
    { name: 'no encoding', item: only(await itemOf(blobs(odd), odd)), frame: odd, mask: null },
  ];
}

/** The masks that the page's Python makes of the items; the harness around it only carries them. */
function decodeInPython(cases: readonly Case[]): (Uint8Array | null)[] {
  const script = join(directory, 'decode.py');
  const carry = `
import json, sys
for line in sys.stdin:
    case = json.loads(line)
    mask = mask_of(case["item"], case["frame"])
    if mask is not None:
        assert mask.dtype == bool and mask.shape == (case["frame"]["height"], case["frame"]["width"])
    print("" if mask is None else base64.b64encode(np.packbits(mask).tobytes()).decode())
`;
  writeFileSync(script, FUNCTIONS + carry);
  const input = cases.map(({ item, frame }) => `${JSON.stringify({ item, frame })}\n`).join('');
  const out = execFileSync('python3', [script], { input, maxBuffer: 64 << 20 })
    .toString()
    .split('\n');
  return cases.map(({ frame }, i) => {
    const bits = Buffer.from(out[i] ?? '', 'base64');
    if (bits.length === 0) return null;
    return Uint8Array.from(
      { length: frame.width * frame.height },
      (_, p) => ((bits[p >> 3] ?? 0) >> (7 - (p & 7))) & 1,
    );
  });
}

type MaskOf = (item: MaskItem | FailedMaskItem, frame: Frame) => Uint8Array | null;

/** Compiled as a user would who is strict. */
async function snippet(): Promise<{ maskOf: MaskOf }> {
  const path = join(directory, 'decode.ts');
  writeFileSync(path, SNIPPET);
  writeFileSync(join(directory, 'package.json'), '{ "type": "module" }');
  const { status, stdout } = spawnSync(
    join(PACKAGE_ROOT, 'node_modules/.bin/tsc'),
    [
      ...[
        '--ignoreConfig',
        '--strict',
        '--noUncheckedIndexedAccess',
        '--target',
        'es2022',
        '--module',
        'nodenext',
      ],
      ...['--typeRoots', join(PACKAGE_ROOT, 'node_modules/@types'), '--types', 'node', path],
    ],
    { encoding: 'utf8' },
  );
  expect(stdout).toBe('');
  expect(status).toBe(0);
  return import(pathToFileURL(join(directory, 'decode.js')).href);
}

function same(a: Uint8Array | null, b: Uint8Array | null): boolean {
  return a === null || b === null ? a === b : Buffer.compare(a, b) === 0;
}

function iou(a: Uint8Array, b: Uint8Array): number {
  let [both, either] = [0, 0];
  for (let i = 0; i < a.length; i += 1) {
    both += (a[i] ?? 0) & (b[i] ?? 0);
    either += (a[i] ?? 0) | (b[i] ?? 0);
  }
  return both / either;
}

describe('the code of docs/decode.md', () => {
  let cases: Case[];
  let maskOf: MaskOf;
  beforeAll(async () => {
    cases = await allCases();
    ({ maskOf } = await snippet());
  });

  it('in TypeScript decodes every encoding bit for bit', () => {
    expect(cases.length).toBeGreaterThan(20);
    const wrong = cases.filter(({ item, frame, mask }) => !same(maskOf(item, frame), mask));
    expect(wrong.map(({ name }) => name)).toEqual([]);
  });

  it.skipIf(noNumpy)('in Python decodes every encoding bit for bit, with plain numpy', () => {
    const masks = decodeInPython(cases);
    const wrong = cases.filter(({ mask }, i) => !same(masks[i] ?? null, mask));
    expect(wrong.map(({ name }) => name)).toEqual([]);
  });

  it.skipIf(noNumpy)('in Python reads a masks message from a pipe', async () => {
    const frame = { width: 64, height: 48 };
    const item = await itemOf(blobs(frame), frame);
    const message: MasksMessage = masksMessage([
      item,
      { id: 'off', error: { code: 'internal', message: 'x' } },
    ]);
    const script = join(directory, 'program.py');
    writeFileSync(script, `${FUNCTIONS}\n${PROGRAM}`);
    const out = execFileSync('python3', [script], { input: JSON.stringify(message) }).toString();
    expect(out).toBe(`a ${item.area} pixels\noff no mask\n`);
  });

  it('finds the masks of the examples again in polygons that were simplified by a pixel', () => {
    const masks = pages()
      .flatMap(({ blocks }) => blocks)
      .filter(({ language, text }) => language === 'json' && text.includes('"rle":'))
      .flatMap(({ text }) => JSON.parse(text).masks as MaskItem[])
      .filter(({ rle }) => rle && !rle.counts.endsWith('…'));
    expect(masks.length).toBeGreaterThan(0);
    for (const { rle, ...item } of masks) {
      const [height, width] = rle?.size ?? [0, 0];
      const polygons = addon.rleToPolygons(rle?.counts ?? '', width, height, 1);
      const decoded = maskOf({ ...item, polygons }, { width, height }) ?? new Uint8Array();
      expect(iou(decoded, addon.rleToMask(rle?.counts ?? '', width, height))).toBeGreaterThanOrEqual(0.98);
    }
  });

  it('finds the mask again in polygons that were simplified by a pixel, holes and islands too', () => {
    for (const frame of [
      { width: 320, height: 240 },
      { width: 1280, height: 720 },
    ]) {
      const mask = blobs(frame);
      const { width, height } = frame;
      const { counts } = addon.maskToRle(mask, width, height);
      const polygons = addon.rleToPolygons(counts, width, height, 1);
      expect(polygons.map(({ holes }) => holes.length).sort()).toEqual([0, 0, 1]);
      const item = {
        id: 'a',
        score: 1,
        stability: 1,
        area: 1,
        box: [0, 0, 1, 1] as const,
        centroid: null,
        polygons,
      };
      const decoded = maskOf(item, frame) ?? new Uint8Array();
      expect(iou(decoded, mask)).toBeGreaterThanOrEqual(0.98);
      const inHole =
        Math.round(height / 2) * width + Math.round(width * 0.4 + Math.min(width, height) * 0.11);
      expect([mask[inHole], decoded[inHole]]).toEqual([0, 0]);
    }
  });
});
