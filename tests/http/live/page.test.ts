import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import type { RecentError } from '../../../src/health/recent-errors.js';
import { Holds } from '../../../src/http/live/holds.js';
import { Page } from '../../../src/http/live/page.js';
import { closeAll, owe, waitFor } from '../../integration/mqtt/harness.js';

afterEach(closeAll);

/** A page on a real WebSocket, whose clock the test moves. */
async function setup({ answersPings = true } = {}) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
  await new Promise((resolve) => server.once('listening', resolve));
  owe(async () => {
    for (const socket of server.clients) socket.terminate();
    await new Promise((resolve) => server.close(resolve));
  });
  const accepted = new Promise<WebSocket>((resolve) => server.once('connection', resolve));
  const { port } = server.address() as AddressInfo;
  const client = new WebSocket(`ws://127.0.0.1:${port}`, { autoPong: answersPings });
  const texts: string[] = [];
  client.on('message', (data) => texts.push(data.toString()));
  let pings = 0;
  client.on('ping', () => {
    pings += 1;
  });
  const clock = { now: 0 };
  const counts = { dropped: 0, closed: 0 };
  const socket = await accepted;
  const page = new Page({
    socket,
    cameras: new Map(),
    feeds: new Map(),
    holds: new Holds(),
    onFrame: () => undefined,
    onMasksDropped: () => {
      counts.dropped += 1;
    },
    onClosed: () => {
      counts.closed += 1;
    },
    now: () => clock.now,
  });
  await waitFor(() => client.readyState === client.OPEN, 'an open socket');
  return { page, client, socket, clock, counts, texts, pings: () => pings };
}

const error = (number: number): RecentError => ({
  number,
  firstAt: 0,
  lastAt: 0,
  count: 1,
  source: 'message',
  message: `m${number}`,
});
const MEGABYTE = 'x'.repeat(1024 * 1024);

describe('the connection of a page', () => {
  it('ends when no ping was answered for 30 s', async () => {
    const { page, client, clock, counts, pings } = await setup({ answersPings: false });
    for (clock.now = 0; clock.now < 30_000; clock.now += 1000) page.keepAlive();
    await waitFor(() => pings() === 2, 'two pings');
    // A pong that nobody asked for does not count.
    client.pong('99');
    expect(counts.closed).toBe(0);
    page.keepAlive();
    expect(counts.closed).toBe(1);
    await waitFor(() => client.readyState === client.CLOSED, 'the end');
  });

  it('ends once, however many pings come before the other side has closed too', async () => {
    const { client, socket, counts } = await setup();
    const listeners = socket.listenerCount('close');
    for (let i = 0; i < 500; i++) client.ping();
    let heard = 0;
    let most = 0;
    socket.on('ping', () => {
      heard += 1;
      most = Math.max(most, socket.listenerCount('close') - listeners);
    });
    await waitFor(() => heard === 500, 'all pings');
    expect(counts.closed).toBe(1);
    // Hundreds of thousands, taken away one by one, held the main thread up for minutes.
    expect(most).toBe(1);
  });

  it('stays for as long as pings are answered', async () => {
    const { page, clock, counts, pings } = await setup();
    for (let i = 1; i <= 12; i++) {
      clock.now = i * 10_000;
      page.keepAlive();
      await waitFor(() => pings() === i, `ping ${i}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(counts.closed).toBe(0);
  });

  it('takes no more masks than fit, and of those that wait the newest of a camera and source', async () => {
    const { page, client, socket, counts, texts } = await setup();
    client.pause();
    // The kernel takes some megabytes before the socket is full.
    let sent = 0;
    while (socket.bufferedAmount < 1024 * 1024) {
      page.sendMasks('front', 'prompt', `${sent++}${MEGABYTE}`);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const full = socket.bufferedAmount;
    for (let i = 0; i < 20; i++) {
      page.sendMasks('front', 'track', `track ${i}`);
      page.sendMasks('gate', 'track', `gate ${i}`);
      page.sendMasks('front', 'prompt', `prompt ${i}`);
      page.sendIfFree('status');
      page.sendError(error(1 + (i % 2)));
    }
    expect(socket.bufferedAmount).toBe(full);
    expect(counts.dropped).toBe(57);
    client.resume();
    await waitFor(() => texts.length === sent + 5, 'what waited');
    expect(texts.slice(-5).sort()).toEqual([
      'gate 19',
      'prompt 19',
      'track 19',
      JSON.stringify({ type: 'error', error: error(1) }),
      JSON.stringify({ type: 'error', error: error(2) }),
    ]);
  });

  it('keeps the last fifty errors for a socket that is full', async () => {
    const { page, client, socket, texts } = await setup();
    client.pause();
    while (socket.bufferedAmount < 1024 * 1024) {
      page.sendMasks('front', 'prompt', MEGABYTE);
      await new Promise((resolve) => setImmediate(resolve));
    }
    for (let i = 1; i <= 80; i++) page.sendError(error(i));
    client.resume();
    const errors = (): string[] => texts.filter((text) => text.includes('"error"'));
    await waitFor(() => errors().length === 50, 'fifty errors');
    expect(JSON.parse(errors()[0] ?? '')).toMatchObject({ error: { number: 31 } });
  });

  it('is given up where what can not be left out piles up', async () => {
    const { page, client, socket, counts } = await setup();
    client.pause();
    for (let i = 0; i < 100 && counts.closed === 0; i++)
      page.send({ type: 'held', camera: 'front', seq: i, problem: MEGABYTE });
    expect(counts.closed).toBe(1);
    await waitFor(() => socket.readyState === socket.CLOSED, 'the end');
  });
});
