/** The command line on a package whose addon runs on the doubles of CUDA and TensorRT, with a small model and a cache. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { EnginesRecord } from '../../src/build/record.js';
import type { MasksMessage } from '../../src/masks/types.js';
import { PACKAGE_ROOT } from '../../src/native/addon.js';
import { writeSemanticModel } from '../graphs/model-dir.js';
import { type Family, semanticModel } from '../graphs/semantics.js';
import { emptyDirectory } from '../models/directories.js';

type Precision = EnginesRecord['encoder']['identity']['precision'];

/** A cache, a config and a model of the tests, whose manifest wishes for these precisions. */
export interface Place {
  readonly dir: string;
  readonly model: string;
  /** The model's folder in the cache. */
  readonly folder: string;
  readonly config: string;
}

export interface PlaceOptions {
  readonly family?: Family;
  readonly encoder?: Precision;
  readonly decoder?: Precision;
  /** More keys of the config. */
  readonly more?: Record<string, unknown>;
}

/** No command takes this long; one that does is ended. */
const HANGS_MS = 300_000;

/** What every config of these tests has; runs of few prompts, since the double computes on the CPU. */
export const MAX_PROMPTS = 4;

export async function place(options: PlaceOptions = {}): Promise<Place> {
  return placeIn(await emptyDirectory(), options);
}

/** A place of its own with the model and the engines of another: what was built once need not be built again. */
export async function copyOf(from: Place): Promise<Place> {
  const dir = await emptyDirectory();
  cpSync(join(from.dir, 'models'), join(dir, 'models'), { recursive: true });
  const copy = configIn(dir, {});
  cpSync(from.folder, copy.folder, { recursive: true });
  return copy;
}

/** As {@link place}, in a folder that the caller removes. */
export function placeIn(dir: string, options: PlaceOptions = {}): Place {
  const model = join(dir, 'models/tiny');
  writeSemanticModel(model, semanticModel(options.family ?? 'sam'), {}, 'tiny');
  changeManifest(model, (manifest) => {
    Object.assign(manifest.encoder as object, { precision: options.encoder ?? 'fp32' });
    Object.assign(manifest.decoder as object, { precision: options.decoder ?? 'fp32' });
  });
  return configIn(dir, options);
}

function configIn(dir: string, { more }: PlaceOptions): Place {
  const config = join(dir, 'samwire.yaml');
  const text = {
    version: 1,
    node: { id: 'n1' },
    mqtt: { url: 'mqtt://127.0.0.1:1' },
    model: {
      name: 'tiny',
      paths: [join(dir, 'models')],
      cache: join(dir, 'cache'),
      maxPrompts: MAX_PROMPTS,
      threads: 1,
    },
    ...more,
  };
  writeFileSync(config, JSON.stringify(text));
  const model = join(dir, 'models/tiny');
  return { dir, model, folder: cachedIn(dir, model), config };
}

/** The folder that the cache of a place has for a model, whose directory is called by the model's name. */
export function cachedIn(dir: string, model: string): string {
  const path = createHash('sha256').update(realpathSync(model)).digest('hex');
  return join(dir, 'cache', `${basename(model)}-${path.slice(0, 8)}`);
}

export function changeManifest(model: string, change: (manifest: Record<string, unknown>) => void): void {
  const path = join(model, 'manifest.json');
  const manifest = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  change(manifest);
  writeFileSync(path, JSON.stringify(manifest));
}

export function recordOf({ folder }: Place): EnginesRecord {
  return JSON.parse(readFileSync(join(folder, 'engines.json'), 'utf8')) as EnginesRecord;
}

export function plansOf({ folder }: Place): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.plan'))
    .sort();
}

/** What a build that is not at work leaves in the cache: two plans and their record. */
export function isWhole({ folder }: Place): boolean {
  const names = readdirSync(folder).sort();
  return names.length === 3 && names[0]?.startsWith('decoder-') === true && names[2] === 'engines.json';
}

export interface Program {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly ended: Promise<number | NodeJS.Signals | null>;
}

/** Starts `samwire` of the package at `root`, killed at the end of the test; `env` steers the doubles. */
export function start(root: string, args: readonly string[], env: Record<string, string> = {}): Program {
  const program = launch(root, args, env);
  onTestFinished(() => void program.child.kill('SIGKILL'));
  return program;
}

function launch(root: string, args: readonly string[], env: Record<string, string>): Program {
  const child = spawn(process.execPath, [join(root, 'dist/cli/main.js'), ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: HANGS_MS,
    killSignal: 'SIGKILL',
  });
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (more: string) => {
      text[name] += more;
    });
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) =>
    child.once('close', (code, signal) => resolve(code ?? signal)),
  );
  return { child, stdout: () => text.stdout, stderr: () => text.stderr, ended };
}

/** Runs it to its end. */
export async function finish(root: string, args: readonly string[], env: Record<string, string> = {}) {
  const program = launch(root, args, env);
  const code = await program.ended;
  return { code, stdout: program.stdout(), stderr: program.stderr() };
}

/** One picture through `samwire segment` of the package at `root`, as a user does; `model` is a name or a folder. */
export async function segmentBy(
  root: string,
  where: Place,
  model: string,
  backend: string,
  env: Record<string, string> = {},
) {
  const prompts = join(where.dir, 'p.json');
  writeFileSync(prompts, '{"prompts":[{"id":"mug","box":[1016,160,1236,371]}]}');
  const picture = join(PACKAGE_ROOT, 'assets/self-test/table.jpg');
  const args = ['segment', picture, '--prompts', prompts, '--model', model, '--backend', backend];
  const done = await finish(root, [...args, '--format', 'json', '--out', join(where.dir, 'out')], {
    SAMWIRE_CONFIG: where.config,
    ...env,
  });
  const masks = (): MasksMessage =>
    JSON.parse(readFileSync(join(where.dir, 'out/masks.json'), 'utf8')) as MasksMessage;
  return { ...done, masks };
}

/** Processes that run a task of src/build for this package. */
export function childrenOf(root: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(join(root, 'dist/build/child.js'));
      } catch {
        return false;
      }
    })
    .map(Number);
}

export async function until(condition: () => boolean, what: string, waitMs = 30_000): Promise<void> {
  const deadline = Date.now() + waitMs;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`Expected within ${waitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
