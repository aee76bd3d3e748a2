import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Logger } from 'pino';
import { progressLines } from '../build/progress-line.js';
import { parseConfig } from '../config/load.js';
import type { Camera } from '../frames/camera.js';
import { startService } from '../main.js';
import type { MasksMessage } from '../masks/types.js';
import { loadAddon } from '../native/addon.js';
import type { NativeAddon, NativeFrameInfo } from '../native/types.js';
import { renderOverlay } from '../outputs/overlay.js';
import type { FramePrompt } from '../prompts/types.js';
import { type DemoBroker, noBroker, startDemoBroker } from './broker.js';
import { consolePort } from './console-port.js';
import { masksOf, type PromptsFor, startPrompter } from './prompter.js';
import { DEMO_CLIP_PATH, loadTruth, truthAt } from './scene/truth.js';
import { whoElseAsks } from './yield.js';

const NODE = 'demo';
const CAMERA = 'demo';
/** `--once` stops after this much time of frames with masks, and gives up if none came for so long. */
const ONCE_MS = 3000;
const ONCE_GIVE_UP_MS = 30_000;
const OVERLAY_EVERY_MS = 500;
/** Long enough that the frame of an answer is still held when its overlay is drawn, and a clicked one when it is held. */
const HISTORY_MS = 3000;
/** An object hidden more than this is not asked for. */
const MAX_OCCLUSION = 0.8;

export interface DemoOptions {
  /** A camera URI; the generated clip when undefined. */
  readonly source: string | undefined;
  readonly once: boolean;
  readonly out: string;
  /** The console's; the first free one from 8080 on where none is named. */
  readonly port?: number;
  readonly log: Logger;
  /** Lines for the person at the terminal. */
  readonly print: (line: string) => void;
  /** Where the console is, as soon as it is there. */
  readonly onConsole?: (url: string) => void;
  /** Ends the demo. */
  readonly signal: AbortSignal;
  /** A fault that no frame after it can be served with; `exitCode` by docs/errors.md. Expected to end the demo. */
  readonly onFatal: (exitCode: number) => void;
}

export interface DemoSummary {
  readonly messages: readonly MasksMessage[];
  readonly overlays: number;
  readonly errors: readonly string[];
}

/** Broker, service and a robot that prompts, in one process, over real MQTT. */
export async function runDemo(options: DemoOptions): Promise<DemoSummary> {
  const { log, out, onConsole } = options;
  await mkdir(out, { recursive: true });
  const addon = loadAddon();
  const broker = await startDemoBroker().catch((cause: unknown) => {
    throw noBroker(cause);
  });
  try {
    const service = await startService({
      config: await demoConfig(broker, options),
      log,
      onFatal: (reason, exitCode) => {
        log.fatal(reason);
        options.onFatal(exitCode);
      },
      signal: options.signal,
      onBuilding: progressLines(options.print),
      ...(onConsole && { onConsole }),
    });
    const others = whoElseAsks(service);
    try {
      const camera = service.cameras.get(CAMERA) as Camera;
      const recorder = new Recorder(addon, camera, options);
      const prompter = await startPrompter({
        url: broker.url,
        base: `samwire/${NODE}`,
        camera,
        addon,
        promptsFor: options.source === undefined ? await promptsFromTruth() : promptsOnGrid,
        othersAsk: others.othersAsk,
        onMasks: (message, prompts) => recorder.add(message, prompts),
        onError: (message) => recorder.failed(message),
      });
      announce(broker, options);
      await recorder.finished(options.signal);
      await prompter.close();
      return await recorder.close();
    } finally {
      others.close();
      await service.close();
    }
  } finally {
    await broker.close();
  }
}

/** @throws ConfigError where `source` is no camera source. */
async function demoConfig(broker: DemoBroker, { source, once, port }: DemoOptions) {
  const config = {
    version: 1,
    node: { id: NODE },
    mqtt: { url: broker.url },
    cameras: {
      [CAMERA]: { source: source ?? `${pathToFileURL(DEMO_CLIP_PATH).href}?loop=1`, historyMs: HISTORY_MS },
    },
    model: { paths: [] },
    pipeline: { maxAgeMs: 5000 },
    http: once ? { enabled: false } : { port: port ?? (await consolePort()) },
  };
  // JSON is YAML; read as a config file is, so that a wrong source is told as there.
  return parseConfig(JSON.stringify(config), "the demo's config").config;
}

/** A box round each object that is in sight, as a perfect detector would send. */
async function promptsFromTruth(): Promise<PromptsFor> {
  const truth = await loadTruth();
  return ({ positionMs }: NativeFrameInfo) =>
    truthAt(truth, positionMs)
      .filter(({ occlusion }) => occlusion <= MAX_OCCLUSION)
      .map(({ id, label, box }) => ({ id, label, box, points: [] }));
}

/** For a camera of which nothing is known: a point in the middle and four round it. */
function promptsOnGrid({ width, height }: NativeFrameInfo): FramePrompt[] {
  const places = [
    [0.5, 0.5],
    [0.25, 0.3],
    [0.75, 0.3],
    [0.25, 0.7],
    [0.75, 0.7],
  ] as const;
  return places.map(([x, y], i) => ({
    id: `point-${i + 1}`,
    points: [{ x: Math.round(x * width), y: Math.round(y * height), label: 1 }],
  }));
}

function announce(broker: DemoBroker, { out, once, print }: DemoOptions): void {
  const name = broker.kind === 'mosquitto' ? 'Mosquitto' : 'aedes';
  print(`The demo's broker (${name}) listens on 127.0.0.1:${broker.port}.`);
  if (!once) {
    print('To see the masks messages, paste (mosquitto_sub is in the package mosquitto-clients):');
    print(`  mosquitto_sub -h 127.0.0.1 -p ${broker.port} -t 'samwire/${NODE}/#' -v`);
  }
  print(`Pictures with the masks drawn in: ${resolve(out)}/overlay-*.png`);
}

/** Keeps what comes, draws an overlay now and then, and knows when it is enough. */
class Recorder {
  readonly #addon: NativeAddon;
  readonly #camera: Camera;
  readonly #options: DemoOptions;
  readonly #messages: MasksMessage[] = [];
  readonly #errors: string[] = [];
  #done: () => void = () => undefined;
  #drawing: Promise<void> = Promise.resolve();
  #overlays = 0;
  #drawnAt = Number.NEGATIVE_INFINITY;
  #firstAt: number | undefined;

  constructor(addon: NativeAddon, camera: Camera, options: DemoOptions) {
    this.#addon = addon;
    this.#camera = camera;
    this.#options = options;
  }

  add(message: MasksMessage, prompts: readonly FramePrompt[]): void {
    const now = performance.now();
    const { once } = this.#options;
    this.#firstAt ??= now;
    if (once) this.#messages.push(message);
    else this.#messages[0] = message;
    if (now - this.#drawnAt >= OVERLAY_EVERY_MS) {
      this.#drawnAt = now;
      const frame = this.#camera.acquire({ seq: message.frame.seq });
      if (frame) this.#drawing = this.#drawing.then(() => this.#draw(frame, message, prompts));
    }
    if (once && now - this.#firstAt >= ONCE_MS) this.#done();
  }

  failed(message: string): void {
    if (this.#errors.length < 100) this.#errors.push(message);
    this.#options.log.warn({ reason: message }, 'a prompt of the demo failed');
  }

  /** Resolves when a `once` demo has seen enough, or has waited too long, or when the signal says so. */
  finished(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const giveUp = this.#options.once ? setTimeout(resolve, ONCE_GIVE_UP_MS) : undefined;
      this.#done = () => {
        clearTimeout(giveUp);
        resolve();
      };
      if (signal.aborted) this.#done();
      signal.addEventListener('abort', () => this.#done(), { once: true });
    });
  }

  async close(): Promise<DemoSummary> {
    await this.#drawing;
    if (this.#options.once)
      await writeFile(join(this.#options.out, 'masks.json'), `${JSON.stringify(this.#messages)}\n`);
    return { messages: this.#messages, overlays: this.#overlays, errors: this.#errors };
  }

  /** A running demo keeps one picture and writes it anew; `once` numbers them. */
  async #draw(frame: NativeFrameInfo, message: MasksMessage, prompts: readonly FramePrompt[]): Promise<void> {
    const { width, height } = frame;
    try {
      const png = await renderOverlay({
        rgb: this.#addon.frameRgb(frame.id),
        width,
        height,
        masks: masksOf(message),
        prompts,
        decode: (counts) => this.#addon.rleToMask(counts, width, height),
      });
      const path = join(this.#options.out, `overlay-${this.#options.once ? this.#overlays : 'latest'}.png`);
      await writeFile(`${path}.part`, png);
      await rename(`${path}.part`, path);
      this.#overlays += 1;
    } catch (error) {
      this.#options.log.error({ err: error }, 'an overlay could not be drawn');
    } finally {
      this.#addon.releaseFrame(frame.id);
    }
  }
}
