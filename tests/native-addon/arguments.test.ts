import { afterAll, describe, expect, it } from 'vitest';
import { loadAddon } from '../../src/native/addon.js';
import { COLOUR_BINS } from '../../src/native/colours.js';
import { PATCH_CELLS } from '../../src/native/patches.js';

const addon = loadAddon();
const functions = addon as unknown as Record<string, (...args: unknown[]) => unknown>;

/** No array to the addon, unlike to Array.isArray. */
const PROXY = new Proxy([], {});

const SAMPLES: readonly (readonly [string, unknown])[] = [
  ['undefined', undefined],
  ['null', null],
  ['true', true],
  ['1', 1],
  ['1.5', 1.5],
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['1e300', 1e300],
  ['-1e300', -1e300],
  ['2n', 2n],
  ['"text"', 'text'],
  ['symbol', Symbol('s')],
  ['{}', {}],
  ['[]', []],
  ['function', () => {}],
  ['Float32Array', new Float32Array(3)],
  ['Float64Array', new Float64Array(3)],
  ['Uint8Array', new Uint8Array(3)],
  ['DataView', new DataView(new ArrayBuffer(8))],
  ['ArrayBuffer', new ArrayBuffer(8)],
  ['Proxy', PROXY],
];

const finite = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value);
const whole = (value: unknown): boolean => Number.isInteger(value) && Math.abs(value as number) < 2 ** 31;

/** Which samples are no error where a good value of this kind stands. */
const ALLOWED: Record<string, (value: unknown) => boolean> = {
  number: finite,
  int: whole,
  // Where a number counts something, from 0 to 2^53.
  count: (value) => finite(value) && (value as number) >= 0 && (value as number) < 2 ** 53,
  // Of a frame that may be gone.
  id: (value) => value === 1,
  string: (value) => typeof value === 'string',
  boolean: (value) => typeof value === 'boolean',
  function: (value) => typeof value === 'function',
  strings: (value) => Array.isArray(value) && value !== PROXY,
  level: (value) => value === null || finite(value),
  indices: (value) => value === undefined || (Array.isArray(value) && value !== PROXY),
  // 1 is in range, no other sample is.
  side: (value) => value === 1,
  // Undefined: a new one.
  rgb: (value) => value === undefined || (value instanceof Uint8Array && value.length === 3),
  area: (value) => finite(value) && (value as number) >= 0 && (value as number) < 2 ** 31,
  never: () => false,
};

const imageSpec = {
  width: 8,
  height: 8,
  fit: 'letterbox',
  rounding: 'round',
  filter: 'bilinear',
  channels: 'rgb',
  scale: 1,
  mean: [0, 0, 0],
  std: [1, 1, 1],
  padLevel: null,
};
const imageKinds = {
  width: 'int',
  height: 'int',
  fit: 'never',
  rounding: 'never',
  filter: 'never',
  channels: 'never',
  scale: 'number',
  mean: 'never',
  std: 'never',
  padLevel: 'level',
};
const placement = { x: 0, y: 0, width: 8, height: 8, tensorWidth: 8, tensorHeight: 8 };
const maskSpec = {
  gridWidth: 4,
  gridHeight: 4,
  placement,
  frameWidth: 16,
  frameHeight: 16,
  viaInput: true,
  threshold: 0,
  inclusive: false,
  stabilityOffset: 1,
};
const maskKinds = {
  gridWidth: 'int',
  gridHeight: 'int',
  placement: { x: 'int', y: 'int', width: 'int', height: 'int', tensorWidth: 'int', tensorHeight: 'int' },
  frameWidth: 'int',
  frameHeight: 'int',
  viaInput: 'boolean',
  threshold: 'number',
  inclusive: 'boolean',
  stabilityOffset: 'number',
};
const cameraOptions = {
  pipeline: 'fakesrc',
  depth: false,
  sync: false,
  loop: false,
  historyMs: 1,
  historyBytes: 1,
  clockOffsetMs: 0,
  lastSeq: 0,
};
const cameraKinds = {
  pipeline: 'string',
  depth: 'boolean',
  sync: 'boolean',
  loop: 'boolean',
  historyMs: 'number',
  historyBytes: 'count',
  clockOffsetMs: 'number',
  lastSeq: 'count',
};

const depthModel = { fx: 1, fy: 1, cx: 0, cy: 0, scale: 1, nearest: 1, farthest: 2 };
const depthKinds = {
  fx: 'number',
  fy: 'number',
  cx: 'number',
  cy: 'number',
  scale: 'number',
  nearest: 'side',
  farthest: 'side',
};

const picture = { format: 'RGB', width: 2, height: 2, data: new Uint8Array(12), timestamp: 0, seq: 1 };
const frame = addon.createFrame(picture as never);
const logits = new Float32Array(2 * 16);
// 4 x 4 pixels of background.
const EMPTY_4X4 = '`0';

interface Kinds {
  readonly [key: string]: string | Kinds;
}
interface Case {
  readonly args: readonly unknown[];
  /** Of each argument: the kind of its value, or those of its properties. */
  readonly kinds: readonly (string | Kinds)[];
}

const CASES: Record<string, Case> = {
  setErrorClass: { args: [Error], kinds: ['function'] },
  createFrame: {
    args: [picture],
    kinds: [
      {
        format: 'never',
        width: 'never',
        height: 'never',
        data: 'never',
        timestamp: 'number',
        seq: 'count',
      },
    ],
  },
  cropFrame: { args: [frame.id, [0, 0, 1, 1]], kinds: ['id', 'never'] },
  retainFrame: { args: [0], kinds: ['id'] },
  releaseFrame: { args: [0], kinds: ['id'] },
  frameRgb: { args: [frame.id], kinds: ['id'] },
  scaledRgb: { args: [frame.id, 1, 1, new Uint8Array(3)], kinds: ['id', 'side', 'side', 'rgb'] },
  place: { args: [imageSpec, 4, 4], kinds: [imageKinds, 'int', 'int'] },
  prepareImage: {
    args: [frame.id, imageSpec, new Float32Array(3 * 64)],
    kinds: ['id', { ...imageKinds, width: 'never', height: 'never' }, 'never'],
  },
  masksFromLogits: { args: [logits, maskSpec, [0, 1]], kinds: ['never', maskKinds, 'indices'] },
  lowResMask: { args: [logits, maskSpec, 0], kinds: ['never', maskKinds, 'int'] },
  rleToMask: { args: [EMPTY_4X4, 4, 4], kinds: ['never', 'never', 'never'] },
  maskToRle: { args: [new Uint8Array(16), 4, 4], kinds: ['never', 'never', 'never'] },
  rleToPolygons: { args: [EMPTY_4X4, 4, 4, 0], kinds: ['never', 'never', 'never', 'number'] },
  rleIou: { args: [EMPTY_4X4, EMPTY_4X4, 4, 4], kinds: ['never', 'never', 'never', 'never'] },
  rleCentroid: { args: [EMPTY_4X4, 4, 4], kinds: ['never', 'never', 'never'] },
  paintLabels: { args: [[], 4, 4, 8], kinds: ['strings', 'side', 'side', 'never'] },
  rleDeepest: { args: [EMPTY_4X4, 4, 4], kinds: ['never', 'never', 'never'] },
  maskColours: { args: [frame.id, '4'], kinds: ['id', 'never'] },
  findColours: {
    args: [
      frame.id,
      new Float32Array(COLOUR_BINS),
      { area: [0, 0, 2, 2], width: 2, height: 2, expected: [1, 1], sigma: 1, peaks: 1 },
    ],
    kinds: [
      'id',
      'never',
      { area: 'never', width: 'number', height: 'number', expected: 'never', sigma: 'number', peaks: 'int' },
    ],
  },
  samplePatch: { args: [frame.id, '4', [0, 0, 2, 2]], kinds: ['id', 'never', 'never'] },
  findPatches: {
    args: [frame.id, [new Float32Array(2 * PATCH_CELLS)], [0, 0, 2, 2]],
    kinds: ['id', 'strings', 'never'],
  },
  polygonsToRle: { args: [[new Float64Array(6)], 4, 4], kinds: ['strings', 'side', 'side'] },
  masksFromPrototypes: {
    args: [logits, Float32Array.of(1, 1), Float32Array.of(0, 0, 4, 4), maskSpec],
    kinds: ['never', 'never', 'never', maskKinds],
  },
  rleAreaInBox: {
    args: [EMPTY_4X4, 4, 4, 0, 0, 4, 4],
    kinds: ['never', 'never', 'never', 'int', 'int', 'int', 'int'],
  },
  layRles: { args: [[{ counts: EMPTY_4X4, add: true }], 4, 4], kinds: ['strings', 'never', 'never'] },
  addSoftEdges: {
    args: [logits, maskSpec, 0, new Float32Array(256)],
    kinds: ['never', { ...maskKinds, frameWidth: 'never', frameHeight: 'never' }, 'int', 'never'],
  },
  edgeMap: { args: [new Float32Array(16), 4, 4], kinds: ['never', 'never', 'never'] },
  boundaryCounts: {
    args: [
      {
        width: 4,
        height: 4,
        edges: new Uint8Array(16),
        level: 1,
        truths: [new Uint8Array(16)],
        maxDistance: 2,
        thin: true,
      },
    ],
    kinds: [
      {
        width: 'never',
        height: 'never',
        edges: 'never',
        level: 'int',
        truths: 'strings',
        maxDistance: 'number',
        thin: 'boolean',
      },
    ],
  },
  rleToLogits: {
    args: ['P8', maskSpec, 10, new Float32Array(16)],
    kinds: ['never', maskKinds, 'number', 'never'],
  },
  uncropRle: { args: [EMPTY_4X4, [0, 0, 4, 4], 8, 8], kinds: ['never', 'never', 'never', 'never'] },
  sampleRle: {
    args: [EMPTY_4X4, 4, 4, 2, 2],
    kinds: ['never', 'never', 'never', 'side', 'side'],
  },
  removeSmallRegions: { args: [EMPTY_4X4, 4, 4, 3], kinds: ['never', 'never', 'never', 'area'] },
  rleContains: {
    args: [EMPTY_4X4, 4, 4, Float32Array.of(1, 1)],
    kinds: ['never', 'never', 'never', 'never'],
  },
  rleIouMatrix: {
    args: [[EMPTY_4X4], [EMPTY_4X4], 4, 4],
    kinds: ['strings', 'strings', 'never', 'never'],
  },
  cameraPipeline: {
    args: [{ source: 'test://ball', depth: true, width: 8, height: 8, fps: 1 }],
    kinds: [{ source: 'never', depth: 'boolean', width: 'int', height: 'int', fps: 'number' }],
  },
  openCamera: { args: [cameraOptions, () => {}], kinds: [cameraKinds, 'function'] },
  linkedDepth: { args: [frame.id], kinds: ['id'] },
  measureDepth: {
    args: [frame.id, EMPTY_4X4, 4, 4, depthModel],
    kinds: ['id', 'never', 'never', 'never', depthKinds],
  },
  gstElements: { args: [['fakesrc']], kinds: ['strings'] },
  exitNow: { args: [], kinds: ['int'] },
  // Nobody listens there: it throws whatever the second argument is.
  notifyManager: { args: ['@samwire-nobody', 'READY=1'], kinds: ['never', 'string'] },
};

/** Every way to put a wrong value in place of a good one, or of one of its properties. */
function* wrongs(good: unknown, kinds: string | Kinds, path: string): Generator<[string, unknown]> {
  const kind = typeof kinds === 'string' ? kinds : 'never';
  const allowed = ALLOWED[kind];
  if (!allowed) throw new Error(`no kind ${kind}`);
  for (const [name, value] of SAMPLES) if (!allowed(value)) yield [`${path} = ${name}`, value];
  if (typeof kinds === 'string') return;
  const object = good as Record<string, unknown>;
  for (const [key, inner] of Object.entries(kinds))
    for (const [name, value] of wrongs(object[key], inner, `${path}.${key}`))
      yield [name, { ...object, [key]: value }];
}

afterAll(() => addon.releaseFrame(frame.id));

describe('the addon', () => {
  it('has these functions, and those without arguments', () => {
    const others = ['about', 'framesInUse', 'tensorrtStatus', 'buildEngine', 'openTensorrt'];
    expect(Object.keys(functions).sort()).toEqual([...Object.keys(CASES), ...others].sort());
  });

  it.each(Object.entries(CASES))('%s refuses arguments of wrong types', (name, { args, kinds }) => {
    const call = functions[name];
    if (!call) throw new Error(`no function ${name}`);
    const accepted: string[] = [];
    for (const [i, kind] of kinds.entries()) {
      for (const [what, value] of wrongs(args[i], kind, `argument ${i + 1}`)) {
        try {
          call(...args.slice(0, i), value, ...args.slice(i + 1));
          accepted.push(what);
        } catch (error) {
          if (!(error instanceof Error)) accepted.push(`${what} threw ${String(error)}`);
        }
      }
    }
    expect(accepted).toEqual([]);
    expect(() => call()).toThrow();
  });

  it.each(
    Object.entries(CASES).filter(
      ([name]) => !['exitNow', 'notifyManager', 'setErrorClass', 'openCamera'].includes(name),
    ),
  )('%s takes the arguments that the wrong ones were made of', (name, { args }) => {
    expect(() => functions[name]?.(...args)).not.toThrow();
  });

  it('refuses cameras that are called on something else', async () => {
    const camera = addon.openCamera(cameraOptions, () => {});
    for (const method of [camera.acquire, camera.link, camera.stats, camera.close] as ((
      which: string,
    ) => unknown)[])
      for (const self of [undefined, {}, [], addon])
        expect(() => method.call(self as never, 'latest')).toThrow();
    for (const which of [undefined, null, 'newest', 1, {}, { seq: 'x' }, { seq: 1e300 }, { timestamp: 1 }])
      expect(() => camera.acquire(which as never)).toThrow();
    for (const args of [[], ['1', 5], [1], [1, 'x'], [-1, 5], [1, Number.NaN]])
      expect(() => (camera.link as (...wrong: unknown[]) => void).apply(camera, args)).toThrow();
    expect(() => camera.link(frame.id, 5)).not.toThrow();
    await camera.close();
  });
});

describe('memory that the addon is given', () => {
  it('may be detached by a getter, and is then refused', () => {
    const detach = (array: Uint8Array | Float32Array): void => {
      structuredClone(array.buffer, { transfer: [array.buffer as ArrayBuffer] });
    };
    const data = new Uint8Array(12);
    const options = Object.defineProperty({ ...picture, data }, 'timestamp', {
      get: () => {
        detach(data);
        return 0;
      },
    });
    expect(() => addon.createFrame(options as never)).toThrow(/12 bytes/);

    const planes = new Float32Array(16);
    const spec = Object.defineProperty({ ...maskSpec }, 'threshold', {
      get: () => {
        detach(planes);
        return 0;
      },
    });
    expect(() => addon.masksFromLogits(planes, spec as never, [0])).toThrow(/plane 0/);
    expect(() => addon.lowResMask(planes, maskSpec as never, 0)).toThrow(/plane 0/);

    const out = new Float32Array(3 * 64);
    const image = Object.defineProperty({ ...imageSpec }, 'scale', {
      get: () => {
        detach(out);
        return 1;
      },
    });
    expect(() => addon.prepareImage(frame.id, image as never, out)).toThrow(/192 floats/);
  });

  it('is refused where its length does not fit', () => {
    const spec = maskSpec as never;
    expect(() => addon.masksFromLogits(new Float32Array(17), spec)).toThrow(/planes of 16/);
    expect(() => addon.masksFromLogits(new Float32Array(16), spec, [1])).toThrow(/plane 1/);
    expect(() => addon.masksFromLogits(new Float32Array(16), spec, [-1])).toThrow(/plane -1/);
    expect(() => addon.masksFromLogits(new Float32Array(16), spec, [2 ** 31 - 1])).toThrow(/plane/);
    for (const index of [Number.NaN, 0.5, 2 ** 32, '0', undefined])
      expect(() => addon.masksFromLogits(new Float32Array(16), spec, [index as never])).toThrow(/index/);
    expect(() => addon.masksFromLogits(new Float32Array(16), spec, new Array(2 ** 32 - 1))).toThrow(/index/);
    expect(addon.masksFromLogits(new Float32Array(0), spec)).toEqual([]);
    expect(() => addon.lowResMask(new Float32Array(16), spec, 1)).toThrow(/plane 1/);
    expect(() => addon.createFrame({ ...picture, width: 32769 } as never)).toThrow(/32768/);
    expect(() => addon.createFrame({ ...picture, width: 32768, height: 32768 } as never)).toThrow(
      /3221225472/,
    );
    expect(() => addon.rleToMask('0', 1, 2 ** 31 - 1)).toThrow(/65535/);
    expect(() => addon.rleToLogits(EMPTY_4X4, spec, 1, new Float32Array(15))).toThrow(/room/);
  });

  it('may hold NaN and infinities', () => {
    for (const value of [Number.NaN, Number.NEGATIVE_INFINITY])
      expect(addon.masksFromLogits(new Float32Array(16).fill(value), maskSpec as never)[0]).toMatchObject({
        area: 0,
        box: null,
      });
    expect(
      addon.masksFromLogits(new Float32Array(16).fill(Number.POSITIVE_INFINITY), maskSpec as never)[0],
    ).toMatchObject({ area: 256, box: [0, 0, 16, 16] });
  });
});
