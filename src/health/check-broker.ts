import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto';
import mqtt, { type MqttClient } from 'mqtt';
import type { Config } from '../config/schema.js';
import { brokerFault, type ConnectError, networkFaultText } from '../mqtt/broker-faults.js';
import { clientOptions } from '../mqtt/client-options.js';
import { type Credentials, isWholePem, readCredentials } from '../mqtt/credentials.js';
import { NodeTopics } from '../mqtt/topics.js';
import { maskSecrets } from '../secrets.js';
import type { Check } from './check.js';
import type { Host } from './host.js';
import { tcpFault } from './tcp.js';

const CONNECT_TIMEOUT_MS = 3_000;
/** A retained message comes right after the subscription's acknowledgement. */
const RETAINED_WAIT_MS = 500;
const SOON_MS = 14 * 86_400_000;
const PORTS: Readonly<Record<string, number>> = { 'mqtt:': 1883, 'mqtts:': 8883, 'ws:': 80, 'wss:': 443 };

/** The broker of the config: files, certificates, network, a real CONNECT under a throw-away client id, and the node's id. */
export async function checkBroker(config: Config, host: Host): Promise<Check[]> {
  const { mqtt: options } = config;
  const fail = (found: string, remedy: string): Check => ({
    name: 'broker',
    status: 'fail',
    found: `${maskSecrets(options.url)}: ${found}`,
    remedy,
    of: 'configured',
  });
  let credentials: Credentials;
  try {
    credentials = readCredentials(options);
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    return [fail(found, "Create the file, or let the service's user read it: sudo chown, sudo chmod 600.")];
  }
  const certificates = checkCertificates(credentials, host.now());
  const { hostname, port, protocol } = new URL(options.url);
  const fault = await tcpFault(hostname, Number(port) || (PORTS[protocol] ?? 1883), CONNECT_TIMEOUT_MS);
  if (fault !== undefined) {
    return [...certificates, fail(networkFaultText(fault), networkRemedy(hostname))];
  }
  const session = await connectOnce(config, credentials);
  if ('error' in session) {
    const { found, remedy } = brokerFault(session.error, protocol === 'mqtts:' || protocol === 'wss:');
    return [...certificates, fail(found, remedy)];
  }
  const found = `${maskSecrets(options.url)}: lets this node in, MQTT ${session.version}`;
  const node = await nodeState(config, session.client);
  await session.client.endAsync(true);
  return [...certificates, { name: 'broker', status: 'ok', found, of: 'configured' }, node];
}

function networkRemedy(hostname: string): string {
  return /^(?:127\.|localhost$|\[::1\])/.test(hostname)
    ? 'Run: sudo apt-get install -y mosquitto && sudo systemctl enable --now mosquitto (or correct mqtt.url)'
    : `Check that the broker runs and that mqtt.url names it. Run: ping -c 3 ${hostname}`;
}

/** What stands in mqtt.tls: readable PEM, valid now and for two weeks, and a key that fits its certificate. */
function checkCertificates({ ca, cert, key }: Credentials, nowMs: number): Check[] {
  const problems: Check[] = [];
  const problem = (status: 'warn' | 'fail', what: string, found: string, remedy: string) =>
    problems.push({ name: what, status, found, remedy, of: 'configured' });
  for (const [what, pem] of [
    ['mqtt.tls.ca', ca],
    ['mqtt.tls.cert', cert],
  ] as const) {
    if (!pem) continue;
    try {
      if (!isWholePem(pem)) throw new Error('not whole');
      const { validTo, subject } = new X509Certificate(pem);
      const leftMs = Date.parse(validTo) - nowMs;
      if (leftMs < 0) problem('fail', what, `expired on ${validTo}`, `Renew the certificate of ${subject}.`);
      else if (leftMs < SOON_MS)
        problem('warn', what, `expires on ${validTo}`, `Renew the certificate of ${subject}.`);
    } catch {
      problem(
        'fail',
        what,
        'is no certificate in PEM, or not the whole of it',
        `Put the PEM (BEGIN CERTIFICATE) into the file that ${what} names.`,
      );
    }
  }
  if (cert && key && !keyFits(cert, key)) {
    problem(
      'fail',
      'mqtt.tls.key',
      'is not the unencrypted PEM key of mqtt.tls.cert',
      'Name the key that the certificate was made with.',
    );
  }
  return problems;
}

function keyFits(cert: Buffer, key: Buffer): boolean {
  try {
    return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}

type Session =
  | { readonly client: MqttClient; readonly version: '5' | '3.1.1' }
  | { readonly error: ConnectError };

/** With `auto`, 3.1.1 is tried after a broker that lets nobody in with 5; what it says then is what counts. */
async function connectOnce(config: Config, credentials: Credentials): Promise<Session> {
  const { protocol } = config.mqtt;
  if (protocol !== 'auto') return connect(config, credentials, protocol);
  const first = await connect(config, credentials, '5');
  if (!('error' in first)) return first;
  const second = await connect(config, credentials, '3.1.1');
  return 'error' in second ? first : second;
}

function connect(config: Config, credentials: Credentials, version: '5' | '3.1.1'): Promise<Session> {
  const identity = { clientId: `samwire-doctor-${randomBytes(6).toString('hex')}`, clean: true };
  return new Promise((resolve) => {
    let client: MqttClient;
    try {
      client = mqtt.connect({
        ...clientOptions(config.mqtt, identity, { version, credentials }),
        // The timer below decides, not the library's.
        connectTimeout: 2 * CONNECT_TIMEOUT_MS,
      });
    } catch (error) {
      // OpenSSL can't use a file of mqtt.tls.
      resolve({ error: asConnectError(error) });
      return;
    }
    const timer = setTimeout(() => refuse('TIMEOUT', 'no answer'), CONNECT_TIMEOUT_MS);
    let settled = false;
    const refuse = (code: number | string | undefined, message: string) => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      client.end(true);
      resolve({ error: { code, message } });
    };
    client.on('error', (error: Error & { code?: number | string }) => refuse(error.code, error.message));
    // Where TLS 1.3 refuses a certificate, only the stream hears why.
    client.stream.on('error', (error: Error & { code?: string }) => refuse(error.code, error.message));
    client.once('close', () => refuse('CLOSED', 'closed'));
    client.once('connect', () => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      resolve({ client, version });
    });
  });
}

function asConnectError(error: unknown): ConnectError {
  const { code, message } = error as { readonly code?: string; readonly message?: string };
  return { code, message: message ?? String(error) };
}

/** Whether a node with this id is at the broker, by its retained state. */
async function nodeState(config: Config, client: MqttClient): Promise<Check> {
  const topic = new NodeTopics(config.mqtt.baseTopic, config.node.id).state;
  const retained = new Promise<Buffer | undefined>((resolve) => {
    const timer = setTimeout(() => resolve(undefined), RETAINED_WAIT_MS);
    client.once('message', (_, payload) => {
      clearTimeout(timer);
      resolve(payload);
    });
  });
  try {
    await client.subscribeAsync(topic, { qos: 0 });
  } catch {
    return {
      name: 'node id',
      status: 'warn',
      found: `the broker does not let this user read ${topic}`,
      remedy: `Allow this user ${config.mqtt.baseTopic}/${config.node.id}/# at the broker.`,
      of: 'configured',
    };
  }
  return { name: 'node id', status: 'ok', found: nodeText(config.node.id, await retained) };
}

function nodeText(id: string, payload: Buffer | undefined): string {
  let state: unknown;
  try {
    state =
      payload === undefined ? undefined : (JSON.parse(payload.toString('utf8')) as { state?: unknown }).state;
  } catch {
    state = undefined;
  }
  if (state === undefined) return `no node ${id} has been at this broker`;
  if (state === 'offline' || state === 'stopped') return `node ${id} is not connected`;
  return `a node ${id} is connected; if that is not this machine's own service, choose another node.id, for one of them will end`;
}
