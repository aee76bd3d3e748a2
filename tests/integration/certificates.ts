/** Certificates for the TLS tests, made by openssl when the test runs; nothing of the kind is kept in the repository. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

interface LeafOptions {
  /** Default: 127.0.0.1 and localhost. */
  readonly names?: string;
  /** Days until it ends, from now; negative for one that has ended. */
  readonly days?: number;
}

/** PEM files: one CA, a server for 127.0.0.1 and localhost, a client, and a CA that signed none of them. */
export interface TlsFiles {
  readonly ca: string;
  readonly otherCa: string;
  readonly serverCert: string;
  readonly serverKey: string;
  readonly clientCert: string;
  readonly clientKey: string;
  /** One more certificate and its key; `name` is also its common name. */
  leaf(
    name: string,
    options?: LeafOptions & { readonly by?: 'ca' | 'otherCa' },
  ): Promise<{ readonly cert: string; readonly key: string }>;
  dispose(): Promise<void>;
}

async function makeKey(path: string): Promise<void> {
  await run('openssl', ['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', path]);
}

async function makeCa(directory: string, name: string): Promise<{ cert: string; key: string }> {
  const key = join(directory, `${name}.key`);
  const cert = join(directory, `${name}.pem`);
  await makeKey(key);
  await run('openssl', [
    ...['req', '-x509', '-new', '-key', key, '-sha256', '-days', '2', '-subj', `/CN=${name}`, '-out', cert],
    ...['-addext', 'keyUsage=critical,keyCertSign,cRLSign'],
  ]);
  return { cert, key };
}

interface Authority {
  readonly cert: string;
  readonly key: string;
}

async function makeLeaf(
  directory: string,
  name: string,
  ca: Authority,
  { names = 'IP:127.0.0.1,DNS:localhost', days = 2 }: LeafOptions = {},
): Promise<{ cert: string; key: string }> {
  const key = join(directory, `${name}.key`);
  const request = join(directory, `${name}.csr`);
  const extensions = join(directory, `${name}.ext`);
  const cert = join(directory, `${name}.pem`);
  await makeKey(key);
  await writeFile(extensions, `subjectAltName=${names}\n`);
  await run('openssl', ['req', '-new', '-key', key, '-subj', `/CN=${name}`, '-out', request]);
  await run('openssl', [
    ...['x509', '-req', '-in', request, '-CA', ca.cert, '-CAkey', ca.key, '-CAcreateserial', '-sha256'],
    ...['-days', String(days), '-extfile', extensions, '-out', cert],
  ]);
  return { cert, key };
}

/** Takes some tenths of a second; the caller owes a `dispose()`. */
export async function makeTlsFiles(): Promise<TlsFiles> {
  const directory = await mkdtemp(join(tmpdir(), 'samwire-tls-'));
  const ca = await makeCa(directory, 'test-ca');
  const otherCa = await makeCa(directory, 'other-ca');
  const server = await makeLeaf(directory, 'server', ca);
  const client = await makeLeaf(directory, 'client', ca);
  return {
    ca: ca.cert,
    otherCa: otherCa.cert,
    serverCert: server.cert,
    serverKey: server.key,
    clientCert: client.cert,
    clientKey: client.key,
    leaf: (name, { by = 'ca', ...options } = {}) =>
      makeLeaf(directory, name, by === 'ca' ? ca : otherCa, options),
    dispose: () => rm(directory, { recursive: true, force: true }),
  };
}
