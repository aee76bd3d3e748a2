import { SamwireError } from '../../errors.js';
import { RateLimiter } from './rate-limiter.js';

export interface RateLimitsOptions {
  readonly perCameraPerSec: number;
  readonly perClientPerSec: number;
}

/** A message that asks for masks of a camera. */
export interface Asking {
  /** Each kind has the camera's limit to itself: a detector does not use up what people's prompts may have. */
  readonly what: 'prompt' | 'detections' | 'everything';
  readonly camera: string;
  /** Over MQTT the response topic. Clients that name none can't be told apart; the camera's limit holds for them. */
  readonly client?: string | undefined;
}

const NAMES = {
  prompt: 'prompt messages',
  detections: 'detections messages',
  everything: 'requests for everything',
} as const;

/** `pipeline.rateLimit`: how many messages a second a client and a camera may have, whatever they ask for. */
export class RateLimits {
  readonly #options: RateLimitsOptions;
  readonly #cameras: RateLimiter;
  readonly #clients: RateLimiter;

  constructor(options: RateLimitsOptions) {
    this.#options = options;
    this.#cameras = new RateLimiter(options.perCameraPerSec);
    this.#clients = new RateLimiter(options.perClientPerSec);
  }

  /** @throws SamwireError `rate_limited` */
  check({ what, camera, client }: Asking): void {
    const { perCameraPerSec, perClientPerSec } = this.#options;
    const advice = what === 'prompt' ? 'Send fewer, or put several prompts into one message.' : 'Send fewer.';
    if (client !== undefined && !this.#clients.take(client))
      throw new SamwireError(
        'rate_limited',
        `More messages came from the client ${client} than pipeline.rateLimit.perClientPerSec (${perClientPerSec}) allows. ${advice}`,
      );
    if (!this.#cameras.take(`${what} ${camera}`))
      throw new SamwireError(
        'rate_limited',
        `More ${NAMES[what]} came for camera ${camera} than pipeline.rateLimit.perCameraPerSec (${perCameraPerSec}) allows. ${advice}`,
      );
  }
}
