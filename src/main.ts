import { join } from 'node:path';
import type { Logger } from 'pino';
import { loadPatiently } from './build/load-patiently.js';
import type { BuildProgress } from './build/progress.js';
import type { Config } from './config/schema.js';
import type { ModelThresholds } from './everything/options.js';
import type { Camera } from './frames/camera.js';
import { noteCameraFaults } from './health/camera-faults.js';
import { createLoopDelay, processStats } from './health/process-stats.js';
import { RecentErrors } from './health/recent-errors.js';
import { createHttpCounters } from './http/counters.js';
import { createView, MasksNews } from './http/create-view.js';
import type { MasksListener } from './http/node-view.js';
import { type HttpServer, startHttp } from './http/server.js';
import { createMetrics } from './metrics/create.js';
import type { Metrics } from './metrics/metrics.js';
import type { OutboundMessage } from './mqtt/messages.js';
import { MqttNode } from './mqtt/node.js';
import type { Reloading } from './mqtt/service.js';
import { traceProperties } from './mqtt/trace.js';
import { loadAddon } from './native/addon.js';
import type { NativeAddon } from './native/types.js';
import { createCameras } from './pipeline/create-cameras.js';
import { createPipeline, createTracking } from './pipeline/create-pipeline.js';
import { startPeriodic } from './pipeline/periodic.js';
import { Scheduler } from './pipeline/schedule/scheduler.js';
import type { PipelineService } from './pipeline/service.js';
import { startFrameOutput } from './pipeline/side-outputs/frames.js';
import { SideOutputs } from './pipeline/side-outputs/side-outputs.js';
import type { Tracking } from './pipeline/tracks/tracking.js';
import { DEFAULT_PROMPT_LIMITS } from './prompts/message.js';
import type { Segmenter } from './segment/segmenter.js';
import { LoadWatch } from './systemd/load-watch.js';
import type { Vitals } from './systemd/vitals.js';
import { VERSION } from './version.js';

export interface ServiceOptions {
  readonly config: Config;
  readonly log: Logger;
  /** A fault that the process cannot go on with, after the start; `exitCode` by docs/errors.md. */
  readonly onFatal: (reason: string, exitCode: number) => void;
  /** Gives the start up: `startService` rejects, with everything let go of. */
  readonly signal?: AbortSignal;
  /** How far the building of TensorRT engines is, where it is needed; the state topic tells it as well. */
  readonly onBuilding?: (progress: BuildProgress) => void;
  /** Where the console is, as soon as it listens: before the model is loaded. Never called where it can't listen at once. */
  readonly onConsole?: (url: string) => void;
  /** Checks the config file, and has the service put together anew with it (`request/reload`). Absent: there is no such file. */
  readonly reload?: () => Reloading;
  /** Answers that an earlier service on the same session owed when it was closed. */
  readonly owed?: readonly OutboundMessage[];
}

/** The running service. */
export interface Service {
  readonly cameras: ReadonlyMap<string, Camera>;
  readonly mqtt: MqttNode;
  /** Where the console is; null where the config wants none, or it can't listen yet. */
  consoleUrl(): string | null;
  /** As `NodeView.onMasks`. */
  onMasks(listener: MasksListener): () => void;
  /** Requests that wait for the model, and long work that waits or runs. */
  waiting(): number;
  /** For the service manager: what works, and whether it advances. */
  vitals(): Vitals;
  /** Publishes `stopped`, sends what is owed and lets go of everything. Idempotent. */
  close(options?: CloseOptions): Promise<void>;
  /** Answers that the broker has not taken: when all is closed, those for the next service on the same session. */
  owed(): readonly OutboundMessage[];
}

export interface CloseOptions {
  /** The same node comes back at once, so that it says `starting` instead of `stopped`. */
  readonly comesBack?: boolean;
}

/** A service whose parts are made, and not started. */
export interface CreatedService extends Service {
  /**
   * Broker connection and cameras at once, the model beside them. Waits for the model only; broker and cameras may come
   * and go for ever, and so may memory and disk for TensorRT engines that the config demands. It is to be closed where
   * this fails.
   * @throws ConfigError when the model can't be loaded, UnavailableError when `signal` came first.
   */
  start(): Promise<void>;
}

const EXIT_CONFIG = 78;
const EXIT_DEVICE = 70;
/** When the service stops: how long the run in progress may take, and then the broker's acknowledgements. */
const RUN_GRACE_MS = 1500;
const BROKER_GRACE_MS = 2000;

/**
 * Puts the node together.
 * @throws UnavailableError when the addon can't be loaded.
 */
export function createService(options: ServiceOptions): CreatedService {
  return new Parts(options, loadAddon());
}

/**
 * Puts the node together and starts it; closes it where that fails.
 * @throws what createService and its `start` throw.
 */
export async function startService(options: ServiceOptions): Promise<Service> {
  const service = createService(options);
  try {
    await service.start();
  } catch (error) {
    await service.close();
    throw error;
  }
  return service;
}

class Parts implements CreatedService {
  readonly cameras: ReadonlyMap<string, Camera>;
  readonly mqtt: MqttNode;
  readonly #options: ServiceOptions;
  readonly #config: Config;
  readonly #log: Logger;
  readonly #addon: NativeAddon;
  readonly #onFatal: ServiceOptions['onFatal'];
  readonly #load = new LoadWatch();
  #loadedInMs = 0;
  readonly #tracking: Tracking;
  readonly #pipeline: PipelineService;
  readonly #sideOutputs: SideOutputs;
  readonly #errors = new RecentErrors();
  readonly #httpCounters = createHttpCounters();
  readonly #news = new MasksNews();
  readonly #metrics: Metrics;
  #http: HttpServer | null = null;
  readonly #loopDelay = createLoopDelay();
  #segmenter: Segmenter | null = null;
  #scheduler: Scheduler | null = null;
  /** The model's own thresholds for everything. */
  #thresholds: ModelThresholds | undefined;
  readonly #stops: (() => void)[] = [];
  #closing: Promise<void> | undefined;

  constructor(options: ServiceOptions, addon: NativeAddon) {
    const { config, log, onFatal, reload } = options;
    this.#options = options;
    this.#config = config;
    this.#addon = addon;
    this.#log = log;
    this.#onFatal = onFatal;
    this.cameras = createCameras(config.cameras, addon, log);
    const model = { segmenter: () => this.#segmenter, scheduler: () => this.#scheduler };
    this.#tracking = createTracking({
      config,
      addon,
      cameras: this.cameras,
      ...model,
      remember: (name, frame, answer) => this.#pipeline.remember(name, frame, answer),
      publish: (name, masks) => this.mqtt.publishMasks(name, masks),
      log,
    });
    this.#pipeline = createPipeline({
      config,
      addon,
      cameras: this.cameras,
      ...model,
      tracking: this.#tracking,
      thresholds: () => this.#thresholds,
      processStats: () => ({
        ...processStats(this.#loopDelay),
        outputs: this.#sideOutputs.stats(),
        http: this.#httpCounters,
      }),
    });
    this.mqtt = new MqttNode({
      mqtt: config.mqtt,
      nodeId: config.node.id,
      version: VERSION,
      service: this.#pipeline,
      limits: { maxPrompts: config.model.maxPrompts, maxPoints: DEFAULT_PROMPT_LIMITS.maxPoints },
      streamQos: config.outputs.streamQos,
      detections: new Map(Object.entries(config.cameras).map(([name, camera]) => [name, camera.detections])),
      statsIntervalMs: config.stats.intervalMs,
      ...(config.jobs.enabled ? { jobs: { ...config.jobs, begunPath: begunPath(config) } } : {}),
      logger: log.child({ part: 'mqtt' }),
      ...(options.owed && { owed: options.owed }),
      ...(reload && { reload }),
      onMasks: (camera, masks, trace) => this.#sideOutputs.onMasks(camera, masks, traceProperties(trace)),
      onAnswer: (masks) => {
        this.#metrics.answered(masks);
        if (masks.camera !== null) this.#news.announce(masks.camera, masks);
      },
      onStatsPublished: () => this.#loopDelay.reset(),
      onRefused: (refused) => this.#errors.add({ source: 'message', ...refused }),
      onBrokerProblem: (message) => this.#errors.add({ source: 'broker', message }),
      onTakenOver: () =>
        onFatal(
          `Another node with the id "${config.node.id}" has taken this node's place at the broker. Give each node its own node.id.`,
          EXIT_CONFIG,
        ),
    });
    this.#sideOutputs = new SideOutputs({
      labels: config.outputs.labels,
      visionMsgs: config.outputs.visionMsgs,
      mqtt: this.mqtt,
      addon,
      drawable: (masks) => this.#pipeline.drawable(masks),
      log,
    });
    this.#metrics = createMetrics({
      id: config.node.id,
      cameras: this.cameras,
      mqtt: this.mqtt,
      pipeline: this.#pipeline,
      sideOutputs: this.#sideOutputs,
      http: this.#httpCounters,
      segmenter: () => this.#segmenter,
      log: log.child({ part: 'metrics' }),
    });
  }

  async start(): Promise<void> {
    const { config, signal, onConsole } = this.#options;
    const mqtt = this.mqtt;
    mqtt.setNodeState({ state: 'starting', backend: null, model: null });
    this.#loopDelay.enable();
    await this.#startHttp();
    signal?.throwIfAborted();
    mqtt.start();
    for (const [name, camera] of this.cameras) {
      camera.onState((state) => mqtt.setCameraState(name, state));
      noteCameraFaults({ name, camera, errors: this.#errors });
      camera.start();
      mqtt.setCameraState(name, camera.state);
    }
    const url = this.consoleUrl();
    if (url !== null) onConsole?.(url);
    const { segmenter, manifest } = await this.#loadModel();
    this.#loadedInMs = this.#load.quietMs;
    // It may have been closed meanwhile, without this model.
    if (signal?.aborted) await segmenter.close();
    signal?.throwIfAborted();
    this.#segmenter = segmenter;
    this.#thresholds = 'everything' in manifest ? manifest.everything : undefined;
    this.#scheduler = new Scheduler({
      segmenter,
      releaseFrame: (id) => this.#addon.releaseFrame(id),
      queueLimit: config.pipeline.queue,
      maxPrompts: config.model.maxPrompts,
      log: this.#log.child({ part: 'scheduler' }),
      onDeviceFailed: ({ message }) => this.#onFatal(message, EXIT_DEVICE),
    });
    this.#startPeriodic();
    mqtt.startJobs();
    this.#tracking.start();
    this.#startFrames();
    mqtt.setNodeState({ state: 'online', backend: segmenter.backend, model: segmenter.model });
    this.#log.info(
      { model: segmenter.model, backend: segmenter.backend, cameras: [...this.cameras.keys()] },
      'online',
    );
  }

  consoleUrl(): string | null {
    return this.#http?.url() ?? null;
  }

  onMasks(listener: MasksListener): () => void {
    return this.#news.onMasks(listener);
  }

  waiting(): number {
    return (this.#scheduler?.length ?? 0) + (this.#scheduler?.backgroundJobs ?? 0);
  }

  vitals(): Vitals {
    const runs = this.#scheduler?.runs ?? { atWorkMs: null, slowestMs: 0 };
    return {
      node: this.mqtt.state,
      cameras: [...this.cameras.values()].map(({ name, state, quietMs }) => ({ name, state, quietMs })),
      broker: this.mqtt.status,
      load: this.#scheduler === null ? this.#load.vitals : null,
      run: { ...runs, slowestMs: Math.max(runs.slowestMs, this.#loadedInMs) },
    };
  }

  close({ comesBack = false }: CloseOptions = {}): Promise<void> {
    this.#closing ??= this.#close(comesBack);
    return this.#closing;
  }

  owed(): readonly OutboundMessage[] {
    return this.mqtt.owed();
  }

  async #startHttp(): Promise<void> {
    const { http } = this.#config;
    if (!http.enabled) return;
    const node = createView({
      config: this.#config,
      addon: this.#addon,
      cameras: this.cameras,
      pipeline: this.#pipeline,
      mqtt: this.mqtt,
      errors: this.#errors,
      counters: this.#httpCounters,
      news: this.#news,
      metrics: this.#metrics,
      reload: this.#options.reload ?? null,
    });
    this.#http = await startHttp({ http, node, log: this.#log.child({ part: 'http' }) });
  }

  /** Everything of a camera's frames, where its config wants it again and again. */
  #startPeriodic(): void {
    for (const [name, camera] of this.cameras) {
      const everyMs = this.#config.cameras[name]?.everything.every ?? 0;
      if (everyMs === 0) continue;
      const stop = startPeriodic({
        everyMs,
        camera,
        log: this.#log.child({ camera: name }),
        work: async () => {
          const masks = await this.#pipeline.everythingOf(name);
          if (masks) await this.mqtt.publishMasks(name, masks);
        },
        onBusy: () => this.#pipeline.skippedEverything('busy'),
      });
      this.#stops.push(stop);
    }
  }

  /** Each frame's name or picture, where the config wants it told. */
  #startFrames(): void {
    const { frames, framesMaxFps } = this.#config.outputs;
    if (frames === false) return;
    const { mqtt } = this;
    for (const [name, camera] of this.cameras) {
      const topic = mqtt.topics.frame(name);
      const stop = startFrameOutput({
        camera,
        jpeg: frames === 'jpeg' ? { maxFps: framesMaxFps } : null,
        addon: this.#addon,
        hasProperties: () => mqtt.status.protocol !== '3.1.1',
        maxBytes: (userProperties) => mqtt.maxPayloadBytes({ topic, properties: { userProperties } }),
        publish: (payload, userProperties) =>
          mqtt.publishVolatile({ topic, payload, ...(userProperties && { properties: { userProperties } }) }),
        log: this.#log.child({ camera: name }),
      });
      this.#stops.push(stop);
    }
  }

  #loadModel(): ReturnType<typeof loadPatiently> {
    const { model } = this.#config;
    const { signal, onBuilding } = this.#options;
    let told = -1;
    return loadPatiently({
      model,
      cameras: this.cameras.size,
      log: this.#log,
      signal,
      onProblem: (message, waitMs) => {
        this.#load.waits(message, waitMs);
        this.#errors.add({ source: 'model', message });
      },
      onBuilding: (building) => {
        this.#load.building(building.step);
        onBuilding?.(building);
        // A state a percent: each is kept by the broker, and by OwnState.
        const progress = Math.floor(building.fraction * 100) / 100;
        if (progress === told) return;
        told = progress;
        this.mqtt.setNodeState({ state: 'building', backend: 'tensorrt', model: model.name, progress });
      },
    });
  }

  /** Answers first, then what they are made of: whoever has sent a prompt is told before the connection ends. */
  async #close(comesBack: boolean): Promise<void> {
    for (const stop of this.#stops.splice(0)) stop();
    const served = this.#http?.close();
    const tracked = this.#tracking.close();
    this.#scheduler?.close({ graceMs: RUN_GRACE_MS });
    this.#sideOutputs.close();
    await this.mqtt.close({ timeoutMs: RUN_GRACE_MS + BROKER_GRACE_MS, comesBack });
    await tracked;
    await served;
    this.#metrics.close();
    await Promise.all([...this.cameras.values()].map((camera) => camera.close()));
    this.#pipeline.close();
    await this.#segmenter?.close();
    this.#loopDelay.disable();
  }
}

/** Beside the engines, where the service can write; one for each node that a machine has. */
function begunPath({ model, node }: Config): string {
  return join(model.cache, `jobs-at-work-${node.id}.json`);
}
