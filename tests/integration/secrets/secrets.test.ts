/** All that the real service and its commands say, searched for secrets that were planted in their config. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type Broker, brokerMissing, freePort, startBroker } from '../broker.js';
import { makeTlsFiles, type TlsFiles } from '../certificates.js';
import { client, closeAll, online, owe, type TestClient, waitFor } from '../mqtt/harness.js';
import { directory, MAIN } from '../service/harness.js';
import { leaks, type Planted } from './planted.js';

const SECRETS = {
  mqttPassword: 'Mq!pw/7+Zr=41 x',
  token: 'Tk-/+=9f3Qz~81',
  rtspPassword: 'Rt@p/s-91x:#k',
  rtspPlain: 'Rp$lain-27',
  rtspToken: 'Rq-tok83kkz',
  depthPassword: 'De%pth-55;11',
  gstLocation: 'Gs-loc77qq',
  gstProperty: 'Gs prop 88',
  gstPhrase: 'Gs-phr99ase',
  gstHeader: 'Gs-hdr-66bearer',
  gstBroken: 'Gs-brk-44',
  gstDepth: 'Gd-depth-31',
} as const satisfies Planted;

afterEach(closeAll);

/** Throws at SIGUSR2 what a bug could: an error whose text, cause and properties hold the config's secrets. */
const BUG = `
process.on('SIGUSR2', () => {
  const cause = new Error('rtspsrc could not open rtsp://kamera:${SECRETS.rtspPlain}@10.0.0.5/x');
  try { new URL('rtsp://kamera:${encodeURIComponent(SECRETS.rtspPassword)}@[broken'); }
  catch (error) {
    const bug = new Error('A bug with ${SECRETS.mqttPassword} and ${SECRETS.token}', { cause: error });
    bug.options = { password: '${SECRETS.mqttPassword}', cause };
    throw bug;
  }
});`;

interface Run {
  readonly child: ChildProcess;
  readonly said: () => string;
  readonly ended: Promise<unknown>;
}

function command(args: readonly string[], nodeArgs: readonly string[] = []): Run {
  const child = spawn(process.execPath, [...nodeArgs, MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
  const ended = new Promise((resolve) => child.once('close', (code, signal) => resolve(code ?? signal)));
  owe(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return { child, said: () => said, ended };
}

interface Site {
  readonly config: string;
  readonly folder: string;
  readonly planted: Planted;
  readonly files: TlsFiles;
  readonly mqttPort: number;
  readonly httpPort: number;
  readonly broker: (password: string) => Promise<Broker>;
}

/** A config in which each place that can hold a secret holds one, of cameras that can't be opened. */
async function site(): Promise<Site> {
  const folder = await directory();
  const files = await makeTlsFiles();
  owe(() => files.dispose());
  const [mqttPort, httpPort] = [await freePort(), await freePort()];
  await writeFile(join(folder, 'password'), `${SECRETS.mqttPassword}\n`);
  await writeFile(join(folder, 'token'), SECRETS.token);
  const key = await readFile(files.clientKey, 'utf8');
  const planted = { ...SECRETS, clientKey: key.split('\n')[1] as string };
  const nobody = '127.0.0.1:9';
  const cameras = {
    rtsp: {
      source: `rtsp://kamera:${encodeURIComponent(SECRETS.rtspPassword)}@${nobody}/s`,
      depth: {
        source: `gst://rtspsrc location=rtsp://tiefe:${encodeURIComponent(SECRETS.depthPassword)}@${nobody}/d ! decodebin`,
        intrinsics: { fx: 1, fy: 1, cx: 1, cy: 1 },
      },
    },
    plain: { source: `rtsp://kamera:${SECRETS.rtspPlain}@no.such.host.invalid/s` },
    query: { source: `rtsp://${nobody}/s?token=${SECRETS.rtspToken}&channel=1` },
    location: { source: `gst://rtspsrc location="rtsp://u:${SECRETS.gstLocation}@${nobody}/x" ! decodebin` },
    property: {
      source: `gst://rtspsrc location=rtsp://${nobody}/x user-id=u user-pw="${SECRETS.gstProperty}" ! decodebin`,
    },
    phrase: { source: `gst://srtsrc passphrase='${SECRETS.gstPhrase}' uri=srt://${nobody} ! decodebin` },
    header: {
      source: `gst://souphttpsrc location=http://${nobody}/ extra-headers="h,Authorization=(string)${SECRETS.gstHeader}" ! decodebin`,
    },
    broken: {
      source: `gst://rtspsrc location=rtsp://u:${SECRETS.gstBroken}@${nobody}/x ! ! nonsense user-pw=`,
    },
    noElement: { source: `gst://nosuchelement password=${SECRETS.gstBroken} ! decodebin` },
    deep: {
      source: 'test://ball',
      depth: {
        source: `gst://rtspsrc location=rtsp://u:${SECRETS.gstDepth}@${nobody}/x user-pw=${SECRETS.gstDepth} ! decodebin`,
        intrinsics: { fx: 1, fy: 1, cx: 1, cy: 1 },
      },
    },
  };
  const config = join(folder, 'samwire.yaml');
  await writeFile(
    config,
    JSON.stringify({
      version: 1,
      node: { id: 'n1' },
      mqtt: {
        url: `mqtts://127.0.0.1:${mqttPort}`,
        username: 'robot',
        passwordFile: join(folder, 'password'),
        tls: { ca: files.ca, cert: files.clientCert, key: files.clientKey },
      },
      cameras,
      model: { cache: join(folder, 'cache') },
      http: { host: '127.0.0.1', port: httpPort, tokenFile: join(folder, 'token') },
      log: { level: 'trace' },
      stats: { intervalMs: 200 },
    }),
  );
  const broker = async (password: string): Promise<Broker> => {
    const started = await startBroker({
      port: mqttPort,
      tls: files,
      requireClientCertificate: true,
      passwords: { robot: password, watcher: 'w' },
    });
    owe(() => started.close());
    return started;
  };
  return { config, folder, planted, files, mqttPort, httpPort, broker };
}

/** Each answer with its headers, with the token and without. */
async function askedOverHttp({ httpPort }: Site): Promise<string> {
  const url = `http://127.0.0.1:${httpPort}`;
  const paths = [
    ...['/', '/livez', '/readyz', '/metrics', '/api/info', '/api/errors', '/api/cameras', '/api/stats'],
    ...['/api/openapi.json', '/api/asyncapi.json', '/api/cameras/rtsp', '/api/cameras/rtsp/frame.jpg'],
  ];
  const good = { authorization: `Bearer ${SECRETS.token}` };
  const said: string[] = [];
  const note = async (answer: Response): Promise<void> => {
    said.push(`${answer.status} ${JSON.stringify([...answer.headers])} ${await answer.text()}`);
  };
  for (const path of paths)
    for (const headers of [good, {}]) await note(await fetch(url + path, { headers }));
  const login = { method: 'POST', headers: { 'content-type': 'application/json', origin: url } };
  await note(await fetch(`${url}/api/login`, { ...login, body: JSON.stringify({ token: SECRETS.token }) }));
  await note(
    await fetch(`${url}/api/login`, { ...login, body: JSON.stringify({ token: `${SECRETS.token}x` }) }),
  );
  await note(
    await fetch(`${url}/api/cameras/broken/prompt`, {
      method: 'POST',
      headers: { ...good, 'content-type': 'application/json' },
      body: '{"point":[1,1]}',
    }),
  );
  const socket = new WebSocket(`${url.replace('http', 'ws')}/api/live`, {
    headers: { ...good, origin: url },
  });
  owe(async () => socket.terminate());
  let statuses = 0;
  socket.on('message', (message) => {
    said.push(message.toString());
    statuses += message.toString().includes('"status"') ? 1 : 0;
  });
  await waitFor(() => statuses >= 2, 'two statuses of the console');
  return said.join('\n');
}

async function saidOverMqtt(watcher: TestClient): Promise<void> {
  await online(watcher);
  for (const [topic, message] of [
    ['samwire/n1/request/info', '{"transaction":"t"}'],
    ['samwire/n1/request/snapshot', '{"transaction":"t","camera":"broken"}'],
    ['samwire/n1/request/restart-camera', '{"transaction":"t","camera":"rtsp"}'],
    ['samwire/n1/rtsp/prompt', '{"requestId":"p","points":[{"x":1,"y":1,"label":1}],"maxAgeMs":1}'],
  ] as const)
    await watcher.send(topic, message);
  const topics = () => new Set(watcher.received.map(({ topic }) => topic));
  await waitFor(
    () =>
      ['response/info', 'response/snapshot', 'response/restart-camera', 'stats', 'broken/state'].every(
        (end) => topics().has(`samwire/n1/${end}`),
      ),
    'what the node says of itself',
  );
}

function textOf({ received }: TestClient): string {
  return received
    .map(({ topic, payload, properties }) => `${topic} ${payload.toString()} ${JSON.stringify(properties)}`)
    .join('\n');
}

describe.skipIf(brokerMissing() !== null)('secrets of the config', () => {
  it('are in nothing that the service says, while everything fails, and when it dies of a bug', async () => {
    const here = await site();
    const bug = join(here.folder, 'bug.mjs');
    await writeFile(bug, BUG);
    const { child, said, ended } = command(
      ['--log-level', 'trace', 'run', '--config', here.config],
      ['--import', bug],
    );
    await waitFor(() => said().includes('Nothing listens at'), 'the broker missed');
    const stranger = await here.broker('another');
    await waitFor(() => said().includes('mqtt.passwordFile'), 'the password refused');
    await stranger.close();
    await here.broker(SECRETS.mqttPassword);
    const watcher = await client(`mqtts://127.0.0.1:${here.mqttPort}`, {
      ca: await readFile(here.files.ca),
      cert: await readFile(here.files.clientCert),
      key: await readFile(here.files.clientKey),
      username: 'watcher',
      password: 'w',
    });
    await saidOverMqtt(watcher);
    const http = await askedOverHttp(here);
    const process = ['cmdline', 'environ']
      .map((name) => readFileSync(`/proc/${child.pid}/${name}`, 'latin1'))
      .join('\n');
    child.kill('SIGUSR2');
    expect(await ended).toBe(1);
    expect(said()).toContain('A bug with');
    for (const output of [said(), textOf(watcher), http, process])
      expect(leaks(here.planted, output)).toEqual([]);
    expect(textOf(watcher)).toContain('samwire/n1/plain/state');
    expect(http).toContain('"broken"');
  });

  it('are in nothing that doctor and check-config say, nor in the faults of a broken config', async () => {
    const here = await site();
    const broken = join(here.folder, 'broken.yaml');
    const text = await readFile(here.config, 'utf8');
    const faulty = text
      .replaceAll('"rtsp://', '"rstp://')
      .replace('"passwordFile":"', `"password":"${SECRETS.mqttPassword}","passwordFile":"`);
    await writeFile(broken, `${faulty.slice(0, -1)},"tokn":"${SECRETS.token}"}`);
    await appendFile(broken, '\n');
    const runs = [
      command(['doctor', '--config', here.config]),
      command(['doctor', '--config', here.config, '--json']),
      command(['check-config', here.config]),
      command(['check-config', broken, '--json']),
    ];
    await Promise.all(runs.map(({ ended }) => ended));
    expect(runs[3]?.said()).toContain('mqtt.password');
    for (const { said } of runs) expect(leaks(here.planted, said())).toEqual([]);
  });

  it('of a broker URL that a person typed are not printed', async () => {
    const planted = { typed: 'Ty@ped/77z', query: 'Wq-83tok' };
    const user = `user:${encodeURIComponent(planted.typed)}`;
    const rest = ['--node', 'n1', '--camera', 'front', '--point', '1,1', '--timeout', '0.2'];
    for (const url of [
      `mqtt://${user}@127.0.0.1:9`,
      `wss://127.0.0.1:9/mqtt?token=${planted.query}`,
      `${user}@h`,
    ]) {
      const { said, ended } = command(['--log-level', 'trace', 'prompt', '--broker', url, ...rest]);
      expect(await ended).toBe(2);
      expect(said()).toContain('***');
      expect(leaks(planted, said())).toEqual([]);
    }
  });
});

describe('the search for secrets', () => {
  it.each(Object.entries(SECRETS))('finds %s in every form', (name, secret) => {
    const forms = [
      `x ${secret} y`,
      encodeURIComponent(secret),
      JSON.stringify({ a: JSON.stringify({ b: secret }) }),
      ...['', 'a', 'ab'].map((before) => Buffer.from(`${before}${secret}zz`).toString('base64')),
      ...['', 'a', 'ab'].map((before) => Buffer.from(`${before}${secret}`).toString('base64url')),
      Buffer.from(secret).toString('hex'),
    ];
    for (const form of forms) expect(leaks({ [name]: secret }, form), form).toHaveLength(1);
    expect(leaks({ [name]: secret }, 'nothing of the kind')).toEqual([]);
  });
});
