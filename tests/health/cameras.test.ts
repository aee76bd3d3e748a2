import { chmodSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/load.js';
import { checkCameras } from '../../src/health/check-cameras.js';
import { type MadeMachine, type MadeMachineOptions, madeMachine } from './machine.js';

const made: MadeMachine[] = [];
afterEach(() => {
  for (const machine of made.splice(0)) machine.remove();
});

async function look(
  settings: string,
  options: MadeMachineOptions = {},
  prepare?: (machine: MadeMachine) => void,
) {
  const machine = madeMachine({ elements: [], ...options });
  made.push(machine);
  prepare?.(machine);
  const { config } = parseConfig(
    `version: 1\nmqtt: { url: mqtt://127.0.0.1 }\ncameras: { front: { ${settings} } }`,
    '/x.yaml',
  );
  const [check] = await checkCameras(config, machine.host, machine.host.addon());
  return check;
}

describe('a camera', () => {
  it('whose device exists and may be used is ok', async () => {
    const check = await look('source: "v4l2:///dev/video0"', { files: { 'dev/video0': '' } });
    expect(check).toEqual({
      name: 'camera front',
      status: 'ok',
      found: 'v4l2:///dev/video0: there, and may be used',
      of: 'configured',
    });
  });

  it('is followed by its depth, each with what is wrong with it', async () => {
    const machine = madeMachine({ elements: [], files: { 'clip/depth-007.png': 'x' } });
    made.push(machine);
    const depth = (source: string) =>
      `{ source: '${source}', intrinsics: { fx: 1, fy: 1, cx: 0, cy: 0 }, width: 64, height: 48 }`;
    const { config } = parseConfig(
      `version: 1
mqtt: { url: mqtt://127.0.0.1 }
cameras:
  a: { source: 'test://ball', depth: ${depth('file:///clip/depth-%03d.png?start=7')} }
  b: { source: 'test://ball', depth: ${depth('shm:///tmp/depth')} }
`,
      '/x.yaml',
    );
    const checks = await checkCameras(config, machine.host, machine.host.addon());
    expect(checks.map(({ name, status }) => [name, status])).toEqual([
      ['camera a', 'ok'],
      ['camera a (depth)', 'ok'],
      ['camera b', 'ok'],
      ['camera b (depth)', 'warn'],
    ]);
  });

  it('whose device is missing fails, and the others are named', async () => {
    const check = await look('source: "v4l2:///dev/video0"', { files: { 'dev/video2': '' } });
    expect(check?.status).toBe('fail');
    expect(check?.found).toContain('there are /dev/video2');
    expect(check?.remedy).toContain('v4l2-ctl --list-devices');
  });

  it.skipIf(process.getuid?.() === 0)('whose device is forbidden fails with the group to join', async () => {
    const check = await look('source: "v4l2:///dev/video0"', { files: { 'dev/video0': '' } }, ({ root }) =>
      chmodSync(join(root, 'dev/video0'), 0),
    );
    expect(check).toMatchObject({
      status: 'fail',
      remedy: expect.stringContaining('usermod -aG video robot'),
    });
  });

  it('whose clip is missing, or a folder, fails; one that is there is ok', async () => {
    const files = { 'srv/a clip.mp4': 'x' };
    expect((await look('source: "file:///srv/a%20clip.mp4?loop=1"', { files }))?.status).toBe('ok');
    expect((await look('source: "file:///srv/b.mp4"', { files }))?.found).toContain('does not exist');
    expect((await look('source: "file:///srv"', { files }))?.found).toContain('is not a file');
  });

  it('whose pipeline the addon refuses fails with its words, passwords masked', async () => {
    const check = await look('source: "test://patern"', {
      pipelineFault: 'Expected x, got "rtsp://u:hunter2@h"',
    });
    expect(check?.status).toBe('fail');
    expect(check?.found).toContain('Expected x');
    expect(check?.found).not.toContain('hunter2');
  });

  it('on the network is ok when its port is open, and fails with a remedy when not', async () => {
    const server = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const settings = `source: "rtsp://admin:hunter2@127.0.0.1:${port}/live"`;
    const open = await look(settings);
    expect(open).toMatchObject({
      status: 'ok',
      found: `rtsp://admin:***@127.0.0.1:${port}/live: port ${port} is open`,
    });
    await new Promise((resolve) => server.close(resolve));
    const closed = await look(settings);
    expect(closed).toMatchObject({ status: 'fail', remedy: expect.stringContaining('ping') });
    expect(closed?.found).toContain('nothing listens there');
    expect(JSON.stringify(closed)).not.toContain('hunter2');
  });

  it('of a CSI sensor is warned of while nvargus-daemon does not run', async () => {
    expect(await look('source: "csi://0"')).toMatchObject({
      status: 'warn',
      remedy: 'Run: sudo systemctl restart nvargus-daemon',
    });
    expect((await look('source: "csi://0"', { files: { 'tmp/argus_socket': '' } }))?.status).toBe('ok');
  });

  it('whose sharing process has not begun is a warning: run waits for it', async () => {
    expect((await look('source: "shm:///tmp/cam", width: 640, height: 480'))?.status).toBe('warn');
  });

  it('that is disabled is not looked at', async () => {
    expect((await look('source: "v4l2:///dev/video0", enabled: false'))?.status).toBe('skipped');
  });
});
