import { spawn } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../src/native/addon.js';
import { brokerMissing } from '../integration/broker.js';
import {
  broker,
  client,
  closeAll,
  mqttOptions,
  online,
  owe,
  startNode,
  waitFor,
} from '../integration/mqtt/harness.js';
import { page } from './pages.js';

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
}

interface Export {
  readonly resourceSpans: readonly { readonly scopeSpans: readonly { readonly spans: readonly Span[] }[] }[];
}

/** As a collector takes spans: OTLP over HTTP, in JSON. */
async function collector(): Promise<{ readonly port: number; readonly spans: Span[] }> {
  const spans: Span[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { resourceSpans } = JSON.parse(Buffer.concat(chunks).toString()) as Export;
    spans.push(...resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)));
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  owe(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { port: (server.address() as AddressInfo).port, spans };
}

/** Runs the page's program against this broker and collector, until the test ends. */
async function follow(url: string, port: number): Promise<void> {
  const [program] = page('docs/mqtt.md').blocks.filter(({ language }) => language === 'js');
  // Inside the package, so that it finds `mqtt`.
  const folder = join(PACKAGE_ROOT, 'build/docs-traces');
  await mkdir(folder, { recursive: true });
  const file = join(folder, `${process.pid}.mjs`);
  const text = (program?.text ?? '').replace('mqtt://127.0.0.1:1883', url).replace('4318', String(port));
  await writeFile(file, text);
  const child = spawn(process.execPath, [file], {
    cwd: PACKAGE_ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  owe(async () => {
    child.kill();
    await ended;
    await rm(file, { force: true });
  });
}

describe.skipIf(brokerMissing() !== null)('the program under "Traces" in docs/mqtt.md', () => {
  afterEach(closeAll);

  it('makes spans of an answer that lie end to end below the sender’s own', async () => {
    const { url } = await broker();
    const { port, spans } = await collector();
    startNode(mqttOptions(url));
    const sender = await client(url);
    await online(sender);
    await follow(url, port);
    const [traceId, sentBy] = ['4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7'];
    const userProperties = { traceparent: `00-${traceId}-${sentBy}-01` };
    const ask = () =>
      sender.send('samwire/n1/front/prompt', { box: [1, 2, 30, 40] }, { properties: { userProperties } });
    // Until the program has subscribed.
    const asking = setInterval(() => void ask(), 200);
    owe(async () => clearInterval(asking));
    await waitFor(() => spans.length > 0, 'spans');
    const { json } = await sender.on('samwire/n1/front/masks');
    const { timing } = json as { readonly timing: Readonly<Record<string, number>> };
    const [answer, ...stages] = spans.slice(0, 8);
    expect(answer).toMatchObject({ traceId, parentSpanId: sentBy, name: 'samwire prompt' });
    expect(stages.map(({ name }) => name)).toEqual([
      'age',
      'queue',
      'prepare',
      'encode',
      'decode',
      'mask',
      'publish',
    ]);
    const lengths = stages.map(
      (span) => Number(BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano)) / 1e6,
    );
    expect(lengths[3]).toBeCloseTo(timing.encodeMs ?? 0, 2);
    expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(spans.length);
    for (const [i, span] of stages.entries()) {
      expect(span).toMatchObject({ traceId, parentSpanId: answer?.spanId });
      const before = i === 0 ? answer?.startTimeUnixNano : stages[i - 1]?.endTimeUnixNano;
      expect(span.startTimeUnixNano).toBe(before);
    }
    const [end, lastEnd] = [answer?.endTimeUnixNano, stages[6]?.endTimeUnixNano].map(Number);
    expect(Math.abs((end ?? 0) - (lastEnd ?? 1e6))).toBeLessThan(10_000);
  });
});
