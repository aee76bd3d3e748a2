import type { SecureContextOptions } from 'node:tls';
import type { IClientOptions } from 'mqtt';
import type { Credentials } from './credentials.js';
import type { MqttOptions } from './options.js';
import type { ProtocolVersion } from './protocol.js';

/** Longest time without a packet before the broker, or the node, gives the connection up: 1.5 times this. */
export const KEEPALIVE_SEC = 20;
/** Whatever Node was started with (`--tls-min-v1.0`). */
const MIN_TLS = 'TLSv1.2';
const CONNECT_TIMEOUT_MS = 10_000;
/**
 * Told to the broker as Maximum Packet Size (MQTT 5): larger ones are not delivered. Far above what is read, so that
 * the sender of a message that is merely too large is told so.
 */
const MAX_INBOUND_PACKET_BYTES = 64 * 1024 * 1024;

export interface LastWill {
  readonly topic: string;
  readonly payload: Buffer;
}

export interface ClientIdentity {
  readonly clientId: string;
  /** False: the session outlives the connection. */
  readonly clean: boolean;
  /** How long the session outlives the connection, where that is not `mqtt.sessionExpirySec`. MQTT 5. */
  readonly sessionExpirySec?: number;
  /** Messages that may wait for their acknowledgement at a time. MQTT 5. */
  readonly receiveMaximum?: number;
  /** Default: {@link KEEPALIVE_SEC}. */
  readonly keepaliveSec?: number;
  readonly will?: LastWill;
}

/** The client library's options for one connection; it is never left to reconnect by itself. */
export function clientOptions(
  options: MqttOptions,
  identity: ClientIdentity,
  { version, credentials }: { readonly version: ProtocolVersion; readonly credentials: Credentials },
): IClientOptions & Pick<SecureContextOptions, 'minVersion'> {
  const url = new URL(options.url);
  const protocol = url.protocol.slice(0, -1) as 'mqtt' | 'mqtts' | 'ws' | 'wss';
  return {
    protocol,
    hostname: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    ...(url.port === '' ? {} : { port: Number(url.port) }),
    ...(protocol.startsWith('ws') ? { path: `${url.pathname || '/'}${url.search}` } : {}),
    ...urlCredentials(url),
    ...credentials,
    clientId: identity.clientId,
    clean: identity.clean,
    ...(identity.will === undefined ? {} : { will: { ...identity.will, qos: 1 as const, retain: true } }),
    keepalive: identity.keepaliveSec ?? KEEPALIVE_SEC,
    connectTimeout: CONNECT_TIMEOUT_MS,
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    // Said, not left to the default: NODE_TLS_REJECT_UNAUTHORIZED=0 does not reach it then.
    rejectUnauthorized: true,
    minVersion: MIN_TLS,
    // Of all TLS options the client library hands only some on to a WebSocket.
    ...(protocol === 'wss' ? { wsOptions: { minVersion: MIN_TLS } } : {}),
    ...(version === '5'
      ? {
          protocolVersion: 5 as const,
          properties: {
            sessionExpiryInterval: identity.clean
              ? 0
              : (identity.sessionExpirySec ?? options.sessionExpirySec),
            ...(identity.receiveMaximum === undefined ? {} : { receiveMaximum: identity.receiveMaximum }),
            maximumPacketSize: Math.max(MAX_INBOUND_PACKET_BYTES, options.maxPacketBytes),
          },
        }
      : { protocolVersion: 4 as const }),
  };
}

/** Only for commands whose URL a person typed; the config refuses credentials in its URL. */
function urlCredentials(url: URL): { username?: string; password?: string } {
  return {
    ...(url.username === '' ? {} : { username: decodeURIComponent(url.username) }),
    ...(url.password === '' ? {} : { password: decodeURIComponent(url.password) }),
  };
}
