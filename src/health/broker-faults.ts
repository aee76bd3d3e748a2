import { networkFaultText } from './tcp.js';

export interface BrokerFault {
  readonly found: string;
  readonly remedy: string;
}

/** CONNACK codes of MQTT 3.1.1 (up to 5) and 5 (from 128). */
const CONNACK: Readonly<Record<number, BrokerFault>> = {
  ...both(2, 133, {
    found: 'it refuses the client id',
    remedy: 'Let it accept any client id, or look into its log for its rule.',
  }),
  ...both(3, 136, { found: 'it is not available just now', remedy: 'Look into its log.' }),
  ...both(4, 134, {
    found: 'it refuses the user name or password',
    remedy: "Correct mqtt.username and the content of mqtt.passwordFile, or the broker's password file.",
  }),
  ...both(5, 135, {
    found: 'it does not let this client in',
    remedy: 'Give mqtt.username and mqtt.passwordFile, and allow that user at the broker.',
  }),
  138: { found: 'it has banned this client', remedy: 'Lift the ban at the broker.' },
};

function both(v311: number, v5: number, fault: BrokerFault): Record<number, BrokerFault> {
  return { [v311]: fault, [v5]: fault };
}

const CERTIFICATE: Readonly<Record<string, BrokerFault>> = {
  ...Object.fromEntries(
    [
      'SELF_SIGNED_CERT_IN_CHAIN',
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      'UNABLE_TO_GET_ISSUER_CERT',
      'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    ].map((code) => [
      code,
      {
        found: 'its certificate is signed by an authority that this machine does not know',
        remedy: "Put the PEM of the broker's authority into mqtt.tls.ca.",
      },
    ]),
  ),
  ERR_TLS_CERT_ALTNAME_INVALID: {
    found: 'its certificate is for another name than the one in mqtt.url',
    remedy: 'Use a name in mqtt.url that the certificate holds, or issue one for this name.',
  },
  CERT_HAS_EXPIRED: {
    found: 'its certificate has expired, or the clock of this machine is wrong',
    remedy: "Renew the broker's certificate, or run: sudo timedatectl set-ntp true",
  },
  CERT_NOT_YET_VALID: {
    found: 'its certificate is not valid yet: the clock of this machine is wrong',
    remedy: 'Run: sudo timedatectl set-ntp true',
  },
};

export interface ConnectError {
  /** A CONNACK code, a code of Node's, or CLOSED and TIMEOUT where there was no error. */
  readonly code: number | string | undefined;
  readonly message: string;
}

/** Why a broker that listens did not let us in. */
export function brokerFault({ code, message }: ConnectError, usesTls: boolean): BrokerFault {
  if (typeof code === 'number') {
    const known = CONNACK[code];
    return known ?? { found: `it refuses the connection (MQTT code ${code})`, remedy: 'Look into its log.' };
  }
  if (code !== undefined && CERTIFICATE[code]) return CERTIFICATE[code];
  if (code?.startsWith('ERR_SSL_WRONG_VERSION') || code === 'EPROTO') {
    return {
      found: 'it does not speak TLS on this port',
      remedy: "Use the broker's TLS port (usually 8883), or mqtt://.",
    };
  }
  if (/alert|ERR_SSL/.test(`${code} ${message}`)) {
    return {
      found: 'it breaks the TLS handshake off, often because it wants a certificate of this node',
      remedy: 'Give mqtt.tls.cert and mqtt.tls.key, signed by an authority that the broker knows.',
    };
  }
  if (code === 'CLOSED' || code === 'ECONNRESET' || code === 'EPIPE') {
    const remedy = usesTls
      ? 'If this port speaks no TLS, use mqtt:// or ws://; if it wants a certificate of this node, give mqtt.tls.cert and key. Look into its log.'
      : 'If this is its TLS port, use mqtts:// or wss://; if it speaks WebSockets there, ws://. Look into its log.';
    return { found: 'it takes the connection and closes it without an answer', remedy };
  }
  if (code === 'TIMEOUT') {
    return {
      found: 'it takes the connection and does not answer',
      remedy: 'Check that this port is an MQTT broker; if it is its TLS port, use mqtts://.',
    };
  }
  return { found: code ? networkFaultText(code) : message, remedy: 'Look into the log of the broker.' };
}
