import { describe, expect, it } from 'vitest';
import { HANGING, runProcess } from './addon-process.js';

const THREE = `globalThis.cameras = ['test://ball', 'test://snow', 'test://smpte'].map((uri) => open(uri));`;
const IN_TIME_MS = 5000;

describe('a process with open cameras', () => {
  it('ends when nothing else is left to do', async () => {
    const ended = await runProcess(`${THREE} setTimeout(() => {}, 300);`);
    expect(ended).toMatchObject({ code: 0, signal: null, output: '' });
    expect(ended.tookMs).toBeLessThan(IN_TIME_MS);
  });

  it.each([0, 10, 40, 300])('ends by process.exit after %d ms of streaming', async (delayMs) => {
    const ended = await runProcess(`${THREE} setTimeout(() => process.exit(0), ${delayMs});`);
    expect(ended).toMatchObject({ code: 0, signal: null, output: '' });
    expect(ended.tookMs).toBeLessThan(IN_TIME_MS);
  });

  it('ends while they are being closed', async () => {
    const ended = await runProcess(`${THREE} setTimeout(() => {
      for (const camera of cameras) camera.close();
      process.exit(0);
    }, 200);`);
    expect(ended).toMatchObject({ code: 0, signal: null, output: '' });
  });

  it('ends by exitNow with its code', async () => {
    const ended = await runProcess(`${THREE} setTimeout(() => addon.exitNow(7), 200);`);
    expect(ended).toMatchObject({ code: 7, signal: null, output: '' });
  });

  it('ends though cameras hang, after the time that one of them is given', async () => {
    const ended = await runProcess(`
      globalThis.cameras = [0, 1, 2].map(() => open(${JSON.stringify(HANGING)}));
      setTimeout(() => {}, 1000);`);
    expect(ended).toMatchObject({ code: 0, signal: null, output: '' });
    expect(ended.tookMs).toBeLessThan(10_000);
  });

  it('ends by an error that a listener throws, as by any other', async () => {
    const ended = await runProcess(
      `globalThis.camera = open('test://ball', () => { throw new Error('of the listener'); });
       setTimeout(() => {}, 5000);`,
    );
    expect(ended).toMatchObject({ code: 1, signal: null });
    expect(ended.output).toContain('of the listener');
  });
});
