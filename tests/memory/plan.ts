/** What tests/memory/open-close.mjs is told to open, and what it says of its process. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PACKAGE_ROOT } from '../../src/native/addon.js';
import { loading, runPlainProcess } from '../native-addon/addon-process.js';
import { type DoubleEngines, doubleEngines } from '../native-addon/double-engines.js';

export type Part = 'frames' | 'cameras' | 'tensorrt' | 'onnx' | 'build' | 'service';

export interface Sample {
  readonly turn: number;
  readonly fds: number;
  readonly threads: number;
  readonly handles: number;
  readonly frames: number;
  readonly rssMiB: number;
  readonly heapMiB: number;
  readonly externalMiB: number;
}

export interface Plan {
  /** A package whose addon is on the doubles. */
  readonly root: string;
  /** In which turns each is opened: 1 in each, 10 in every tenth. */
  readonly parts: Readonly<Partial<Record<Part, number>>>;
  readonly turns: number;
  readonly warmUp: number;
  /** Counts beside the first one. */
  readonly samples: number;
  /** Of a real Mosquitto, where the service is a part. */
  readonly broker?: string;
}

export interface Run {
  readonly samples: readonly Sample[];
  /** Objects of the doubles of CUDA and TensorRT that lived when the process ended, and what was misused. */
  readonly double: string;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

export interface RunOptions {
  /** Put before `node`: a tool that runs it. */
  readonly command?: readonly string[];
  readonly nodeOptions?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const PROGRAM = fileURLToPath(new URL('open-close.mjs', import.meta.url));
const MODEL = join(PACKAGE_ROOT, 'engines/samwire-tiny');

/** A second of a moving ball, as a camera's file. */
function clipIn(dir: string): string {
  const clip = join(dir, 'clip.avi');
  const text = `videotestsrc num-buffers=25 pattern=ball ! video/x-raw,width=64,height=48,framerate=25/1 ! jpegenc ! avimux ! filesink location=${clip}`;
  const made = spawnSync('gst-launch-1.0', ['-q', ...text.split(' ')], { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`No clip could be made: ${made.stderr}`);
  return clip;
}

async function enginesIn(dir: string, root: string): Promise<DoubleEngines> {
  const engines = await doubleEngines(dir);
  const script = `${loading(`${root}/build/Release/samwire.node`)}
    for (const request of ${JSON.stringify(engines.requests)}) addon.buildEngine(request, 1);`;
  const { code, output } = await runPlainProcess(script, 120_000);
  if (code !== 0) throw new Error(`The engines could not be built: ${output}`);
  return engines;
}

const serviceOf = (broker: string, cache: string) => ({
  version: 1,
  node: { id: 'n1' },
  mqtt: { url: broker },
  cameras: {
    front: { source: 'test://ball', width: 64, height: 48, fps: 50 },
    gone: { source: 'file:///none/of/these.mp4' },
  },
  model: { name: 'samwire-tiny', backend: 'onnx', paths: [join(MODEL, '..')], threads: 1, cache },
  outputs: { frames: 'jpeg', labels: true },
  http: { port: 0 },
  stats: { intervalMs: 250 },
});

/** Runs the program in a process of its own, and resolves when that has ended. */
export async function openAndClose(plan: Plan, options: RunOptions = {}): Promise<Run> {
  const dir = mkdtempSync(join(tmpdir(), 'samwire-memory-'));
  try {
    const needsEngines = plan.parts.tensorrt !== undefined || plan.parts.build !== undefined;
    const whole = {
      ...plan,
      model: MODEL,
      ...(plan.parts.cameras === undefined ? {} : { clip: clipIn(dir) }),
      ...(needsEngines ? { engines: await enginesIn(dir, plan.root) } : {}),
      ...(plan.broker === undefined ? {} : { service: serviceOf(plan.broker, join(dir, 'cache')) }),
    };
    const file = join(dir, 'plan.json');
    writeFileSync(file, JSON.stringify(whole));
    return await run(file, dir, options);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function run(
  file: string,
  dir: string,
  { command = [], nodeOptions = [], env = {} }: RunOptions,
): Promise<Run> {
  const report = join(dir, 'double.txt');
  const [program = '', ...args] = [
    ...command,
    process.execPath,
    '--expose-gc',
    ...nodeOptions,
    PROGRAM,
    file,
  ];
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, SAMWIRE_DOUBLE_REPORT: report, ...env },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-20_000);
  });
  return new Promise((resolve) => {
    child.once('close', (code, signal) => {
      const samples = stdout
        .trim()
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as Sample);
      resolve({ samples, double: reportOf(report), code, signal, stderr });
    });
  });
}

/** Empty where no double was used. */
function reportOf(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return '';
  }
}
