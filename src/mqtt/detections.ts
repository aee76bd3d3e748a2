/** `<camera>/detections` and the topics of the config: from a detector's message to a masks message. */
import { readDetections } from '../detections/read.js';
import type { Detections, Format } from '../detections/types.js';
import { SamwireError, toSamwireError } from '../errors.js';
import type { MasksMessage } from '../masks/types.js';
import { errorAnswer, fittedMasks } from './answers.js';
import { ErrorLimiter } from './error-limiter.js';
import { type Exchange, noteError, unknownCamera } from './exchange.js';
import type { InboundMessage } from './messages.js';
import { checkExpiry, publicProperties, type ReplyAddress, replyAddress } from './replies.js';
import { cameraNameOf, matchesFilter } from './topics.js';
import type { TraceContext } from './trace.js';

/** Where a camera's detections come from: of the config's `detections` block. */
export interface DetectionSource {
  /** Topic filters besides the camera's own topic. */
  readonly topics: readonly string[];
  readonly format: Format | 'auto';
  /** What the payload may call this camera; empty: its own name, where a payload has to say. */
  readonly sources: readonly string[];
}

export interface DetectionsHandlerOptions {
  readonly sources: ReadonlyMap<string, DetectionSource>;
  /** Masks that are not owed to anybody (`outputs.streamQos`). */
  readonly publish: (camera: string, message: MasksMessage, trace?: TraceContext) => Promise<boolean>;
}

/** A message for one camera. */
interface Delivery {
  readonly message: InboundMessage;
  readonly camera: string;
  /** It came on the camera's own topic, which says whose it is. */
  readonly own: boolean;
  /** Cameras that take this topic. */
  readonly takers: number;
  readonly reply: ReplyAddress | null;
}

const OWN_TOPIC: DetectionSource = { topics: [], format: 'auto', sources: [] };

export class DetectionsHandler {
  readonly #exchange: Exchange;
  readonly #options: DetectionsHandlerOptions;
  readonly #limiter = new ErrorLimiter();

  constructor(exchange: Exchange, options: DetectionsHandlerOptions) {
    this.#exchange = exchange;
    this.#options = options;
  }

  /** Cameras whose config takes this topic. What the node itself publishes is never a detector's. */
  takers(topic: string): readonly string[] {
    const { topics } = this.#exchange;
    if (topic.startsWith(`${topics.base}/`) && topics.parse(topic)?.kind !== 'detections') return [];
    return [...this.#options.sources]
      .filter(([, source]) => source.topics.some((filter) => matchesFilter(filter, topic)))
      .map(([camera]) => camera);
  }

  /**
   * Resolves when the answers are on their way. Never rejects.
   * `own`: the camera whose own topic it came on. `refusal`: the node takes no more; the sender is told so.
   */
  async handle(message: InboundMessage, own: string | null, refusal?: SamwireError): Promise<void> {
    const { counters, replyRules } = this.#exchange;
    counters.detections += 1;
    const takers = this.takers(message.topic).filter((camera) => camera !== own);
    const cameras = own === null ? takers : [own, ...takers];
    let reply: ReplyAddress | null = null;
    try {
      reply = replyAddress(message, replyRules);
    } catch (thrown) {
      const camera = cameras[0] ?? '';
      this.#fail(thrown, { message, camera, own: camera === own, takers: 1, reply: null });
      return;
    }
    await Promise.all(
      cameras.map((camera) =>
        this.#serve({ message, camera, own: camera === own, takers: cameras.length, reply }, refusal),
      ),
    );
  }

  async #serve(delivery: Delivery, refusal: SamwireError | undefined): Promise<void> {
    const { message, camera } = delivery;
    const { service, counters, maxMessageBytes } = this.#exchange;
    let requestId: string | undefined;
    try {
      if (!service.cameras().includes(camera)) throw unknownCamera(camera, service.cameras());
      if (refusal !== undefined) throw refusal;
      checkExpiry(message, Date.now());
      const source = this.#options.sources.get(camera) ?? OWN_TOPIC;
      const detections = readDetections(message.payload, {
        format: source.format,
        maxBytes: maxMessageBytes,
      });
      requestId = detections.requestId;
      if (detections.ended || !isFor(detections, delivery, source)) {
        counters.detectionsIgnored += 1;
        return;
      }
      const { receivedAtMs, expiresAtMs, topic } = message;
      const masks = await service.detections(camera, detections, {
        receivedAtMs,
        stream: topic,
        ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
        ...(delivery.reply === null ? {} : { client: delivery.reply.topic }),
      });
      if (masks !== null) await this.#answer(masks, delivery);
    } catch (thrown) {
      this.#fail(thrown, delivery, requestId);
    }
  }

  async #answer(masks: MasksMessage, { message, camera, reply }: Delivery): Promise<void> {
    const { service, deliver, maxPayloadBytes, onAnswer } = this.#exchange;
    const sinceMs = performance.now();
    const published = await this.#options.publish(camera, masks, message.trace);
    if (reply === null) return;
    const fitted = await fittedMasks(masks, { maxPayloadBytes: maxPayloadBytes(reply), sinceMs, service });
    deliver({ ...reply, payload: fitted.payload });
    if (!published) onAnswer(fitted.message);
  }

  /** Who waits for an answer gets every error; the errors topic gets one of a kind now and then. */
  #fail(thrown: unknown, { message, camera, reply }: Delivery, requestId?: string): void {
    const { topics, deliver, counters, service } = this.#exchange;
    const error = toSamwireError(thrown);
    noteError(this.#exchange, error);
    const from = { requestId, camera: cameraNameOf(camera) };
    if (reply !== null) deliver({ ...reply, payload: errorAnswer(error, from).payload });
    const untold =
      requestId === undefined ? this.#limiter.admit(JSON.stringify([camera, message.topic, error.code])) : 0;
    if (untold === null) {
      counters.errorsLimited += 1;
      return;
    }
    const told = untold === 0 ? error : withCount(error, untold);
    deliver({
      topic: topics.errors(service.cameras().includes(camera) ? camera : null),
      payload: errorAnswer(told, from).payload,
      properties: publicProperties(message),
    });
  }
}

/** Filters that the detections of all cameras are subscribed to, besides the node's own topics. */
export function detectionFilters(sources: ReadonlyMap<string, DetectionSource>): readonly string[] {
  return [...sources.values()].flatMap(({ topics }) => topics);
}

/**
 * Whether a payload is about this camera. Frigate tells of all its cameras on one topic, and so may a topic that
 * several cameras take; elsewhere a sensor may be called as it likes.
 */
function isFor(
  { source, format }: Detections,
  { camera, own, takers }: Delivery,
  { sources }: DetectionSource,
): boolean {
  if (own) return true;
  if (sources.length > 0) return source !== undefined && sources.includes(source);
  if (source === undefined) return true;
  return (format !== 'frigate' && takers === 1) || source === camera;
}

function withCount(error: SamwireError, untold: number): SamwireError {
  return new SamwireError(error.code, `${error.message} (${untold} more of this kind were not told.)`, {
    details: error.details,
  });
}
