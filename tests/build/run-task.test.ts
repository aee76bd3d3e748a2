import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { z } from 'zod';
import { ChildDiedError, runTask, type TaskOptions } from '../../src/build/run-task.js';
import type { Task } from '../../src/build/tasks.js';
import { ConfigError, SamwireError, UnavailableError } from '../../src/errors.js';
import { emptyDirectory } from '../models/directories.js';

const TASK: Task = { task: 'reference', modelDir: '/m', threads: 1, answers: '/a' };
const START = `
  import { writeSync } from 'node:fs';
  const send = (message) => writeSync(3, JSON.stringify(message) + '\\n');
`;

/** A program in the place of the child. */
async function program(code: string): Promise<string> {
  const path = join(await emptyDirectory(), 'child.mjs');
  await writeFile(path, START + code);
  return path;
}

async function run(code: string, options: TaskOptions = {}): Promise<unknown> {
  return runTask(TASK, z.unknown(), { ...options, program: await program(code) });
}

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

async function gone(pid: number): Promise<void> {
  while (alive(pid)) await new Promise((resolve) => setTimeout(resolve, 10));
}

describe('a task in a process of its own', () => {
  it('gets its request on standard input and gives its result', async () => {
    const echo = `process.stdin.once('data', (text) => { send({ result: JSON.parse(text) }); process.exit(); });`;
    expect(await run(echo)).toEqual(TASK);
  });

  it('tells its progress, and what is no message of ours is left out', async () => {
    const seen: [string, number][] = [];
    const code = `
      send({ phase: 'parse', fraction: 0.5 });
      writeSync(3, 'something else\\n{"half": \\n');
      send({ phase: 'build', fraction: -1 });
      send({ result: 1 });
      process.exit();`;
    await run(code, { onProgress: (phase, fraction) => seen.push([phase, fraction]) });
    expect(seen).toEqual([
      ['parse', 0.5],
      ['build', -1],
    ]);
  });

  it.each([
    ['samwire', SamwireError, { code: 'device_failed', message: 'the GPU is lost' }],
    ['config', ConfigError, { message: 'no such file', faults: [{ path: 'a', expected: 'b', got: 'c' }] }],
    ['unavailable', UnavailableError, { message: 'not here' }],
  ])('fails with an error of the same kind: %s', async (kind, kindOf, body) => {
    const failed = JSON.stringify({ failed: { kind, faults: [], ...body } });
    const running = run(`send(${failed}); process.exit();`);
    await expect(running).rejects.toThrow(kindOf);
    await expect(running).rejects.toMatchObject(body);
  });

  it('that gives what nobody asked for is a fault', async () => {
    const path = await program(`send({ result: 'three' }); process.exit();`);
    await expect(runTask(TASK, z.number(), { program: path })).rejects.toThrow(z.ZodError);
  });
});

describe('a task that tells nothing', () => {
  it('is told of every ten minutes until it tells something, and goes on', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => void vi.useRealTimers());
    const quiet: [string, number][] = [];
    const stop = new AbortController();
    let told = (): void => undefined;
    const started = new Promise<void>((resolve) => {
      told = resolve;
    });
    const running = run(`send({ phase: 'build', fraction: 0 }); setTimeout(() => undefined, 60_000);`, {
      signal: stop.signal,
      onProgress: () => told(),
      onQuiet: (task, minutes) => quiet.push([task, minutes]),
    });
    vi.advanceTimersByTime(9 * 60_000);
    await started;
    vi.advanceTimersByTime(9 * 60_000);
    expect(quiet).toEqual([]);
    vi.advanceTimersByTime(12 * 60_000);
    expect(quiet).toEqual([
      ['reference', 10],
      ['reference', 20],
    ]);
    stop.abort();
    await expect(running).rejects.toThrow(UnavailableError);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('the death of the process', () => {
  it('by a crash is a failed model with the signal, and what it wrote', async () => {
    const code = `process.stderr.write('terminate called', () => process.kill(process.pid, 'SIGABRT'));`;
    const running = run(code);
    await expect(running).rejects.toThrow(/"reference" crashed \(SIGABRT\)\. It wrote: terminate called/);
    await expect(running).rejects.toMatchObject({ code: 'model_failed', outOfMemory: false });
  });

  it('by SIGKILL is told as lack of memory', async () => {
    const running = run(`process.kill(process.pid, 'SIGKILL');`);
    await expect(running).rejects.toThrow(ChildDiedError);
    await expect(running).rejects.toThrow(/lack of memory.*--workspace-mb/s);
    await expect(running).rejects.toMatchObject({ outOfMemory: true });
  });

  it('without a result is told with its exit code, and progress is no result', async () => {
    await expect(run(`send({ phase: 'build', fraction: 1 }); process.exit(3);`)).rejects.toThrow(
      /exit code 3 and without a result/,
    );
  });
});

describe('a cancelled task', () => {
  it('is killed, also where it would not listen', async () => {
    const stop = new AbortController();
    let pid = 0;
    const code = `send({ phase: String(process.pid), fraction: 0 }); for (;;);`;
    const running = run(code, {
      signal: stop.signal,
      onProgress: (phase) => {
        pid = Number(phase);
        stop.abort();
      },
    });
    await expect(running).rejects.toThrow(UnavailableError);
    await gone(pid);
  });

  it('that was cancelled before it began starts no process', async () => {
    const seen: string[] = [];
    const running = run(`send({ phase: 'x', fraction: 0 });`, {
      signal: AbortSignal.abort(),
      onProgress: (phase) => seen.push(phase),
    });
    await expect(running).rejects.toThrow(UnavailableError);
    expect(seen).toEqual([]);
  });
});
