import { rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createConnection, createServer as createTcpServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Aedes } from 'aedes';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { BrokerConnection } from '../../../src/mqtt/connection.js';
import { brokerMissing, freePort } from '../broker.js';
import { startProxy } from '../proxy.js';
import { broker, client, closeAll, JOBS, mqttOptions, online, owe, startNode, waitFor } from './harness.js';

const PROMPT = 'samwire/n1/front/prompt';
const box = [1, 2, 30, 40];
const MASKS = 'samwire/n1/front/masks';

describe.skipIf(brokerMissing() !== null)('the link to the broker', () => {
  afterEach(closeAll);

  it.each(['5', '3.1.1'] as const)('waits for a broker that is not there yet (%s)', async (protocol) => {
    const port = await freePort();
    const { node, logs } = startNode(mqttOptions(`mqtt://127.0.0.1:${port}`, { protocol }));
    await waitFor(() => node.status.retries >= 2, 'two failed attempts');
    expect(node.status).toMatchObject({
      connected: false,
      problem: expect.stringContaining('Is the broker running?'),
    });
    const { url } = await broker({ port });
    const sender = await client(url);
    await online(sender);
    await sender.send(PROMPT, { box });
    await sender.on(MASKS);
    expect(logs.some((line) => line.includes('retryInMs'))).toBe(true);
  });

  it.each(['5', '3.1.1'] as const)('has the broker tell when the node dies (%s)', async (protocol) => {
    const { port, url } = await broker();
    const proxy = await startProxy(port);
    owe(() => proxy.close());
    const sender = await client(url);
    startNode(mqttOptions(`mqtt://127.0.0.1:${proxy.port}`, { protocol }));
    await online(sender);
    proxy.block();
    const offline = await sender.next(({ json }) => json.state === 'offline');
    expect(offline).toMatchObject({
      topic: 'samwire/n1/state',
      json: { version: '0.1.0', backend: 'onnx', model: 'test-model' },
    });
    const late = await client(url);
    expect((await late.on('samwire/n1/state')).json.state).toBe('offline');
    sender.received.length = 0;
    proxy.restore();
    await online(sender);
  });

  it('holds while a message is handled for longer than the keep-alive', async () => {
    const mosquitto = await broker();
    let handled = 0;
    const connection = new BrokerConnection({
      mqtt: mqttOptions(mosquitto.url),
      logger: pino({ level: 'silent' }),
      identity: () => ({ clientId: 'patient', clean: true, keepaliveSec: 1 }),
      handlers: {
        onSession: (session) => void session.subscribe(['samwire/slow']).catch(() => {}),
        onLost: () => {},
        onTakenOver: () => {},
        onMessage: async () => {
          await new Promise((resolve) => setTimeout(resolve, 4000));
          handled += 1;
        },
      },
    });
    connection.start();
    owe(() => connection.close());
    await waitFor(() => mosquitto.log().includes('Sending SUBACK to patient'), 'the subscription');
    const sender = await client(mosquitto.url);
    await sender.send('samwire/slow', {});
    await waitFor(() => handled === 1, 'the message handled');
    await waitFor(() => mosquitto.log().includes('Received PUBACK from patient'), 'its acknowledgement');
    expect(connection.status.retries).toBe(0);
  });

  it('is made anew when a message could not be handled, which then comes again', async () => {
    const mosquitto = await broker();
    let taken = 0;
    const connection = new BrokerConnection({
      mqtt: mqttOptions(mosquitto.url),
      logger: pino({ level: 'silent' }),
      identity: () => ({ clientId: 'again', clean: false }),
      handlers: {
        onSession: (session) => void session.subscribe(['samwire/again']).catch(() => {}),
        onLost: () => {},
        onTakenOver: () => {},
        onMessage: () => (++taken < 3 ? Promise.reject(new Error('not now')) : Promise.resolve()),
      },
      retry: { firstMs: 20, maxMs: 50 },
    });
    connection.start();
    owe(() => connection.close());
    await waitFor(() => mosquitto.log().includes('Sending SUBACK to again'), 'the subscription');
    const sender = await client(mosquitto.url);
    await sender.send('samwire/again', {});
    await waitFor(() => mosquitto.log().includes('Received PUBACK from again'), 'its acknowledgement');
    expect(taken).toBe(3);
  });

  describe.each(['5', '3.1.1'] as const)('in the middle of an answer (%s)', (protocol) => {
    /** A node behind a proxy that passes on the first half of its answer only. */
    async function halfAnswered() {
      const real = await broker();
      const proxy = await startProxy(real.port);
      owe(() => proxy.close());
      const { service, node } = startNode(mqttOptions(`mqtt://127.0.0.1:${proxy.port}`, { protocol }));
      service.counts = 'x'.repeat(100_000);
      const sender = await client(real.url);
      await online(sender);
      const { onPrompt } = service;
      let cut: Promise<void> | null = null;
      service.onPrompt = (call) => {
        cut ??= proxy.cutAfterClientBytes(50_000);
        return onPrompt(call);
      };
      await sender.send(PROMPT, { requestId: 'r1', box });
      await waitFor(() => cut !== null, 'the prompt at work');
      await cut;
      return { real, proxy, service, node, sender };
    }

    it('survives that the connection is cut', async () => {
      const { sender, service, node } = await halfAnswered();
      const { json } = await sender.on(MASKS);
      expect(json.requestId).toBe('r1');
      await waitFor(() => node.status.owedMessages === 0, 'everything acknowledged');
      expect(service.calls).toHaveLength(1);
      expect(node.counters.dropped).toEqual({ overflow: 0, too_large: 0, refused: 0, undeliverable: 0 });
    });

    it('survives that the broker is killed', async () => {
      const { real, proxy, service, node } = await halfAnswered();
      proxy.block();
      await real.kill();
      await waitFor(() => !node.status.connected, 'the loss noticed');
      await real.start();
      const subscriber = await client(real.url);
      proxy.restore();
      const { json } = await subscriber.on(MASKS);
      expect(json.requestId).toBe('r1');
      await waitFor(() => node.status.owedMessages === 0, 'everything acknowledged');
      expect(service.calls).toHaveLength(1);
    });
  });

  it.each(['5', '3.1.1'] as const)('serves prompts sent while it was away (%s)', async (protocol) => {
    const { port, url } = await broker();
    const proxy = await startProxy(port);
    owe(() => proxy.close());
    const { node } = startNode(mqttOptions(`mqtt://127.0.0.1:${proxy.port}`, { protocol }));
    const sender = await client(url);
    await online(sender);
    proxy.block();
    await waitFor(() => !node.status.connected, 'the loss noticed');
    await sender.send(PROMPT, { requestId: 'meanwhile', box });
    proxy.restore();
    expect((await sender.on(MASKS)).json.requestId).toBe('meanwhile');
  });

  it.each(['5', '3.1.1'] as const)(
    'answers every prompt although its connection is cut again and again (%s)',
    async (protocol) => {
      const { port, url } = await broker({ extraLines: ['max_queued_messages 10000'] });
      const proxy = await startProxy(port);
      owe(() => proxy.close());
      const { node } = startNode(mqttOptions(`mqtt://127.0.0.1:${proxy.port}`, { protocol }));
      const sender = await client(url);
      await online(sender);
      const answered = () =>
        new Set(sender.received.filter(({ topic }) => topic === MASKS).map(({ json }) => json.requestId));
      for (let i = 0; i < 300; i += 1) {
        await sender.send(PROMPT, { requestId: `r${i}`, box });
        if (i % 30 === 29) {
          const { retries } = node.status;
          proxy.cut();
          await waitFor(() => node.status.retries > retries && node.status.connected, 'a new connection');
        }
      }
      await waitFor(() => answered().size === 300, 'an answer to each');
      await waitFor(() => node.status.owedMessages === 0, 'everything acknowledged');
      expect(node.counters.dropped).toEqual({ overflow: 0, too_large: 0, refused: 0, undeliverable: 0 });
    },
  );

  it('sends the newest states after an outage, and drops what is frame-rate', async () => {
    const { port, url } = await broker();
    const proxy = await startProxy(port);
    owe(() => proxy.close());
    const { node } = startNode(mqttOptions(`mqtt://127.0.0.1:${proxy.port}`));
    const watcher = await client(url);
    await online(watcher);
    proxy.block();
    await waitFor(() => !node.status.connected, 'the loss noticed');
    const camera = { state: 'streaming', fps: 30, width: 64, height: 48, since: 1 } as const;
    for (let since = 1; since <= 5; since += 1) node.setCameraState('front', { ...camera, since });
    expect(node.publishVolatile({ topic: 'samwire/n1/front/labels', payload: Buffer.from('x') })).toBe(false);
    expect(node.counters.volatileDropped).toBeGreaterThan(0);
    proxy.restore();
    const state = await watcher.on('samwire/n1/front/state');
    expect(state.json.since).toBe(5);
    expect(watcher.received.some(({ topic }) => topic.endsWith('/labels'))).toBe(false);
  });

  // Mosquitto 2.0.11 sends no 0x8E: the node finds out by the state that the other one left.
  it.each(['5', '3.1.1'] as const)(
    'gives way when a second node takes the session (%s)',
    async (protocol) => {
      const { url } = await broker();
      const sender = await client(url);
      const first = startNode(mqttOptions(url, { protocol }));
      await online(sender);
      sender.received.length = 0;
      const second = startNode(mqttOptions(url, { protocol }));
      await online(sender);
      await waitFor(() => first.takenOver === 1, 'the takeover');
      expect(first.node.status).toMatchObject({
        connected: false,
        problem: expect.stringContaining('node.id'),
      });
      await waitFor(() => second.node.status.connected, 'the second node back');
      await sender.send(PROMPT, { requestId: 'r1', box });
      await sender.on(MASKS);
      expect(second.service.calls).toHaveLength(1);
      expect([first.takenOver, second.takenOver]).toEqual([1, 0]);
      expect(first.logs.some((line) => line.includes('session taken over'))).toBe(true);
      const late = await client(url);
      expect((await late.on('samwire/n1/state')).json.state).toBe('online');
    },
  );

  it('gives way when the broker says that the session was taken over', async () => {
    const server = createTcpServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => {
        const connack = [0x20, 3, 0, 0, 0];
        const takenOver = [0xe0, 2, 0x8e, 0];
        socket.end(Buffer.from([...connack, ...takenOver]));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    owe(() => new Promise((resolve) => server.close(resolve)));
    const url = `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const test = startNode(mqttOptions(url));
    await waitFor(() => test.takenOver === 1, 'the takeover');
    expect(test.node.status).toMatchObject({ connected: false, retries: 0 });
  });

  it('does not take its own return, or a restart, for a second node', async () => {
    const real = await broker({ persistence: true });
    const watcher = await client(real.url);
    const first = startNode(mqttOptions(real.url));
    await online(watcher);
    first.node.setNodeState({ state: 'building', backend: 'onnx', model: 'm', progress: 0.1 });
    await watcher.next(({ json }) => json.state === 'building');
    await real.stop();
    await real.start();
    await waitFor(() => first.node.status.connected, 'the first node back');
    expect(first.takenOver).toBe(0);
    await first.node.close();
    const second = startNode(mqttOptions(real.url));
    const late = await client(real.url);
    await online(late);
    expect([first.takenOver, second.takenOver]).toEqual([0, 0]);
  });

  it.each(['mqtt', 'mqtts', 'ws', 'wss'])(
    'can be closed while the broker stays silent (%s)',
    async (scheme) => {
      const sockets = new Set<Socket>();
      const silent = createTcpServer((socket) => {
        sockets.add(socket);
        socket.on('error', () => {});
      });
      await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
      owe(async () => {
        for (const socket of sockets) socket.destroy();
        await new Promise((resolve) => silent.close(resolve));
      });
      const { node } = startNode(
        mqttOptions(`${scheme}://127.0.0.1:${(silent.address() as AddressInfo).port}`),
      );
      await waitFor(() => sockets.size === 1, 'a connection');
      await node.close();
      expect(node.status.connected).toBe(false);
    },
  );

  it('speaks through WebSockets', async () => {
    const { url } = await broker({ websockets: true });
    startNode(mqttOptions(url));
    const sender = await client(url);
    await online(sender);
    await sender.send(PROMPT, { box });
    await sender.on(MASKS);
  });

  describe('holds to the broker’s packet size', () => {
    it('that MQTT 5 tells', async () => {
      const { url } = await broker({ maxPacketBytes: 4000 });
      const { service, node } = startNode(mqttOptions(url));
      const sender = await client(url);
      await online(sender);
      expect(node.maxPayloadBytes({ topic: MASKS, properties: {} })).toBeLessThan(4000);
      service.counts = 'x'.repeat(5000);
      await sender.send(PROMPT, { requestId: 'r1', box });
      const { json } = await sender.on('samwire/n1/front/errors');
      expect(json).toMatchObject({ requestId: 'r1', code: 'too_large' });
      expect(node.status.connected).toBe(true);
    });

    it('to the last byte', async () => {
      const limit = 4000;
      const { url } = await broker({ maxPacketBytes: limit });
      const { service, node } = startNode(mqttOptions(url));
      const sender = await client(url);
      await online(sender);
      const properties = { responseTopic: 'samwire/reply/some-topic', correlationData: Buffer.alloc(100, 1) };
      const room = node.maxPayloadBytes({ topic: properties.responseTopic, properties });
      expect(limit - room).toBeLessThan(200);
      // The message grows by one character at a time until it is refused: all before that arrive.
      for (let length = room - 900; ; length += 60) {
        service.counts = 'x'.repeat(length);
        const requestId = `r${length}`;
        await sender.send(PROMPT, { requestId, box }, { properties });
        const { json } = await sender.next(
          (message) => message.topic === properties.responseTopic && message.json.requestId === requestId,
        );
        if (json.code === 'too_large') break;
        expect(json.masks).toHaveLength(1);
      }
      expect(node.counters.dropped).toEqual({ overflow: 0, too_large: 0, refused: 0, undeliverable: 0 });
      expect(node.status.retries).toBe(0);
    });

    it('that MQTT 3.1.1 does not tell: what ends connections is given up, the rest arrives', async () => {
      const { url } = await broker({ maxPacketBytes: 4000 });
      const { service, node } = startNode(mqttOptions(url, { protocol: '3.1.1' }));
      const sender = await client(url, { protocolVersion: 4 });
      await online(sender);
      service.counts = 'x'.repeat(5000);
      await sender.send(PROMPT, { requestId: 'big', box });
      await waitFor(() => service.calls.length === 1, 'the first prompt');
      service.counts = '0';
      await sender.send(PROMPT, { requestId: 'small', box });
      expect((await sender.on(MASKS)).json.requestId).toBe('small');
      await waitFor(() => node.counters.dropped.undeliverable === 1, 'the message given up');
    });
  });

  describe('falls back to MQTT 3.1.1', () => {
    it('where the broker closes connections of MQTT 5 (aedes)', async () => {
      const aedes = await Aedes.createBroker();
      const server = createTcpServer((socket) => aedes.handle(socket));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      owe(async () => {
        await new Promise<void>((resolve) => aedes.close(resolve));
        await new Promise((resolve) => server.close(resolve));
      });
      const url = `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const { node, logs } = startNode(mqttOptions(url), { jobs: JOBS });
      node.startJobs();
      const sender = await client(url, { protocolVersion: 4 });
      await online(sender);
      expect(node.status).toMatchObject({ connected: true, protocol: '3.1.1' });
      expect(logs.filter((line) => line.includes('no jobs are taken'))).toHaveLength(1);
      await sender.send(PROMPT, { requestId: 'r1', box });
      expect((await sender.on(MASKS)).json.requestId).toBe('r1');
    });

    it('where the broker refuses MQTT 5 by name', async () => {
      const { port, url } = await broker();
      // An older broker: looks at the protocol level in CONNECT, answers 5 with return code 1, passes 4 on.
      const gate = createTcpServer((socket) => {
        socket.on('error', () => {});
        socket.once('data', (connect) => refuseLevel5(socket, connect, port));
      });
      await new Promise<void>((resolve) => gate.listen(0, '127.0.0.1', resolve));
      owe(() => new Promise((resolve) => gate.close(resolve)));
      const gateUrl = `mqtt://127.0.0.1:${(gate.address() as AddressInfo).port}`;
      const { node } = startNode(mqttOptions(gateUrl));
      const sender = await client(url);
      await online(sender);
      expect(node.status.protocol).toBe('3.1.1');
    });

    it('not where a broker of MQTT 5 was merely being stopped', async () => {
      const { port, url } = await broker();
      const proxy = await startProxy(port);
      owe(() => proxy.close());
      proxy.block();
      const { node } = startNode(mqttOptions(`mqtt://127.0.0.1:${proxy.port}`));
      // Restored between the attempts with 5 and with 3.1.1, or somewhere else: it must not matter.
      await waitFor(() => proxy.connections() >= 1, 'a connection that was closed at once');
      proxy.restore();
      const watcher = await client(url);
      await online(watcher);
      expect(node.status.protocol).toBe('5');
    });

    it('not where it is told to speak 5', async () => {
      const aedes = await Aedes.createBroker();
      const server = createTcpServer((socket) => aedes.handle(socket));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      owe(async () => {
        await new Promise<void>((resolve) => aedes.close(resolve));
        await new Promise((resolve) => server.close(resolve));
      });
      const url = `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const { node } = startNode(mqttOptions(url, { protocol: '5' }));
      await waitFor(() => node.status.retries >= 3, 'some attempts');
      expect(node.status).toMatchObject({ connected: false, protocol: null });
    });
  });

  describe('authenticates', () => {
    async function passwordFile(password: string): Promise<string> {
      const path = join(tmpdir(), `samwire-password-${process.pid}-${Math.random().toString(36).slice(2)}`);
      await writeFile(path, `${password}\n`, { mode: 0o600 });
      owe(() => rm(path));
      return path;
    }

    it.each(['5', '3.1.1'] as const)(
      'with a password from a file, which it reads again (%s)',
      async (protocol) => {
        const { url } = await broker({ passwords: { robot: 's3cret-Right', ada: 'x' } });
        const path = await passwordFile('s3cret-Wrong');
        const { node, logs } = startNode(
          mqttOptions(url, { protocol, username: 'robot', passwordFile: path }),
        );
        await waitFor(() => node.status.retries >= 2, 'two refusals');
        expect(node.status.problem).toContain('mqtt.passwordFile');
        await writeFile(path, 's3cret-Right\n');
        await waitFor(() => node.status.connected, 'the connection');
        expect(logs.join('')).not.toContain('s3cret');
        expect(node.status.protocol).toBe(protocol);
      },
    );

    it('says which file is missing, and waits for it', async () => {
      const { url } = await broker({ passwords: { robot: 'right' } });
      const path = join(tmpdir(), `samwire-no-such-file-${process.pid}`);
      owe(() => rm(path, { force: true }));
      const { node } = startNode(mqttOptions(url, { username: 'robot', passwordFile: path }));
      await waitFor(() => node.status.problem !== null, 'a problem');
      expect(node.status.problem).toContain(path);
      await writeFile(path, 'right');
      await waitFor(() => node.status.connected, 'the connection');
    });
  });
});

/** Plays an older broker: level 5 gets CONNACK with return code 1, all else goes to the real one. */
function refuseLevel5(socket: Socket, connect: Buffer, port: number): void {
  const level = connect[connect.indexOf('MQTT') + 4];
  if (level === 5) {
    socket.end(Buffer.from([0x20, 2, 0, 1]));
    return;
  }
  const target = createConnection({ host: '127.0.0.1', port });
  target.on('error', () => socket.destroy());
  target.write(connect);
  socket.pipe(target);
  target.pipe(socket);
  socket.once('close', () => target.destroy());
  target.once('close', () => socket.destroy());
}
