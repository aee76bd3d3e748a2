import { connectAsync, type MqttClient } from 'mqtt';
import type { Camera } from '../frames/camera.js';
import type { MaskItem, MasksMessage } from '../masks/types.js';
import type { NativeAddon, NativeFrameInfo } from '../native/types.js';
import type { FramePrompt } from '../prompts/types.js';

/** What the demo asks for on one frame. */
export type PromptsFor = (frame: NativeFrameInfo) => readonly FramePrompt[];

export interface PrompterOptions {
  readonly url: string;
  /** `samwire/demo` */
  readonly base: string;
  readonly camera: Camera;
  readonly addon: Pick<NativeAddon, 'releaseFrame'>;
  readonly promptsFor: PromptsFor;
  /** True while others want the model: the robot lets them go first. */
  readonly othersAsk: () => boolean;
  readonly onMasks: (message: MasksMessage, prompts: readonly FramePrompt[]) => void;
  readonly onError: (message: string) => void;
}

export interface Prompter {
  close(): Promise<void>;
}

/** What the ids of its requests begin with. */
const ROBOT = 'demo-';
/** No answer for this long: the next frame is asked for all the same. */
const PATIENCE_MS = 5000;

/**
 * Plays the robot: a client of its own on the broker that names each frame it has seen, sends its prompts and waits
 * for the masks before it asks again, as a detector on the network would.
 */
export async function startPrompter(options: PrompterOptions): Promise<Prompter> {
  const { base, camera } = options;
  const client = await connectAsync(options.url, {
    protocolVersion: 4,
    clientId: `samwire-demo-robot-${process.pid}`,
  });
  const masksTopic = `${base}/${camera.name}/masks`;
  await client.subscribeAsync([masksTopic, `${base}/${camera.name}/errors`], { qos: 1 });
  const robot = new Robot(client, options);
  client.on('message', (topic, payload) => robot.received(topic === masksTopic, payload));
  const stop = camera.onFrame(({ seq }) => robot.saw(seq));
  return {
    close: async () => {
      stop();
      await client.endAsync();
    },
  };
}

class Robot {
  readonly #client: MqttClient;
  readonly #options: PrompterOptions;
  #asked: { requestId: string; prompts: readonly FramePrompt[]; at: number } | undefined;
  #requests = 0;

  constructor(client: MqttClient, options: PrompterOptions) {
    this.#client = client;
    this.#options = options;
  }

  saw(seq: number): void {
    if (this.#asked && performance.now() - this.#asked.at < PATIENCE_MS) return;
    const { camera, addon, promptsFor, base, othersAsk } = this.#options;
    if (othersAsk()) return;
    const frame = camera.acquire({ seq });
    if (!frame) return;
    addon.releaseFrame(frame.id);
    const prompts = promptsFor(frame);
    if (prompts.length === 0) return;
    const requestId = `${ROBOT}${++this.#requests}`;
    this.#asked = { requestId, prompts, at: performance.now() };
    const message = { requestId, frame: { seq }, prompts, maxAgeMs: PATIENCE_MS };
    this.#client.publish(`${base}/${camera.name}/prompt`, JSON.stringify(message), { qos: 1 });
  }

  received(isMasks: boolean, payload: Buffer): void {
    const message = JSON.parse(payload.toString()) as MasksMessage & { message?: string };
    if (!this.#asked || message.requestId !== this.#asked.requestId) return;
    const { prompts } = this.#asked;
    this.#asked = undefined;
    if (isMasks) this.#options.onMasks(message, prompts);
    else this.#options.onError(message.message ?? 'unknown error');
  }
}

/** Whether it was the robot that asked. */
export function isRobots({ source, requestId }: MasksMessage): boolean {
  return source === 'prompt' && requestId?.startsWith(ROBOT) === true;
}

/** The masks that did not fail. */
export function masksOf(message: MasksMessage): MaskItem[] {
  return message.masks.filter((mask): mask is MaskItem => !('error' in mask));
}
