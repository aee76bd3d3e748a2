import { asyncApiText } from '../asyncapi/document.js';
import { placeOf } from '../asyncapi/place.js';
import type { Config } from '../config/schema.js';
import type { Camera } from '../frames/camera.js';
import type { RecentErrors } from '../health/recent-errors.js';
import type { MasksMessage } from '../masks/types.js';
import type { MqttNode } from '../mqtt/node.js';
import type { NativeAddon } from '../native/types.js';
import type { PipelineService } from '../pipeline/service.js';
import { DEFAULT_PROMPT_LIMITS } from '../prompts/message.js';
import { VERSION } from '../version.js';
import type { HttpCounters } from './counters.js';
import type { MasksListener, NodeView } from './node-view.js';

/** Who hears of each masks message. */
export class MasksNews {
  readonly #listeners = new Set<MasksListener>();

  readonly announce: MasksListener = (camera, masks) => {
    for (const listener of this.#listeners) listener(camera, masks);
  };

  readonly onMasks = (listener: MasksListener): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
}

export interface ViewParts {
  readonly config: Config;
  readonly addon: NativeAddon;
  readonly cameras: ReadonlyMap<string, Camera>;
  readonly pipeline: PipelineService;
  readonly mqtt: MqttNode;
  readonly errors: RecentErrors;
  readonly counters: HttpCounters;
  readonly news: MasksNews;
  readonly reload: NodeView['reload'];
  /** src/metrics/metrics.ts has them. */
  readonly metrics: {
    served: NodeView['served'];
    answered(message: MasksMessage): void;
    text(): ReturnType<NodeView['metrics']>;
  };
}

/** The node, as the HTTP side sees it. */
export function createView({
  config,
  addon,
  cameras,
  pipeline,
  mqtt,
  errors,
  counters,
  news,
  metrics,
  reload,
}: ViewParts): NodeView {
  return {
    id: config.node.id,
    version: VERSION,
    addon,
    cameras,
    service: pipeline,
    limits: {
      maxBytes: config.mqtt.maxPacketBytes,
      maxPrompts: config.model.maxPrompts,
      maxPoints: DEFAULT_PROMPT_LIMITS.maxPoints,
    },
    maxUploadBytes: config.jobs.maxPacketBytes,
    maxImagePixels: config.pipeline.maxImagePixels,
    answerKeepMs: config.mqtt.answerKeepMs,
    servesJobs: config.jobs.enabled,
    state: () => mqtt.state,
    broker: () => mqtt.status,
    asyncApi: () => asyncApiText(placeOf(config)),
    stats: () => mqtt.stats(),
    reload,
    errors,
    counters,
    onMasks: news.onMasks,
    announceMasks: (camera, masks) => {
      metrics.answered(masks);
      if (camera !== null) news.announce(camera, masks);
    },
    drawable: (masks) => pipeline.drawable(masks),
    metrics: () => metrics.text(),
    served: (request) => metrics.served(request),
  };
}
