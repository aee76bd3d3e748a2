import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { demoCommand } from '../../src/cli/demo.js';
import type { ServiceOptions } from '../../src/main.js';
import { emptyDirectory } from '../models/directories.js';

/** A service that runs, and is told half a second later that its GPU is lost. */
vi.mock('../../src/main.js', async (importActual) => {
  const { startService } = await importActual<typeof import('../../src/main.js')>();
  return {
    startService: async (options: ServiceOptions) => {
      const service = await startService(options);
      setTimeout(() => options.onFatal('The GPU is lost.', 70), 500);
      return service;
    },
  };
});

describe('samwire demo', () => {
  it.each([true, false])(
    'ends with 70 when the GPU is lost (once: %s)',
    { timeout: 60_000 },
    async (once) => {
      const out = join(await emptyDirectory(), 'out');
      const startedAt = performance.now();
      expect(await demoCommand({ source: undefined, once, out, open: false, logLevel: 'silent' })).toBe(70);
      // Not by the end of its 3 s of masks, nor by the 30 s in which it gives up.
      expect(performance.now() - startedAt).toBeLessThan(20_000);
    },
  );
});
