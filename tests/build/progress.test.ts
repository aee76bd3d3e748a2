import { afterEach, describe, expect, it, vi } from 'vitest';
import { type BuildProgress, Progress } from '../../src/build/progress.js';
import { progressBar, progressLines } from '../../src/build/progress-line.js';

function followed() {
  const seen: BuildProgress[] = [];
  const progress = new Progress((now) => seen.push(now));
  return { seen, progress, last: () => seen.at(-1)?.fraction ?? Number.NaN };
}

describe('the progress of a build', () => {
  it('never falls, over phases, rungs and phases that tell nothing, and ends at 1', () => {
    const { seen, progress } = followed();
    progress.start('onnx reference');
    for (const isLast of [false, false, true]) {
      progress.rung(['encoder', 'decoder', 'self-test'], isLast);
      for (const stage of ['encoder', 'decoder', 'self-test'] as const) {
        progress.stage(stage, stage);
        for (const fraction of [0.2, -1, 0.1, 0.9, 1]) progress.phase('build', fraction);
      }
    }
    const fractions = seen.map(({ fraction }) => fraction);
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
    expect(fractions.at(-1)).toBe(1);
    expect(fractions[0]).toBe(0);
  });

  it('gives the encoder the larger share, and keeps one for a rung that may follow', () => {
    const { progress, last } = followed();
    progress.start('onnx reference');
    progress.rung(['encoder', 'decoder', 'self-test'], false);
    progress.stage('encoder', 'encoder fp16');
    const before = last();
    progress.phase('build', 1);
    const encoder = last() - before;
    progress.stage('decoder', 'decoder mixed');
    const middle = last();
    progress.phase('build', 1);
    expect(encoder).toBeGreaterThan(last() - middle);
    progress.stage('self-test', 'self-test');
    progress.phase('', 1);
    expect(last()).toBeLessThan(1);
  });

  it('says what is being done', () => {
    const { seen, progress } = followed();
    progress.rung(['encoder'], true);
    progress.stage('encoder', 'encoder fp16');
    progress.phase('parse', 0.5);
    expect(seen.map(({ step }) => step)).toEqual(['encoder fp16', 'encoder fp16: parse']);
  });
});

describe('progress for people', () => {
  afterEach(() => void vi.useRealTimers());

  it('is one line on a terminal, drawn over, no wider than it, with the time going on', () => {
    vi.useFakeTimers();
    const written: string[] = [];
    const view = progressBar(
      (text) => written.push(text),
      () => 50,
    );
    view.update({ fraction: 0.5, step: `encoder fp16: ${'a long phase '.repeat(9)}` });
    vi.advanceTimersByTime(61_000);
    view.close();
    expect(written.every((text) => text.startsWith('\r\u001b[2K'))).toBe(true);
    expect(written.every((text) => text.replace('\r\u001b[2K', '').length < 50)).toBe(true);
    expect(written[0]).toContain(`${'█'.repeat(12)}${'░'.repeat(12)}  50 %  0:00`);
    expect(written.at(-2)).toContain('1:01');
    expect(written.at(-1)).toBe('\r\u001b[2K');
  });

  it('is a plain line every five seconds elsewhere', () => {
    let now = 0;
    const lines: string[] = [];
    const update = progressLines(
      (line) => lines.push(line),
      () => now,
    );
    for (; now <= 12_000; now += 100) update({ fraction: now / 20_000, step: 'encoder fp16: build' });
    expect(lines).toHaveLength(3);
    expect(lines[1]).toMatch(/25 %, encoder fp16: build$/);
  });
});
