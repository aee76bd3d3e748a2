import { readFile } from 'node:fs/promises';
import mqtt from 'mqtt';
import { afterEach, describe, expect, it } from 'vitest';
import { type Broker, type BrokerOptions, brokerMissing, startBroker } from '../broker.js';
import { makeTlsFiles, type TlsFiles } from '../certificates.js';
import { startProxy } from '../proxy.js';

describe.skipIf(brokerMissing() !== null)('the broker that the integration tests use', () => {
  const open: { close(): Promise<unknown> }[] = [];
  afterEach(async () => {
    for (const thing of open.splice(0).reverse()) await thing.close();
  });

  async function broker(options: BrokerOptions = {}): Promise<Broker> {
    const started = await startBroker(options);
    open.push(started);
    return started;
  }

  async function connected(url: string, options: mqtt.IClientOptions): Promise<mqtt.MqttClient> {
    const client = await mqtt.connectAsync(url, { reconnectPeriod: 0, ...options }, false);
    open.push({ close: () => client.endAsync(true) });
    return client;
  }

  it('speaks MQTT 5 and tells its maximum packet size', async () => {
    const { url } = await broker({ maxPacketBytes: 5000 });
    const client = await connected(url, { protocolVersion: 5 });
    expect(client.serverProperties?.maximumPacketSize).toBe(5000);
  });

  it('comes back on the same port after a kill', async () => {
    const real = await broker();
    await real.kill();
    await expect(connected(real.url, {})).rejects.toThrow();
    await real.start();
    await expect(connected(real.url, {})).resolves.toBeDefined();
  });

  it('asks for a password', async () => {
    const { url } = await broker({ passwords: { ada: 'secret' } });
    await expect(connected(url, { username: 'ada', password: 'wrong' })).rejects.toThrow(/not authorized/i);
    await expect(connected(url, { username: 'ada', password: 'secret' })).resolves.toBeDefined();
  });

  it('serves WebSockets', async () => {
    const { url } = await broker({ websockets: true });
    await expect(connected(url, {})).resolves.toBeDefined();
  });

  it('asks for a client certificate', async () => {
    const tls: TlsFiles = await makeTlsFiles();
    open.push({ close: () => tls.dispose() });
    const { url } = await broker({ tls, requireClientCertificate: true });
    const ca = await readFile(tls.ca);
    await expect(connected(url, { ca })).rejects.toThrow();
    const credentials = { ca, cert: await readFile(tls.clientCert), key: await readFile(tls.clientKey) };
    await expect(connected(url, credentials)).resolves.toBeDefined();
  });

  it('is cut off by the proxy', async () => {
    const { port } = await broker();
    const proxy = await startProxy(port);
    open.push(proxy);
    const client = await connected(`mqtt://127.0.0.1:${proxy.port}`, {});
    const closed = new Promise<void>((resolve) => client.once('close', () => resolve()));
    proxy.cut();
    await closed;
    expect(proxy.connections()).toBe(1);
  });
});
