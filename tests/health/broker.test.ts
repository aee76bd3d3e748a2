import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/load.js';
import type { Check } from '../../src/health/check.js';
import { checkBroker } from '../../src/health/check-broker.js';
import { brokerFault } from '../../src/mqtt/broker-faults.js';
import { type Broker, type BrokerOptions, brokerMissing, startBroker } from '../integration/broker.js';
import { makeTlsFiles, type TlsFiles } from '../integration/certificates.js';
import { madeMachine } from './machine.js';

const folder = mkdtempSync(join(tmpdir(), 'samwire-doctor-'));
const machine = madeMachine({ now: Date.now });
const passwordFile = join(folder, 'password');
writeFileSync(passwordFile, 'hunter2\n');
const running: { close(): Promise<void> }[] = [];
let tls: TlsFiles;

beforeAll(async () => {
  tls = await makeTlsFiles();
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.close()));
});
afterAll(async () => {
  machine.remove();
  rmSync(folder, { recursive: true, force: true });
  await tls.dispose();
});

async function broker(options: BrokerOptions = {}): Promise<Broker> {
  const started = await startBroker(options);
  running.push(started);
  return started;
}

/** A server that is no broker. */
async function server(onConnection: (socket: Socket) => void): Promise<string> {
  const sockets: Socket[] = [];
  const listening = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => socket.destroy());
    onConnection(socket);
  });
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  running.push({
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => listening.close(() => resolve()));
    },
  });
  return `127.0.0.1:${(listening.address() as AddressInfo).port}`;
}

async function look(url: string, settings = '', now?: () => number): Promise<readonly Check[]> {
  const { config } = parseConfig(
    `version: 1\nnode: { id: robot }\nmqtt: { url: '${url}'${settings} }`,
    '/x.yaml',
  );
  const checks = await checkBroker(config, now ? { ...machine.host, now } : machine.host);
  expect(JSON.stringify(checks)).not.toContain('hunter2');
  return checks;
}

async function lookAtBroker(url: string, settings = ''): Promise<Check | undefined> {
  return (await look(url, settings)).find(({ name }) => name === 'broker');
}

describe.skipIf(brokerMissing() !== null)('a broker', () => {
  it('that lets the node in is ok, by MQTT 5, and knows no node of that id yet', async () => {
    const { url } = await broker();
    expect(await look(url)).toEqual([
      { name: 'broker', status: 'ok', found: `${url}: lets this node in, MQTT 5`, of: 'configured' },
      { name: 'node id', status: 'ok', found: 'no node robot has been at this broker' },
    ]);
  });

  it('tells of a node with the same id that is connected', async () => {
    const { url } = await broker();
    const other = await mqtt.connectAsync(url);
    await other.publishAsync('samwire/robot/state', '{"state":"online"}', { retain: true, qos: 1 });
    expect((await look(url))[1]?.found).toContain('a node robot is connected; if that is not');
    await other.publishAsync('samwire/robot/state', '{"state":"offline"}', { retain: true, qos: 1 });
    expect((await look(url))[1]?.found).toBe('node robot is not connected');
    await other.publishAsync('samwire/robot/state', 'not json', { retain: true, qos: 1 });
    expect((await look(url))[1]?.status).toBe('ok');
    await other.endAsync();
  });

  it('that wants a password takes the right one, and refuses none or another with the keys to mend', async () => {
    const { url } = await broker({ passwords: { robot: 'hunter2' } });
    expect((await lookAtBroker(url, `, username: robot, passwordFile: ${passwordFile}`))?.status).toBe('ok');
    const none = await lookAtBroker(url);
    expect(none?.status).toBe('fail');
    expect(none?.remedy).toContain('mqtt.username');
    expect((await lookAtBroker(url, `, username: other, passwordFile: ${passwordFile}`))?.status).toBe(
      'fail',
    );
  });

  it('with TLS is trusted by its authority only', async () => {
    const { url } = await broker({ tls });
    expect((await lookAtBroker(url, `, tls: { ca: ${tls.ca} }`))?.status).toBe('ok');
    const untrusted = await lookAtBroker(url, `, tls: { ca: ${tls.otherCa} }`);
    expect(untrusted?.found).toContain('an authority that this machine does not know');
    expect(untrusted?.remedy).toContain('mqtt.tls.ca');
  });

  it('that wants a certificate says so when there is none', async () => {
    const { url } = await broker({ tls, requireClientCertificate: true });
    const pair = `cert: ${tls.clientCert}, key: ${tls.clientKey}`;
    expect((await lookAtBroker(url, `, tls: { ca: ${tls.ca}, ${pair} }`))?.status).toBe('ok');
    const without = await lookAtBroker(url, `, protocol: '5', tls: { ca: ${tls.ca} }`);
    expect(without?.status).toBe('fail');
    expect(without?.remedy).toMatch(/mqtt\.tls\.cert|Look into its log/);
  });

  it('with TLS that is spoken to without, or the other way round, says which', async () => {
    const secure = await broker({ tls });
    const plain = await broker();
    const toSecure = await lookAtBroker(secure.url.replace('mqtts', 'mqtt'));
    expect(toSecure).toMatchObject({ status: 'fail', remedy: expect.stringContaining('mqtts://') });
    const toPlain = await lookAtBroker(plain.url.replace('mqtt', 'mqtts'), `, tls: { ca: ${tls.ca} }`);
    expect(toPlain).toMatchObject({ status: 'fail', remedy: expect.stringContaining('mqtt://') });
  });

  it('over WebSockets is reached as well', async () => {
    const { url } = await broker({ websockets: true });
    expect((await lookAtBroker(url))?.status).toBe('ok');
  });
});

describe('what is no broker', () => {
  it('and does not listen fails with how to start one', async () => {
    const url = `mqtt://${await server(() => {})}`;
    await Promise.all(running.splice(0).map((one) => one.close()));
    expect(await lookAtBroker(url)).toMatchObject({
      status: 'fail',
      found: `${url}: nothing listens there`,
      remedy: expect.stringContaining('apt-get install -y mosquitto'),
      of: 'configured',
    });
  });

  it('and closes, or says nothing, is told as that', async () => {
    const closing = await lookAtBroker(`mqtt://${await server((socket) => socket.end())}`);
    expect(closing?.found).toContain('closes it without an answer');
    const silent = await lookAtBroker(`mqtt://${await server(() => {})}`);
    expect(silent?.found).toContain('does not answer');
  });
});

describe('the files of the connection', () => {
  it('that are missing fail with their path', async () => {
    const check = await lookAtBroker('mqtt://127.0.0.1:1', `, username: u, passwordFile: ${folder}/none`);
    expect(check?.status).toBe('fail');
    expect(check?.found).toContain(`${folder}/none`);
  });

  it('are told when a certificate has expired or soon will', async () => {
    const days = (count: number) => () => Date.now() + count * 86_400_000;
    const settings = `, tls: { ca: ${tls.ca} }`;
    const soon = await look('mqtts://127.0.0.1:1', settings);
    expect(soon[0]).toMatchObject({
      name: 'mqtt.tls.ca',
      status: 'warn',
      found: expect.stringContaining('expires'),
    });
    const late = await look('mqtts://127.0.0.1:1', settings, days(3));
    expect(late[0]).toMatchObject({
      name: 'mqtt.tls.ca',
      status: 'fail',
      found: expect.stringContaining('expired'),
    });
  });

  it('are told when they are no PEM, or the key is for another certificate', async () => {
    const noPem = await look('mqtts://127.0.0.1:1', `, tls: { ca: ${passwordFile} }`);
    expect(noPem[0]).toMatchObject({ name: 'mqtt.tls.ca', status: 'fail' });
    const wrong = await look(
      'mqtts://127.0.0.1:1',
      `, tls: { cert: ${tls.clientCert}, key: ${tls.serverKey} }`,
    );
    expect(wrong.find(({ name }) => name === 'mqtt.tls.key')?.status).toBe('fail');
  });
});

describe('a refusal', () => {
  it.each([
    [4, 'user name or password'],
    [134, 'user name or password'],
    [5, 'does not let this client in'],
    [133, 'client id'],
    [151, 'MQTT code 151'],
    ['CERT_HAS_EXPIRED', 'expired'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'another name'],
    ['EPROTO', 'TLS'],
    ['ECONNRESET', 'without an answer'],
    ['ENOTFOUND', 'name is not known'],
  ])('with code %s says: %s', (code, words) => {
    const { found, remedy } = brokerFault({ code, message: 'message' }, false);
    expect(found).toContain(words);
    expect(remedy).not.toBe('');
  });
});
