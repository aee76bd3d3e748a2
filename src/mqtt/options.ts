/** What the link to the broker is told: the `mqtt` block of the config (docs/config.md), in the config's own names. */
export interface MqttOptions {
  /** mqtt, mqtts, ws or wss. */
  readonly url: string;
  /** `auto` tries 5 and falls back to 3.1.1 when the broker refuses it. */
  readonly protocol: 'auto' | '5' | '3.1.1';
  readonly baseTopic: string;
  readonly username?: string | undefined;
  /** Read again at each connection, so that a changed password needs no restart. */
  readonly passwordFile?: string | undefined;
  /** Paths of PEM files, for mqtts and wss; read again at each connection. */
  readonly tls?:
    | {
        readonly ca?: string | undefined;
        readonly cert?: string | undefined;
        readonly key?: string | undefined;
      }
    | undefined;
  readonly sessionExpirySec: number;
  /** How long an answer is kept for a repeat of its request. */
  readonly answerKeepMs: number;
  /** Largest packet sent, and largest message read. The broker's own limit wins when it is smaller. */
  readonly maxPacketBytes: number;
  /** Topic filters; a request's response topic must match one of them. */
  readonly responseTopics: readonly string[];
}
