/** config/mosquitto: each role can do what it needs and nothing else, on the real broker with the real node. */

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import mqtt from 'mqtt';
import { afterEach, describe, expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../../src/native/addon.js';
import { type Broker, brokerMissing } from '../broker.js';
import { makeTlsFiles, type TlsFiles } from '../certificates.js';
import { broker, closeAll, mqttOptions, owe, startNode, waitFor } from '../mqtt/harness.js';
import { configOf, directory, run } from '../service/harness.js';

afterEach(closeAll);

const ROLES = ['robot-7', 'detector', 'prompter', 'consumer', 'dashboard', 'operator'] as const;
type Role = (typeof ROLES)[number];
const NOT_AUTHORIZED = 0x87;
const JPEG = join(PACKAGE_ROOT, 'assets/self-test/table.jpg');

interface Site {
  readonly broker: Broker;
  readonly files: TlsFiles;
  readonly folder: string;
}

const example = (name: string): Promise<string> =>
  readFile(join(PACKAGE_ROOT, 'config/mosquitto', name), 'utf8');

/** The example files themselves, with paths and port of this machine in them. */
async function site(change: { acl?: (text: string) => string; certificates?: boolean } = {}): Promise<Site> {
  const folder = await mkdtemp(join(tmpdir(), 'samwire-acl-'));
  owe(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, 'certs'));
  const files = await makeTlsFiles();
  owe(() => files.dispose());
  const acl = await example('samwire.acl');
  await writeFile(join(folder, 'samwire.acl'), change.acl?.(acl) ?? acl);
  await writeFile(join(folder, 'samwire.passwords'), '', { mode: 0o600 });
  const passwords = ROLES.map((role) => `${role}:${role}-password`).join('\n');
  await writeFile(join(folder, 'samwire.passwords'), `${passwords}\n`, { mode: 0o600 });
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };
  await promisify(execFile)('mosquitto_passwd', ['-U', join(folder, 'samwire.passwords')], { env });
  const conf = await example('samwire.conf');
  const wholeConfig = (port: number): string =>
    [
      process.getuid?.() === 0 ? 'user root' : '',
      'log_dest stderr',
      'log_type all',
      conf
        .replace('listener 8883', `listener ${port} 127.0.0.1`)
        .replace('/etc/mosquitto/certs/ca.pem', files.ca)
        .replace('/etc/mosquitto/certs/broker.pem', files.serverCert)
        .replace('/etc/mosquitto/certs/broker.key', files.serverKey)
        .replaceAll('/etc/mosquitto/', `${folder}/`)
        .replace(/^#(require_certificate|use_identity)/gm, change.certificates ? '$1' : '#$1')
        .replace(/^(password_file)/m, change.certificates ? '#$1' : '$1'),
    ].join('\n');
  return { broker: await broker({ tls: files, wholeConfig }), files, folder };
}

interface User {
  readonly topics: () => ReadonlySet<string>;
  readonly payloads: (topic: string) => readonly Record<string, unknown>[];
  /** 0 where the broker took it, else its reason. */
  say(
    topic: string,
    payload: string | Buffer,
    properties?: mqtt.IClientPublishOptions['properties'],
  ): Promise<number>;
}

/** A client of a role that asks to hear everything. */
async function user({ broker: { url }, files }: Site, role: Role): Promise<User> {
  const client = await mqtt.connectAsync(url, {
    protocolVersion: 5,
    reconnectPeriod: 0,
    ca: await readFile(files.ca),
    username: role,
    password: `${role}-password`,
  });
  owe(() => client.endAsync(true));
  const heard: { topic: string; payload: Buffer }[] = [];
  client.on('message', (topic, payload) => heard.push({ topic, payload }));
  // Mosquitto grants it to everybody, and looks at each message. Not `$share/…/jobs`: see docs/security.md.
  await client.subscribeAsync(['#', 'samwire/jobs'], { qos: 1 });
  return {
    topics: () => new Set(heard.map(({ topic }) => topic)),
    payloads: (topic) =>
      heard.filter((one) => one.topic === topic).map(({ payload }) => JSON.parse(payload.toString())),
    say: async (topic, payload, properties = {}) =>
      client.publishAsync(topic, payload, { qos: 1, properties }).then(
        () => 0,
        (error: { code?: number }) => error.code ?? -1,
      ),
  };
}

const PROMPT = JSON.stringify({ requestId: 'p1', points: [{ x: 160, y: 120, label: 1 }], maxAgeMs: 30_000 });

/** The real service as robot-7, with all that it can publish. */
async function node({ broker: { url }, files, folder }: Site) {
  await writeFile(join(folder, 'node-password'), 'robot-7-password', { mode: 0o600 });
  const cache = await directory();
  return run(
    configOf(url, {
      node: { id: 'robot-7' },
      mqtt: {
        url,
        username: 'robot-7',
        passwordFile: join(folder, 'node-password'),
        tls: { ca: files.ca },
      },
      cameras: {
        front: {
          source: 'test://ball',
          width: 320,
          height: 240,
          fps: 10,
          detections: { topics: ['frigate/events'] },
        },
      },
      outputs: { labels: true, frames: 'jpeg', visionMsgs: true },
      jobs: { enabled: true },
      model: { cache },
      log: { level: 'debug' },
    }),
  );
}

describe.skipIf(brokerMissing() !== null)('the example access list', () => {
  it('lets node, detector, prompter, consumer, dashboard and operator do their work, and hear nothing else', async () => {
    const here = await site();
    const users = Object.fromEntries(
      await Promise.all(
        ROLES.filter((role) => role !== 'robot-7').map(
          async (role) => [role, await user(here, role)] as const,
        ),
      ),
    ) as Record<Exclude<Role, 'robot-7'>, User>;
    const { prompter, detector, consumer, dashboard, operator } = users;
    const service = await node(here);
    await waitFor(
      () =>
        dashboard.payloads('samwire/robot-7/state').some(({ state }) => state === 'online') &&
        dashboard.payloads('samwire/robot-7/front/state').some(({ state }) => state === 'streaming'),
      'the node online',
    );
    const reply = 'samwire/reply/prompter/1';
    expect(await prompter.say('samwire/robot-7/front/prompt', PROMPT, { responseTopic: reply })).toBe(0);
    await waitFor(() => prompter.payloads(reply).length > 0, 'the answer');
    const boxes = JSON.stringify({
      detections: [{ id: 'd', box: [100, 60, 220, 180], label: 'ball', score: 0.9 }],
    });
    expect(await detector.say('samwire/robot-7/front/detections', boxes)).toBe(0);
    await waitFor(
      () => consumer.payloads('samwire/robot-7/front/masks').some(({ source }) => source === 'detections'),
      'masks of the detections',
    );
    const userProperties = { jobId: 'j1', prompts: '[{"id":"apple","box":[585,370,792,589]}]' };
    expect(await prompter.say('samwire/jobs', await readFile(JPEG), { userProperties })).toBe(0);
    await waitFor(() => prompter.payloads('samwire/job/j1').length > 0, 'the answer to the job');
    expect(prompter.payloads('samwire/job/j1')[0]).toMatchObject({ node: 'robot-7' });
    expect(await operator.say('samwire/robot-7/request/info', '{"transaction":"t"}')).toBe(0);
    await waitFor(() => operator.payloads('samwire/robot-7/response/info').length > 0, 'the response');
    const mqttStats = () =>
      dashboard.payloads('samwire/robot-7/stats').at(-1) as {
        mqtt: { dropped: object; volatileDropped: number };
      };
    await waitFor(() => mqttStats() !== undefined, 'stats');
    expect(mqttStats().mqtt.dropped).toMatchObject({ refused: 0 });

    const own: Record<string, RegExp> = {
      detector: /^samwire\/robot-7\/front\/frame$/,
      prompter: /^samwire\/(robot-7\/(front\/)?(errors|state)|reply\/prompter\/1|job\/j1)$/,
      consumer: /^samwire\/robot-7\/(front\/)?(state|masks)$/,
      dashboard: /^samwire\/robot-7\/(stats|state|front\/state)$/,
      operator: /^samwire\/robot-7\/(state|response\/info|front\/(state|errors))$/,
    };
    for (const [role, allowed] of Object.entries(own)) {
      const heard = [...(users[role as keyof typeof users]?.topics() ?? [])];
      expect(heard.length, role).toBeGreaterThan(0);
      expect(
        heard.filter((topic) => !allowed.test(topic)),
        role,
      ).toEqual([]);
    }
    expect(detector.topics()).toContain('samwire/robot-7/front/frame');
    expect(service.log()).not.toContain('access list');
  });

  it('takes nothing that a role has no business to say', async () => {
    const here = await site();
    const forbidden: Record<Role, readonly string[]> = {
      'robot-7': [
        'samwire/robot-8/state',
        'samwire/robot-7/front/prompt',
        'samwire/jobs',
        'frigate/events',
        '$SYS/x',
      ],
      detector: [
        'samwire/robot-7/gate/detections',
        'samwire/robot-8/front/detections',
        'samwire/robot-7/front/prompt',
        'samwire/robot-7/front/masks',
      ],
      prompter: [
        'samwire/robot-7/gate/prompt',
        'samwire/robot-7/state',
        'samwire/robot-7/front/masks',
        'samwire/robot-7/request/reload',
        'samwire/reply/prompter/1',
        'samwire/job/j1',
      ],
      consumer: [
        'samwire/robot-7/front/prompt',
        'samwire/jobs',
        'samwire/robot-7/request/info',
        'samwire/robot-7/state',
      ],
      dashboard: [
        'samwire/robot-7/front/prompt',
        'samwire/jobs',
        'samwire/robot-7/request/info',
        'samwire/robot-7/stats',
      ],
      operator: [
        'samwire/robot-7/front/prompt',
        'samwire/jobs',
        'samwire/robot-7/response/info',
        'samwire/robot-8/request/info',
      ],
    };
    for (const role of ROLES) {
      const { say } = await user(here, role);
      for (const topic of forbidden[role])
        expect(await say(topic, '{}'), `${role} on ${topic}`).toBe(NOT_AUTHORIZED);
    }
    const stranger = mqtt.connectAsync(here.broker.url, {
      ca: await readFile(here.files.ca),
      reconnectPeriod: 0,
    });
    await expect(stranger).rejects.toThrow(/authorized/i);
  });

  it('holds for users by certificate too: the common name is the user', async () => {
    const here = await site({ certificates: true });
    const { cert, key } = await here.files.leaf('robot-7');
    const tls = { ca: here.files.ca, cert, key };
    const { node } = startNode(mqttOptions(here.broker.url, { tls }), { nodeId: 'robot-7' });
    await waitFor(() => node.status.connected && node.status.owedMessages === 0, 'the node, its state told');
    expect(node.counters.dropped.refused).toBe(0);
    const other = await here.files.leaf('robot-8');
    const { node: stranger, logs } = startNode(
      mqttOptions(here.broker.url, { tls: { ca: here.files.ca, ...other } }),
      { nodeId: 'robot-8' },
    );
    await waitFor(
      () => stranger.status.problem !== null || stranger.counters.dropped.refused > 0,
      'a refusal',
    );
    expect(`${logs.join('')} ${stranger.status.problem}`).toContain('access list');
  });

  it('that lacks what the node needs is told by the topic, also where the broker keeps silent', async () => {
    const here = await site({
      acl: (text) =>
        text
          .replace('topic write samwire/robot-7/+/state\n', '')
          .replace('topic read samwire/robot-7/state\n', ''),
    });
    await writeFile(join(here.folder, 'password'), 'robot-7-password');
    const problems: string[] = [];
    const { node, logs } = startNode(
      mqttOptions(here.broker.url, {
        tls: { ca: here.files.ca },
        username: 'robot-7',
        passwordFile: join(here.folder, 'password'),
      }),
      { nodeId: 'robot-7', onBrokerProblem: (problem) => problems.push(problem) },
    );
    node.setCameraState('front', { state: 'streaming', fps: 1, width: 1, height: 1, since: 1 });
    await waitFor(() => problems.length >= 2, 'both told');
    expect(problems.join('\n')).toContain('samwire/robot-7/front/state: the broker refuses');
    expect(problems.join('\n')).toContain('samwire/robot-7/state: the broker does not deliver');
    expect(logs.filter((line) => line.includes('config/mosquitto/samwire.acl'))).toHaveLength(2);
  });
});
