import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../src/native/addon.js';
import { brokerMissing } from '../integration/broker.js';
import { broker, closeAll, JOBS, mqttOptions, startNode } from '../integration/mqtt/harness.js';
import { page } from './pages.js';

describe.skipIf(brokerMissing() !== null)('the program of docs/client.md', () => {
  afterEach(closeAll);

  it('runs as it stands there, with the package’s own client', async () => {
    const { url } = await broker();
    const { node, service } = startNode(mqttOptions(url), { nodeId: 'robot-7', jobs: JOBS });
    node.startJobs();
    const [program] = page('docs/client.md').blocks.filter(({ language }) => language === 'ts');
    // Inside the package, so that its name leads to itself.
    const folder = join(PACKAGE_ROOT, 'build/docs-client');
    await mkdir(folder, { recursive: true });
    const file = join(folder, `${process.pid}.mjs`);
    await writeFile(file, (program?.text ?? '').replace('mqtt://127.0.0.1:1883', url));
    try {
      const { stdout, stderr } = await promisify(execFile)(process.execPath, [file], { cwd: PACKAGE_ROOT });
      expect(stderr).toBe('');
      expect(stdout).toContain("id: 'bar'");
      expect(stdout).toMatch(/robot-7 \[[\s\S]*id: 'apple'/);
      expect([service.calls.length, service.jobs.length]).toEqual([1, 1]);
    } finally {
      await rm(file, { force: true });
    }
  });
});
