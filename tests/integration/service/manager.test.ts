/** The real service under a service manager's socket. */
import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { semanticModel } from '../../graphs/semantics.js';
import { NO_DOUBLE } from '../../native/double-package.js';
import { testPicture } from '../../segment/picture.js';
import { type Manager, startManager } from '../../systemd/manager.js';
import { brokerMissing } from '../broker.js';
import { broker, closeAll, owe } from '../mqtt/harness.js';
import { configOf, doubleMain, run, semanticConfig, serviceMissing, stillCamera } from './harness.js';

/** Nobody listens there; the reserved port is nobody's to take. */
const NO_BROKER = 'mqtt://127.0.0.1:1';

async function manager(options: { readonly abstract?: boolean } = {}): Promise<Manager> {
  const started = await startManager(options);
  owe(() => started.close());
  return started;
}

const under = (socket: string, watchdogMs: number) => ({
  NOTIFY_SOCKET: socket,
  WATCHDOG_USEC: String(watchdogMs * 1000),
});

const ready = ({ READY }: Readonly<Record<string, string>>): boolean => READY === '1';

/** Processes that this one has started and that live. */
function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((child) => {
      try {
        const stat = readFileSync(`/proc/${child}/stat`, 'utf8');
        return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === pid;
      } catch {
        return false;
      }
    });
}

describe.skipIf(brokerMissing() !== null)('a service under systemd', () => {
  afterEach(closeAll);

  it('is ready when it serves, feeds the watchdog, and says that it stops', async () => {
    const { url } = await broker();
    const systemd = await manager();
    const cameras = {
      front: await stillCamera(testPicture(64, 64)),
      gone: { source: 'v4l2:///dev/video-none' },
    };
    const service = await run(configOf(url, { cameras, model: { threads: 1 } }), {
      env: under(systemd.socket, 1500),
    });
    const told = await systemd.next(ready, 'READY');
    expect(told.told.STATUS).toMatch(
      /^online: samwire-tiny on onnx; \d of 2 cameras streaming \(.*gone failed: /,
    );
    await systemd.next(
      ({ STATUS }) => /1 of 2 cameras .* connected$/.test(STATUS ?? ''),
      'a status of one camera',
    );
    expect(systemd.received[0]?.told.STATUS).toMatch(/^starting: the model is being loaded; 0 of 2 cameras/);
    const from = systemd.received.length;
    await systemd.next(({ WATCHDOG }) => WATCHDOG === '1', 'the watchdog fed', from);
    const { code } = await service.stop();
    expect(code).toBe(0);
    expect(systemd.received.at(-1)?.told).toMatchObject({
      STOPPING: '1',
      STATUS: expect.stringMatching(/^stopping/),
    });
    // NotifyAccess=main hears the service alone.
    expect(new Set(systemd.received.map(({ pid }) => pid))).toEqual(new Set([service.child.pid]));
    expect(systemd.values('READY')).toHaveLength(1);
  });

  it('feeds the watchdog no more when its main thread stands still', async () => {
    const systemd = await manager({ abstract: true });
    const config = configOf(NO_BROKER, { cameras: {}, model: { threads: 1 } });
    const service = await run(config, { env: under(systemd.socket, 600), endsByItself: true });
    await systemd.next(ready, 'READY');
    const fed = () => systemd.values('WATCHDOG').length;
    const before = fed();
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(fed()).toBeGreaterThan(before);
    service.child.kill('SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 300));
    const stopped = fed();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(fed()).toBe(stopped);
    // What systemd does then.
    service.child.kill('SIGABRT');
    service.child.kill('SIGCONT');
    expect(await service.ended).toBe('SIGABRT');
  });

  it.skipIf(serviceMissing('tensorrt') !== null || NO_DOUBLE)(
    'asks for more time while engines are built, by no child of its own',
    async () => {
      const systemd = await manager();
      const model = await semanticConfig(semanticModel('sam'), 'tensorrt');
      const service = await run(configOf(NO_BROKER, { cameras: {}, model }), {
        main: doubleMain(),
        env: { ...under(systemd.socket, 30_000), SAMWIRE_DOUBLE_BUILD_MS: '3000' },
      });
      await systemd.next(({ EXTEND_TIMEOUT_USEC }) => EXTEND_TIMEOUT_USEC === '120000000', 'more time');
      await systemd.next(
        ({ STATUS }) =>
          /^building TensorRT engines of sam-semantic, \d+ % \(.*: Building Engine\)/.test(STATUS ?? ''),
        'a status that says how far the building is',
      );
      const children = childrenOf(service.child.pid as number);
      expect(children).not.toEqual([]);
      for (const child of children)
        expect(readFileSync(`/proc/${child}/environ`, 'utf8')).not.toMatch(/NOTIFY_SOCKET|WATCHDOG/);
      // In the middle of the building.
      const { code, ms } = await service.stop();
      expect(code).toBe(0);
      expect(ms).toBeLessThan(5000);
      expect(childrenOf(process.pid).filter((pid) => children.includes(pid))).toEqual([]);
      expect(systemd.values('READY')).toEqual([]);
      expect(new Set(systemd.received.map(({ pid }) => pid))).toEqual(new Set([service.child.pid]));
    },
  );
});
