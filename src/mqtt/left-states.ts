import type { Logger } from 'pino';
import { RESERVED_CAMERA_NAMES } from '../config/names.js';
import type { InboundMessage, OutboundMessage } from './messages.js';
import type { Session } from './session.js';
import type { NodeTopics } from './topics.js';

/** Levels that stand where a camera's name would. */
const RESERVED: readonly string[] = RESERVED_CAMERA_NAMES;

/**
 * States of cameras that are not in the config any more. The broker holds them for ever: who looks would see a camera that
 * streams and is none. So each connection asks for what is held, once, and what is nobody's is taken away.
 */
export class LeftStates {
  readonly #topics: NodeTopics;
  readonly #logger: Logger;

  constructor(topics: NodeTopics, logger: Logger) {
    this.#topics = topics;
    this.#logger = logger;
  }

  /** QoS 0: the broker sends all of them before it answers what it is asked next, however many there are. */
  async ask(session: Session): Promise<void> {
    const refused = await session.subscribe([this.#filter], { retained: true, qos: 0 });
    if (refused.length > 0)
      this.#logger.debug({ filter: this.#filter }, 'the broker does not tell which states it holds');
  }

  /** What the node says itself is not to come back to it. */
  async enough(session: Session): Promise<void> {
    await session.unsubscribe([this.#filter]);
  }

  /** What to say where the broker holds this of a camera that the node does not have; else null. */
  cleared(
    { topic, retain, payload }: InboundMessage,
    cameras: ReadonlyMap<string, unknown>,
  ): OutboundMessage | null {
    const camera = this.#topics.cameraOfState(topic);
    if (!retain || camera === null || cameras.has(camera) || RESERVED.includes(camera)) return null;
    if (!looksLikeState(payload)) return null;
    this.#logger.info({ camera }, 'the state of a camera that is not configured any more is taken away');
    return { topic, payload: Buffer.alloc(0), retain: true };
  }

  get #filter(): string {
    return this.#topics.cameraState('+');
  }
}

/** Of any release: nobody else's retained message is taken away. */
function looksLikeState(payload: Buffer): boolean {
  try {
    const { state, since } = JSON.parse(payload.toString());
    return typeof state === 'string' && typeof since === 'number';
  } catch {
    return false;
  }
}
