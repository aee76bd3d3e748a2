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

/** Faults of our own files, which OpenSSL finds before anything is sent: their codes or texts, and the key that is wrong. */
const OWN_FILES: readonly (readonly [RegExp, BrokerFault])[] = [
  [
    /KEY_VALUES_MISMATCH|key values mismatch/i,
    {
      found: 'mqtt.tls.key is not the key of mqtt.tls.cert',
      remedy: 'Write both anew; while they are being changed, the next try is soon.',
    },
  ],
  [
    /ERR_OSSL_|ERR_CRYPTO_|PEM routines|DECODER routines|asn1|bad base64|bad end line|no start line/i,
    {
      found: 'a file of mqtt.tls is no whole PEM, or its key is encrypted',
      remedy: 'Write mqtt.tls.ca, cert and key anew; `samwire doctor` says which it is.',
    },
  ],
];

/** By the alert that the other side sent, or the one that we did. Order matters: the first that fits. */
const HANDSHAKE: readonly (readonly [RegExp, BrokerFault])[] = [
  [
    /UNSUPPORTED_PROTOCOL|PROTOCOL_VERSION|unsupported protocol|protocol version|inappropriate fallback/i,
    {
      found: 'it speaks no TLS of 1.2 or newer',
      remedy: 'Let it speak TLS 1.2 or 1.3: Mosquitto does so without a tls_version line.',
    },
  ],
  [
    /CERTIFICATE_REQUIRED|certificate required|alert handshake failure|HANDSHAKE_FAILURE/i,
    {
      found: 'it wants a certificate of this node and got none',
      remedy: 'Give mqtt.tls.cert and mqtt.tls.key, signed by an authority that the broker knows.',
    },
  ],
  [
    /alert unknown ca|UNKNOWN_CA|alert bad certificate|BAD_CERTIFICATE|alert decrypt error|alert certificate unknown|CERTIFICATE_UNKNOWN/i,
    {
      found: 'it does not trust the certificate of this node',
      remedy: 'Let the authority that the broker knows sign mqtt.tls.cert, or give the broker its CA.',
    },
  ],
  [
    /alert certificate expired|CERTIFICATE_EXPIRED|alert certificate revoked|CERTIFICATE_REVOKED/i,
    {
      found: 'the certificate of this node has expired or was revoked',
      remedy: 'Renew the certificate in mqtt.tls.cert.',
    },
  ],
  [
    /WRONG_VERSION_NUMBER|wrong version number|PACKET_LENGTH_TOO_LONG|packet length too long|http request/i,
    {
      found: 'it does not speak TLS on this port',
      remedy: "Use the broker's TLS port (usually 8883), or mqtt://.",
    },
  ],
  [
    /alert|ERR_SSL|EPROTO|SSL routines/i,
    {
      found: 'it breaks the TLS handshake off',
      remedy: 'Look into its log; it may want a certificate of this node (mqtt.tls.cert and key).',
    },
  ],
];

function tlsFault(text: string): BrokerFault | undefined {
  return [...OWN_FILES, ...HANDSHAKE].find(([pattern]) => pattern.test(text))?.[1];
}

/** What a person can read of OpenSSL's text (address, number, routine, reason, its source's path and line); other texts stay. */
export function opensslReason(message: string): string {
  const [, reason] = /error:[0-9A-F]{8}:[^:]*:[^:]*:([^:\n]+)/i.exec(message) ?? [];
  return reason ?? message;
}

/** Why a broker that listens did not let us in, where the error says so by itself. */
export function knownFault({ code, message }: ConnectError): BrokerFault | undefined {
  if (typeof code === 'number') {
    const known = CONNACK[code];
    return known ?? { found: `it refuses the connection (MQTT code ${code})`, remedy: 'Look into its log.' };
  }
  return (code === undefined ? undefined : CERTIFICATE[code]) ?? tlsFault(`${code} ${message}`);
}

/** As {@link knownFault}; what the error does not say is guessed from how the connection ended. */
export function brokerFault(error: ConnectError, usesTls: boolean): BrokerFault {
  const known = knownFault(error);
  if (known !== undefined) return known;
  const { code, message } = error;
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
  return {
    found: typeof code === 'string' ? networkFaultText(code) : message,
    remedy: 'Look into the log of the broker.',
  };
}

/** An error's code in words. */
export function networkFaultText(code: string): string {
  const words: Readonly<Record<string, string>> = {
    ECONNREFUSED: 'nothing listens there',
    ENOTFOUND: 'the name is not known',
    EAI_AGAIN: 'the name server does not answer',
    ETIMEDOUT: 'no answer',
    EHOSTUNREACH: 'no way to that machine',
    ENETUNREACH: 'no way to that network',
    ECONNRESET: 'the connection was cut',
  };
  return words[code] ?? code;
}
