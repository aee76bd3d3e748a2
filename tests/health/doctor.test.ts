import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { checkConfig } from '../../src/cli/check-config.js';
import { parseConfig } from '../../src/config/load.js';
import type { Check } from '../../src/health/check.js';
import { checkConsole } from '../../src/health/check-console.js';
import { checkCache, checkModel } from '../../src/health/check-models.js';
import { doctorExitCode, doctorText, runDoctor } from '../../src/health/doctor.js';
import { madeMachine } from './machine.js';

const folder = mkdtempSync(join(tmpdir(), 'samwire-doctor-'));
const machine = madeMachine({
  elements: ['appsink', 'videoconvert', 'videotestsrc'],
  programs: { node: '1.30.0' },
});
afterAll(() => {
  machine.remove();
  rmSync(folder, { recursive: true, force: true });
});

function configFile(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const configOf = (text: string) =>
  parseConfig(`version: 1\nmqtt: { url: mqtt://127.0.0.1:1 }\n${text}`, join(folder, 'x.yaml')).config;

describe('the doctor', () => {
  it('looks at everything that the config asks for, and exits with 69 when some of it is not available', async () => {
    const config = configFile(
      'closed.yaml',
      "version: 1\nmqtt: { url: mqtt://127.0.0.1:1 }\ncameras: { front: { source: 'test://ball' } }",
    );
    const report = await runDoctor({ config, host: machine.host, verifyModel: async () => {} });
    const names = report.checks.map(({ name }) => name);
    for (const name of ['machine', 'TensorRT', 'config', 'model', 'engines', 'camera front', 'broker']) {
      expect(names).toContain(name);
    }
    expect(report.checks.find(({ name }) => name === 'broker')?.status).toBe('fail');
    expect(doctorExitCode(report)).toBe(69);
  });

  it('tells the faults of the config, looks at the machine all the same, and exits with 78', async () => {
    const config = configFile('faulty.yaml', 'version: 1\nmqtt: { url: mqtt://h, bseTopic: x }');
    const report = await runDoctor({ config, host: machine.host });
    const check = report.checks.find(({ name }) => name === 'config');
    expect(check?.found).toContain('did you mean "baseTopic"?');
    expect(check?.remedy).toContain(`samwire check-config ${config}`);
    expect(report.checks.some(({ name }) => name === 'machine')).toBe(true);
    expect(report.checks.some(({ name }) => name === 'broker')).toBe(false);
    expect(doctorExitCode(report)).toBe(78);
  });

  it('exits with 1 for a fault of the machine alone, with 0 for warnings', () => {
    const check = (status: Check['status']): Check => ({ name: 'x', status, found: 'y' });
    expect(doctorExitCode({ checks: [check('fail'), check('ok')] })).toBe(1);
    expect(doctorExitCode({ checks: [check('warn'), check('skipped')] })).toBe(0);
  });

  it('prints a line a check, each remedy under its problem, and a summary', () => {
    const text = doctorText({
      checks: [
        { name: 'broker', status: 'fail', found: 'nothing listens there', remedy: 'Start it.' },
        { name: 'GPU', status: 'skipped', found: 'none' },
      ],
    });
    expect(text).toBe(
      [
        'fail     broker  nothing listens there',
        '                 -> Start it.',
        'skipped  GPU     none',
        '',
        '1 failed, 0 warnings, 0 ok',
        '',
      ].join('\n'),
    );
  });
});

describe('the model', () => {
  it('that the config names is verified; what speaks against it is told', async () => {
    const seen: string[] = [];
    const config = configOf('');
    expect(await checkModel(config, async (dir) => void seen.push(dir))).toMatchObject({ status: 'ok' });
    expect(seen[0]).toMatch(/engines\/samwire-tiny$/);
    const bad = await checkModel(config, async () => {
      throw new Error('decoder.onnx is cut off');
    });
    expect(bad).toMatchObject({
      status: 'fail',
      found: 'samwire-tiny: decoder.onnx is cut off',
      remedy: 'Run: samwire models verify samwire-tiny',
    });
  });

  it('that does not exist fails with the nearest name', async () => {
    const check = await checkModel(configOf('model: { name: samwire-tyni }'), async () => {});
    expect(check).toMatchObject({
      status: 'fail',
      remedy: expect.stringContaining('Did you mean samwire-tiny?'),
    });
  });

  it('in a folder of its own with a broken manifest fails', async () => {
    mkdirSync(join(folder, 'models/broken'), { recursive: true });
    writeFileSync(join(folder, 'models/broken/manifest.json'), '{');
    const check = await checkModel(configOf('model: { name: broken, paths: [./models] }'), async () => {});
    expect(check.status).toBe('fail');
  });
});

describe('the disk and the port', () => {
  it('have space, and are free or not', async () => {
    expect(
      (await checkCache(configOf('model: { cache: ./cache }'), { ...machine.host, root: '/' }, true)).found,
    ).toMatch(/cache: [\d.]+ GB free/);
    expect(
      await checkCache(configOf('model: { cache: /proc/samwire }'), { ...machine.host, root: '/' }, false),
    ).toMatchObject({
      status: 'skipped',
      found: expect.stringMatching(/0\.0 GB free.*; only TensorRT engines need it/),
    });
    expect(
      await checkCache(configOf('model: { cache: /proc/samwire }'), { ...machine.host, root: '/' }, true),
    ).toMatchObject({ status: 'warn', of: 'configured' });
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('the console', () => {
  const found = (http: string) => checkConsole(configOf(`http: ${http}`));

  it('is said to be possible, and where', async () => {
    const port = await freePort();
    expect((await found(`{ port: ${port} }`)).found).toMatch(
      /^(?:http:\/\/127\.0\.0\.1:\d+ is free|the page is not built)/,
    );
    expect(await found('{ enabled: false }')).toMatchObject({ status: 'skipped' });
  });

  it('is told apart from another program that has its port', async () => {
    for (const [answer, status] of [
      ['{"status":"ok","version":"0.1.0"}', 'ok'],
      ['<html>', 'warn'],
    ] as const) {
      const server = createHttpServer((_request, response) => response.end(answer));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      const check = await found(`{ port: ${port} }`);
      expect(check).toMatchObject({ status, found: expect.stringContaining(`http://127.0.0.1:${port}`) });
      if (status === 'warn') expect(check.remedy).toContain('ss -ltnp');
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it('fails with its token file, whose content is never told', async () => {
    expect(await found('{ tokenFile: /nowhere/token }')).toMatchObject({
      status: 'fail',
      of: 'config',
      remedy: expect.stringContaining('openssl rand'),
    });
  });
});

describe('check-config', () => {
  it('reports a valid file with its warnings, among them files that this machine lacks', () => {
    const file = configFile(
      'warned.yaml',
      `version: 1
mqtt: { url: mqtt://h, username: u, passwordFile: ./none }
cameras: { front: { source: 'file:///srv/none.mp4' } }
http: { port: 9000 }
`,
    );
    const report = checkConfig(file);
    expect(report).toMatchObject({ valid: true, path: file, faults: [] });
    expect(report.warnings.map(({ path }) => path)).toEqual(['mqtt.passwordFile', 'cameras.front.source']);
  });

  it('reports every fault of an invalid file', () => {
    const report = checkConfig(
      configFile('invalid.yaml', 'version: 1\nmqtt: { url: mqtt://h, x: 1 }\nlgo: {}\n'),
    );
    expect(report.valid).toBe(false);
    expect(report.faults.map(({ path, line }) => [path, line])).toEqual([
      ['mqtt.x', 2],
      ['lgo', 3],
    ]);
    expect(report.message).toContain('2 faults');
  });

  it('reports a file that is not there', () => {
    expect(checkConfig(join(folder, 'nowhere.yaml'))).toMatchObject({ valid: false, faults: [] });
  });
});
