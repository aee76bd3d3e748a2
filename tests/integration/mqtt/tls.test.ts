/** TLS with the real Mosquitto: who is let in, what is refused, and whether a person is told what to do. */
import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect as connectTcp, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, createServer } from 'node:tls';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/load.js';
import { checkBroker } from '../../../src/health/check-broker.js';
import type { MqttOptions } from '../../../src/mqtt/options.js';
import { PACKAGE_ROOT } from '../../../src/native/addon.js';
import { madeMachine } from '../../health/machine.js';
import { type BrokerOptions, brokerMissing } from '../broker.js';
import { makeTlsFiles, type TlsFiles } from '../certificates.js';
import { broker, closeAll, mqttOptions, owe, startNode, waitFor } from './harness.js';

type Tls = NonNullable<MqttOptions['tls']>;
type Leaf = { readonly cert: string; readonly key: string };

const machine = madeMachine({ now: Date.now });
let files: TlsFiles;
let own: Required<Tls>;

beforeAll(async () => {
  files = await makeTlsFiles();
  own = { ca: files.ca, cert: files.clientCert, key: files.clientKey } as Required<Tls>;
});
afterEach(closeAll);
afterAll(async () => {
  machine.remove();
  await files.dispose();
});

async function directory(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'samwire-rotated-'));
  owe(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** What the node's state says of a link that can't be made, and what the doctor says of it. */
async function refusalOf(url: string, tls: Tls): Promise<readonly string[]> {
  const { node, logs } = startNode(mqttOptions(url, { tls, protocol: '5' }));
  await waitFor(() => node.status.problem !== null || node.status.connected, 'a problem');
  expect(node.status.connected).toBe(false);
  const problem = node.status.problem ?? '';
  expect(logs.some((line) => JSON.parse(line).problem === problem)).toBe(true);
  await node.close();
  const text = JSON.stringify({ version: 1, node: { id: 'n3' }, mqtt: { url, tls, protocol: '5' } });
  const checks = await checkBroker(parseConfig(text, '/x.yaml').config, machine.host);
  const failed = checks.filter(({ status }) => status === 'fail');
  return [problem, failed.map(({ name, found, remedy }) => `${name}: ${found}. ${remedy}`).join('\n')];
}

const secured = (leaf?: Leaf): BrokerOptions => ({
  tls: leaf === undefined ? files : { ...files, serverCert: leaf.cert, serverKey: leaf.key },
});

describe.skipIf(brokerMissing() !== null)('TLS to the broker', () => {
  describe.each([false, true])('(over WebSockets: %s)', (websockets) => {
    it('trusts the CA that it is given, and no other', async () => {
      const { url } = await broker({ ...secured(), websockets });
      const { node } = startNode(mqttOptions(url, { tls: { ca: files.ca } }));
      await waitFor(() => node.status.connected, 'the connection');
      for (const said of await refusalOf(url, { ca: files.otherCa })) {
        expect(said).toContain('signed by an authority that this machine does not know');
        expect(said).toContain('mqtt.tls.ca');
      }
    });

    it('refuses a certificate of another host, and one that has expired', async () => {
      const host = await files.leaf(`elsewhere-${websockets}`, { names: 'DNS:elsewhere.local' });
      const elsewhere = await broker({ ...secured(host), websockets });
      for (const said of await refusalOf(elsewhere.url, { ca: files.ca }))
        expect(said).toContain('for another name than the one in mqtt.url');
      const old = await broker({
        ...secured(await files.leaf(`old-${websockets}`, { days: -1 })),
        websockets,
      });
      for (const said of await refusalOf(old.url, { ca: files.ca })) expect(said).toContain('has expired');
    });

    it('shows the node’s own certificate, and tells what is wrong with it', async () => {
      const { url } = await broker({ ...secured(), websockets, requireClientCertificate: true });
      const { node } = startNode(mqttOptions(url, { tls: own }));
      await waitFor(() => node.status.connected, 'the connection');
      const strange = await files.leaf(`strange-${websockets}`, { by: 'otherCa' });
      const old = await files.leaf(`old-client-${websockets}`, { days: -1 });
      for (const [tls, words] of [
        [{ ca: files.ca }, 'it wants a certificate of this node and got none'],
        [{ ca: files.ca, ...strange }, 'it does not trust the certificate of this node'],
        [{ ca: files.ca, ...old }, 'the certificate of this node has expired'],
        [{ ...own, key: files.serverKey }, 'mqtt.tls.key is not the key of mqtt.tls.cert'],
      ] as const) {
        for (const said of await refusalOf(url, tls)) {
          expect(said).toContain(words);
          expect(said).toMatch(/mqtt\.tls\.(cert|key)/);
          expect(said).not.toContain('deps/openssl');
        }
      }
    });

    it('takes new files at the next connection, and outlives files that are half written', async () => {
      const next = await makeTlsFiles();
      owe(() => next.dispose());
      const folder = await directory();
      const paths = Object.fromEntries(
        ['ca', 'otherCa', 'serverCert', 'serverKey', 'clientCert', 'clientKey'].map((name) => [
          name,
          join(folder, `${name}.pem`),
        ]),
      ) as unknown as Record<'ca' | 'serverCert' | 'serverKey' | 'clientCert' | 'clientKey', string>;
      const install = async (from: TlsFiles, names: readonly (keyof typeof paths)[]) => {
        for (const name of names) await copyFile(from[name], paths[name]);
      };
      const all = Object.keys(paths).filter((name) => name !== 'otherCa') as (keyof typeof paths)[];
      await install(files, all);
      const mine = { ca: `${paths.ca}.mine`, cert: paths.clientCert, key: paths.clientKey };
      await copyFile(files.ca, mine.ca);
      const real = await broker({ tls: { ...files, ...paths }, websockets, requireClientCertificate: true });
      const { node } = startNode(mqttOptions(real.url, { tls: mine }));
      await waitFor(() => node.status.connected, 'the connection');

      await real.stop();
      await install(next, ['ca', 'serverCert', 'serverKey']);
      const half = async (name: 'ca' | 'clientCert' | 'clientKey', path: string) => {
        const whole = await readFile(next[name]);
        await writeFile(path, whole.subarray(0, whole.length / 2));
      };
      await half('ca', mine.ca);
      await half('clientCert', mine.cert);
      await half('clientKey', mine.key);
      await real.start();
      await waitFor(() => node.status.problem?.includes('mqtt.tls.ca') === true, 'the half CA told');
      await copyFile(next.ca, mine.ca);
      await waitFor(
        () => node.status.problem?.includes('mqtt.tls.cert') === true,
        'the half certificate told',
      );
      expect(node.status.problem).toContain(mine.cert);
      await copyFile(next.clientCert, mine.cert);
      await waitFor(() => node.status.problem?.includes('(mqtt.tls.key)') === true, 'the half key told');
      await copyFile(next.clientKey, mine.key);
      await waitFor(() => node.status.connected, 'the connection with the new files');
    });
  });

  describe('of a version below 1.2', () => {
    /** A server that ends TLS 1.1 before a real Mosquitto; OpenSSL speaks it at security level 0 only. */
    async function oldServer(): Promise<string> {
      const { port } = await broker();
      const sockets = new Set<Socket>();
      const server: Server = createServer(
        {
          ca: await readFile(files.ca),
          cert: await readFile(files.serverCert),
          key: await readFile(files.serverKey),
          minVersion: 'TLSv1',
          maxVersion: 'TLSv1.1',
          ciphers: 'DEFAULT@SECLEVEL=0',
        },
        (socket) => {
          const target = connectTcp({ host: '127.0.0.1', port });
          for (const one of [socket, target]) {
            sockets.add(one);
            one.on('error', () => {});
          }
          socket.pipe(target).pipe(socket);
        },
      );
      server.on('tlsClientError', () => {});
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      owe(async () => {
        for (const socket of sockets) socket.destroy();
        await new Promise((resolve) => server.close(resolve));
      });
      return `127.0.0.1:${(server.address() as AddressInfo).port}`;
    }

    /** Without it the tests below would show nothing. */
    it('would be spoken by a client that asks for nothing better', async () => {
      const [host, port] = (await oldServer()).split(':');
      const socket = connectTls({
        host: String(host),
        port: Number(port),
        ca: await readFile(files.ca),
        minVersion: 'TLSv1',
        ciphers: 'DEFAULT@SECLEVEL=0',
      });
      await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
      expect(socket.getProtocol()).toBe('TLSv1.1');
      socket.destroy();
    });

    it('is refused, and said', async () => {
      for (const said of await refusalOf(`mqtts://${await oldServer()}`, { ca: files.ca }))
        expect(said).toContain('it speaks no TLS of 1.2 or newer');
    });

    it.each(['mqtts', 'wss'])(
      'is refused also by a Node that is started to allow it (%s)',
      async (scheme) => {
        const config = join(await directory(), 'samwire.yaml');
        const url = `${scheme}://${await oldServer()}`;
        await writeFile(
          config,
          JSON.stringify({ version: 1, node: { id: 'n1' }, mqtt: { url, tls: { ca: files.ca } } }),
        );
        const result = await promisify(execFile)(
          process.execPath,
          [
            ...['--no-warnings', '--tls-min-v1.0', '--tls-cipher-list=DEFAULT@SECLEVEL=0'],
            join(PACKAGE_ROOT, 'dist/cli/main.js'),
            ...['prompt', '--config', config, '--camera', 'front', '--point', '1,1', '--timeout', '0.5'],
          ],
          { env: { ...process.env, NODE_TLS_REJECT_UNAUTHORIZED: '0' } },
        ).catch((error: { stderr: string }) => error);
        expect(result.stderr).toContain('it speaks no TLS of 1.2 or newer');
      },
    );
  });
});
