import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { z } from 'zod';
import { ConfigError, SamwireError, TransientError, UnavailableError } from '../errors.js';
import { PACKAGE_ROOT } from '../native/addon.js';
import { cpuTicks } from './cpu-time.js';
import { type ChildMessage, messageSchema, type Task } from './tasks.js';

/** Compiled, also when the sources run in a test. */
const CHILD = `${PACKAGE_ROOT}dist/build/child.js`;
/** Of what a child writes on its standard error, this much of the end is kept for the message. */
const STDERR_CHARACTERS = 2000;
/**
 * A task that tells nothing for so long is told of, and not ended: TensorRT 8 says nothing while it measures kernels, an
 * hour on a small board.
 */
const QUIET_MINUTES = 10;
/** How often it is asked whether a task that tells nothing computes at least. */
const LOOK_MS = 5000;
/** Computing alone is believed for so long after the last word: a loop without end computes, too. */
const MAX_SILENT_MS = 2 * 3_600_000;

/** The child did not come to its end. */
export class ChildDiedError extends SamwireError {
  /** True where it was most likely ended for lack of memory: what needs more will not fare better. */
  readonly outOfMemory: boolean;

  constructor(task: string, outOfMemory: boolean, how: string) {
    super('model_failed', `The process for "${task}" ${how}`);
    this.name = 'ChildDiedError';
    this.outOfMemory = outOfMemory;
  }
}

export interface TaskOptions {
  /**
   * A phase of the task, and how much of it is done: 0..1, -1 where that can't be told. A task that tells nothing for
   * minutes, and computes, has its last word repeated: a sign of life.
   */
  readonly onProgress?: (phase: string, fraction: number) => void;
  /** Called each time that the task, by its name, has told nothing for another ten minutes; with the minutes. */
  readonly onQuiet?: (task: string, minutes: number) => void;
  /** Kills the child; the promise rejects with an UnavailableError when it is gone. */
  readonly signal?: AbortSignal;
  /** Tests put a program of their own in the child's place. */
  readonly program?: string;
}

/**
 * Runs a task in a process of its own and resolves to its result.
 * @throws what the task threw, as the same kind of error; ChildDiedError.
 */
export async function runTask<T>(
  task: Task,
  schema: z.ZodType<T>,
  { onProgress, onQuiet, signal, program = CHILD }: TaskOptions = {},
): Promise<T> {
  if (signal?.aborted) throw cancelled();
  // A group of its own: a Ctrl-C at the terminal is for this process, which then ends the child.
  const child = spawn(process.execPath, [program], {
    stdio: ['pipe', 'ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const kill = (): void => void child.kill('SIGKILL');
  signal?.addEventListener('abort', kill);
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-STDERR_CHARACTERS);
  });
  // Left open: the child ends itself when it closes, because then this process is gone.
  child.stdin?.on('error', () => undefined).write(`${JSON.stringify(task)}\n`);
  let quietMinutes = 0;
  const quiet = setInterval(() => {
    quietMinutes += QUIET_MINUTES;
    onQuiet?.(task.task, quietMinutes);
  }, QUIET_MINUTES * 60_000);
  let last: Exclude<ChildMessage, { phase: string }> | undefined;
  const alive = signsOfLife(child.pid, (phase, fraction) => onProgress?.(phase, fraction));
  createInterface({ input: child.stdio[3] as Readable }).on('line', (line) => {
    const message = parse(line);
    if (message === undefined) return;
    quietMinutes = 0;
    quiet.refresh();
    if ('phase' in message) {
      alive.told(message);
      onProgress?.(message.phase, message.fraction);
    } else last = message;
  });
  try {
    const ended = await new Promise<Ending>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, by) => resolve({ code, by }));
    });
    if (signal?.aborted) throw cancelled();
    if (last === undefined) throw died(task.task, ended, stderr);
    if ('failed' in last) throw errorOf(last.failed);
    return schema.parse(last.result);
  } finally {
    clearInterval(quiet);
    alive.close();
    signal?.removeEventListener('abort', kill);
  }
}

type Word = Extract<ChildMessage, { phase: string }>;

/** Repeats a child's last word while it computes and says nothing. */
function signsOfLife(
  pid: number | undefined,
  repeat: (phase: string, fraction: number) => void,
): { told(word: Word): void; close(): void } {
  let word: Word = { phase: '', fraction: -1 };
  let toldAt = performance.now();
  let ticks = 0;
  const timer = setInterval(() => {
    const used = pid === undefined ? undefined : cpuTicks(pid);
    if (used === undefined || used <= ticks) return;
    ticks = used;
    const silentMs = performance.now() - toldAt;
    if (silentMs >= LOOK_MS && silentMs < MAX_SILENT_MS) repeat(word.phase, word.fraction);
  }, LOOK_MS);
  return {
    told: (next) => {
      word = next;
      toldAt = performance.now();
    },
    close: () => clearInterval(timer),
  };
}

interface Ending {
  readonly code: number | null;
  readonly by: NodeJS.Signals | null;
}

/** What is no message of ours (a library that writes to any descriptor) is left out. */
function parse(line: string): ChildMessage | undefined {
  try {
    return messageSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

/** What a build that its signal has stopped ends with. */
export function cancelled(): UnavailableError {
  return new UnavailableError('The building of engines was stopped.');
}

function died(task: string, { code, by }: Ending, stderr: string): ChildDiedError {
  const said = stderr.trim() === '' ? '' : ` It wrote: ${stderr.trim()}`;
  if (by === 'SIGKILL')
    return new ChildDiedError(
      task,
      true,
      'was killed (SIGKILL), most likely by the kernel for lack of memory (dmesg says so). End other programs, add ' +
        'swap, or build with a smaller --workspace-mb or --max-prompts.',
    );
  const how = by === null ? `ended with exit code ${code} and without a result.` : `crashed (${by}).`;
  return new ChildDiedError(task, false, `${how}${said}`);
}

function errorOf({
  kind,
  code,
  message,
  faults,
}: Extract<ChildMessage, { failed: unknown }>['failed']): Error {
  if (kind === 'config') return new ConfigError(message, faults);
  if (kind === 'unavailable') return new UnavailableError(message);
  if (kind === 'transient') return new TransientError(message);
  return new SamwireError(code ?? 'internal', message, { details: faults });
}
