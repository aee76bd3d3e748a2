import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../src/native/addon.js';

const addon = loadAddon();
const MIB = 1024 * 1024;

describe('frames', () => {
  it('keep no memory after 1,000 of them were made and released', async () => {
    const data = new Uint8Array((1280 * 720 * 3) / 2);
    const cycles = (count: number): void => {
      for (let seq = 1; seq <= count; ++seq) {
        const frame = addon.createFrame({
          format: 'NV12',
          width: 1280,
          height: 720,
          data,
          timestamp: 0,
          seq,
        });
        expect(addon.retainFrame(frame.id)).toBe(true);
        addon.releaseFrame(frame.id);
        addon.releaseFrame(frame.id);
      }
    };
    cycles(200);
    await sleep(50);
    const before = process.memoryUsage().rss;
    cycles(1000);
    await sleep(50);
    expect(addon.framesInUse()).toBe(0);
    // One of them has 1.3 MiB: a hundredth of them kept would be seen.
    expect((process.memoryUsage().rss - before) / MIB).toBeLessThan(10);
  });
});
