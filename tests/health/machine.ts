import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { UnavailableError } from '../../src/errors.js';
import type { Host } from '../../src/health/host.js';
import type { TensorrtStatus } from '../../src/native/build-types.js';
import type { NativeAddon } from '../../src/native/types.js';

export interface MadeMachine {
  readonly host: Host;
  /** The machine's file system. */
  readonly root: string;
  remove(): void;
}

export interface MadeMachineOptions extends Partial<Omit<Host, 'root' | 'output' | 'addon'>> {
  readonly files?: Readonly<Record<string, string>>;
  /** Standard output by program name; a program that is not named is not installed. */
  readonly programs?: Readonly<Record<string, string>>;
  /** The GStreamer elements that exist; without them the addon can't be loaded. */
  readonly elements?: readonly string[];
  /** What the addon knows of TensorRT; compiled without, when left out. */
  readonly tensorrt?: TensorrtStatus;
  /** What the addon's `cameraPipeline` throws. */
  readonly pipelineFault?: string;
}

export const NOT_COMPILED: TensorrtStatus = {
  compiled: null,
  library: null,
  device: null,
  problem: { piece: 'headers', text: 'This addon was compiled without TensorRT.' },
};

export const ORIN_TENSORRT: TensorrtStatus = {
  compiled: '10.3.0',
  library: '10.3.0',
  device: {
    index: 0,
    name: 'Orin',
    computeCapability: '8.7',
    integrated: true,
    memoryBytes: 8e9,
    driverCuda: '12.6',
    runtimeCuda: '12.6',
  },
  problem: null,
};

/** A machine as the checks see it: a folder for its file system, canned programs, an addon that knows its elements. */
export function madeMachine(options: MadeMachineOptions = {}): MadeMachine {
  const { files = {}, programs = {}, elements, tensorrt = NOT_COMPILED, pipelineFault, ...facts } = options;
  const root = mkdtempSync(join(tmpdir(), 'samwire-machine-'));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  const addon = {
    about: () => ({ version: '0.1.0', gstreamer: '1.22.0', simd: 'avx2' }),
    tensorrtStatus: () => tensorrt,
    gstElements: (names: readonly string[]) =>
      Object.fromEntries(names.map((name) => [name, elements?.includes(name) ?? false])),
    cameraPipeline: () => {
      if (pipelineFault !== undefined) throw new Error(pipelineFault);
      return { pipeline: '', sync: false, loop: false, live: true };
    },
  } as Partial<NativeAddon> as NativeAddon;
  return {
    root,
    remove: () => rmSync(root, { recursive: true, force: true }),
    host: {
      arch: 'arm64',
      cores: 6,
      memoryBytes: 8e9,
      nodeVersion: '20.20.2',
      user: 'robot',
      now: () => Date.UTC(2026, 5, 1),
      ...facts,
      root,
      output: async (program) => programs[program.split('/').at(-1) ?? ''],
      addon: () => {
        if (elements) return addon;
        throw new UnavailableError('The native addon could not be loaded: gone. Run: bash scripts/setup.sh');
      },
    },
  };
}
