/** `samwire prompt --track`: what becomes of the objects that one prompt named. */
import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import type { MaskItem, MasksMessage } from '../masks/types.js';
import { BrokerConnection } from '../mqtt/connection.js';
import type { InboundMessage } from '../mqtt/messages.js';
import type { MqttOptions } from '../mqtt/options.js';
import type { Session } from '../mqtt/session.js';
import { NodeTopics } from '../mqtt/topics.js';

/** Between the node's taking in of the prompt and its answer. */
const MAX_EARLY = 256;

export interface FollowOptions {
  readonly mqtt: MqttOptions;
  readonly nodeId: string;
  readonly camera: string;
  readonly logger: Logger;
  /** Gives up; what is followed still is removed then. */
  readonly signal: AbortSignal;
  /** Sends the prompt, when its tracks' messages can be heard. */
  readonly ask: () => Promise<MasksMessage>;
  /** Its masks and `ended` are those of this prompt's tracks only. */
  readonly onMasks: (message: MasksMessage) => void;
}

/**
 * Listens to a camera's masks, asks, and resolves with the answer when all of its tracks have ended or the signal came.
 * Rejects as `ask` does.
 */
export async function followPrompt(options: FollowOptions): Promise<MasksMessage> {
  const follower = new Follower(options);
  try {
    return await follower.run();
  } finally {
    await follower.close();
  }
}

/** Of an answer, what is followed; one of several candidates (`cup#1`) under the prompt's own id. */
export function trackIds({ masks }: MasksMessage): readonly string[] {
  return masks.flatMap((mask) => ('error' in mask || !mask.track ? [] : [mask.id.replace(/#\d+$/, '')]));
}

class Follower {
  readonly #options: FollowOptions;
  readonly #topics: NodeTopics;
  readonly #connection: BrokerConnection;
  #session: Session | null = null;
  /** Of the tracks that go on; null until the answer has told them, when what was heard before is read. */
  #ids: Set<string> | null = null;
  readonly #early: MasksMessage[] = [];
  #allEnded: () => void = () => undefined;

  constructor(options: FollowOptions) {
    this.#options = options;
    this.#topics = new NodeTopics(options.mqtt.baseTopic, options.nodeId);
    this.#connection = new BrokerConnection({
      mqtt: options.mqtt,
      logger: options.logger,
      identity: () => ({ clientId: `samwire-track-${randomBytes(4).toString('hex')}`, clean: true }),
      handlers: {
        onSession: (session) => {
          this.#session = session;
          session.subscribe([this.#topics.masks(options.camera)]).catch(() => undefined);
        },
        onLost: () => {
          this.#session = null;
        },
        onMessage: async (message) => this.#received(message),
        onTakenOver: () => undefined,
      },
    });
  }

  async run(): Promise<MasksMessage> {
    const { ask, signal } = this.#options;
    this.#connection.start();
    const answer = await ask();
    const ids = new Set(trackIds(answer));
    this.#ids = ids;
    for (const message of this.#early.splice(0)) this.#heard(message);
    await new Promise<void>((resolve) => {
      if (ids.size === 0 || signal.aborted) resolve();
      this.#allEnded = resolve;
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    await this.#remove(ids);
    return answer;
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  #received({ payload }: InboundMessage): void {
    let message: MasksMessage;
    try {
      message = JSON.parse(payload.toString()) as MasksMessage;
    } catch {
      return;
    }
    if (message.source !== 'track') return;
    if (this.#ids) this.#heard(message);
    else if (this.#early.length < MAX_EARLY) this.#early.push(message);
  }

  #heard(message: MasksMessage): void {
    const ids = this.#ids;
    if (!ids) return;
    const masks = message.masks.filter((mask): mask is MaskItem => !('error' in mask) && ids.has(mask.id));
    const ended = (message.ended ?? []).filter(({ id }) => ids.delete(id));
    const { ended: _all, ...rest } = message;
    if (masks.length + ended.length > 0)
      this.#options.onMasks({ ...rest, masks, ...(ended.length > 0 ? { ended } : {}) });
    if (ids.size === 0) this.#allEnded();
  }

  /** One by one: a request that names a track which has just ended changes nothing. */
  async #remove(ids: ReadonlySet<string>): Promise<void> {
    const { camera, logger } = this.#options;
    const topic = this.#topics.request('tracks');
    for (const id of ids) {
      const payload = Buffer.from(JSON.stringify({ camera, remove: [id] }));
      await this.#session?.publish({ topic, payload }, { repeated: false }).catch((error: unknown) => {
        logger.warn({ err: error, id }, 'the track was not removed');
      });
    }
  }
}
