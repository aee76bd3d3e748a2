import type { Logger } from 'pino';
import { toSamwireError } from '../../errors.js';
import type { MaskItem, MasksMessage } from '../../masks/types.js';
import type { NativeRuns } from '../../native/runs.js';
import { labelsPng } from '../../outputs/labels.js';
import { toDetection2DArray } from '../../outputs/vision-msgs.js';
import { LabelImages, type LabelTask } from './labels.js';

type UserProperties = Readonly<Record<string, string>>;

/** What is published beside masks. */
export interface SideMessage {
  readonly topic: string;
  readonly payload: Buffer;
  /** MQTT 5 only. */
  readonly properties: { readonly userProperties: UserProperties };
}

/** The link to the broker, as far as it is needed here; `MqttNode` is one. */
export interface SidePublisher {
  readonly topics: { labels(camera: string): string; visionMsgs(camera: string): string };
  readonly status: { readonly connected: boolean };
  maxPayloadBytes(target: Omit<SideMessage, 'payload'>): number;
  /** QoS 0; false when it was dropped. */
  publishVolatile(message: SideMessage): boolean;
  /** With `outputs.streamQos`; false when it was dropped. */
  publishStream(message: SideMessage): boolean;
}

export interface SideOutputsOptions {
  readonly labels: boolean;
  readonly visionMsgs: boolean;
  readonly mqtt: SidePublisher;
  readonly addon: Pick<NativeRuns, 'paintLabels'>;
  /** The masks of a message with their RLE, whatever its encodings. */
  readonly drawable: (message: MasksMessage) => readonly MaskItem[];
  readonly log: Logger;
}

/** Since the start. */
interface SideCounters {
  sent: number;
  /** Not sent: a newer one came first, or the connection was away or congested. */
  dropped: number;
  /** Not sent: larger than `mqtt.maxPacketBytes` or the broker allows. */
  tooLarge: number;
}

type Kind = 'labels' | 'visionMsgs';

/** `<base>/<camera>/labels` and `<base>/<camera>/vision_msgs`: one of each for each masks message, where the config wants it. */
export class SideOutputs {
  readonly #options: SideOutputsOptions;
  readonly #labels: LabelImages;
  readonly #counters: Readonly<Record<Kind, SideCounters>> = {
    labels: { sent: 0, dropped: 0, tooLarge: 0 },
    visionMsgs: { sent: 0, dropped: 0, tooLarge: 0 },
  };
  readonly #saidTooLarge = new Set<Kind>();

  constructor(options: SideOutputsOptions) {
    this.#options = options;
    this.#labels = new LabelImages({
      work: (task) => this.#publishLabels(task),
      onDropped: () => {
        this.#counters.labels.dropped += 1;
      },
    });
  }

  /**
   * A masks message was published, with the trace context of the message that it answers as user properties. Returns at
   * once: what follows happens after the message has left.
   */
  onMasks(camera: string, message: MasksMessage, trace: UserProperties = {}): void {
    const { labels, visionMsgs, drawable } = this.#options;
    // That tracks ended says nothing of the frame's objects.
    if (message.ended && message.masks.length === 0) return;
    if (visionMsgs) setImmediate(() => this.#publishVisionMsgs(camera, message, trace));
    if (labels) setImmediate(() => this.#labels.add({ camera, message, trace, drawable: drawable(message) }));
  }

  /** The part `outputs` of `<base>/stats`. */
  stats(): Readonly<Record<Kind, Readonly<SideCounters>>> {
    return structuredClone(this.#counters);
  }

  close(): void {
    this.#labels.close();
  }

  #publishVisionMsgs(camera: string, message: MasksMessage, trace: UserProperties): void {
    const topic = this.#options.mqtt.topics.visionMsgs(camera);
    this.#publish('visionMsgs', {
      topic,
      userProperties: { ...named(message), ...trace },
      payload: Buffer.from(JSON.stringify(toDetection2DArray(message))),
    });
  }

  async #publishLabels({ camera, message, trace, drawable }: LabelTask): Promise<void> {
    const { addon, mqtt, log } = this.#options;
    if (!mqtt.status.connected) {
      this.#counters.labels.dropped += 1;
      return;
    }
    const { width, height } = message.frame;
    try {
      const payload = await labelsPng(
        {
          masks: message.masks,
          rles: new Map(drawable.flatMap(({ id, rle }) => (rle ? [[id, rle]] : []))),
          width,
          height,
          text: named(message),
        },
        (...layers) => addon.paintLabels(...layers),
      );
      const userProperties = { ...named(message), ...trace };
      this.#publish('labels', { topic: mqtt.topics.labels(camera), payload, userProperties });
    } catch (error) {
      this.#counters.labels.dropped += 1;
      log.error({ err: toSamwireError(error), camera }, 'a label image was not made');
    }
  }

  #publish(
    kind: Kind,
    {
      userProperties,
      ...message
    }: Omit<SideMessage, 'properties'> & { readonly userProperties: UserProperties },
  ): void {
    const { mqtt, log } = this.#options;
    const counters = this.#counters[kind];
    const { topic, payload } = message;
    const properties = { userProperties };
    const maxBytes = mqtt.maxPayloadBytes({ topic, properties });
    if (payload.length > maxBytes) {
      counters.tooLarge += 1;
      if (this.#saidTooLarge.has(kind)) return;
      this.#saidTooLarge.add(kind);
      const what = kind === 'labels' ? 'a label image' : 'a Detection2DArray';
      log.warn(
        { topic, bytes: payload.length, maxBytes },
        `${what} is not published: it is larger than mqtt.maxPacketBytes or the broker allows; further ones are counted in the stats`,
      );
      return;
    }
    const publish = kind === 'labels' ? mqtt.publishVolatile : mqtt.publishStream;
    if (publish.call(mqtt, { topic, payload, properties })) counters.sent += 1;
    else counters.dropped += 1;
  }
}

/** Which masks message it belongs to. */
function named({ frame, requestId, source }: MasksMessage): UserProperties {
  return {
    seq: String(frame.seq),
    timestamp: String(frame.timestamp),
    source,
    ...(requestId === undefined ? {} : { requestId }),
  };
}
