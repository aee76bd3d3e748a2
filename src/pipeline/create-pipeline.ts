/** What the config says of prompts, answers and tracks, as the pipeline wants it. */
import type { Logger } from 'pino';
import type { Config } from '../config/schema.js';
import type { ModelThresholds } from '../everything/options.js';
import type { Camera } from '../frames/camera.js';
import type { MasksMessage } from '../masks/types.js';
import type { NativeAddon } from '../native/types.js';
import type { Segmenter } from '../segment/segmenter.js';
import { createTracker } from '../track/tracker.js';
import { VERSION } from '../version.js';
import { detectionRules } from './create-cameras.js';
import type { Scheduler } from './schedule/scheduler.js';
import { PipelineService } from './service.js';
import { Tracking } from './tracks/tracking.js';

/** What both are made of. The model comes after them: null until it is loaded. */
interface Common {
  readonly config: Config;
  readonly addon: NativeAddon;
  readonly cameras: ReadonlyMap<string, Camera>;
  readonly segmenter: () => Segmenter | null;
  readonly scheduler: () => Scheduler | null;
}

export interface TrackingParts extends Common {
  readonly remember: PipelineService['remember'];
  readonly publish: (camera: string, masks: MasksMessage) => Promise<boolean>;
  readonly log: Logger;
}

export function createTracking(parts: TrackingParts): Tracking {
  const { config, addon, cameras, segmenter, scheduler, remember, publish, log } = parts;
  const { tracks, outputs } = config;
  return new Tracking({
    addon,
    cameras,
    createTracker: () => createTracker({ addon, lostMs: tracks.lostMs, tuning: { logits: tracks.logits } }),
    maxPerCamera: tracks.maxPerCamera,
    lostMs: tracks.lostMs,
    segmenter,
    scheduler,
    encodings: outputs.encodings,
    polygonTolerancePx: outputs.polygonTolerancePx,
    deliver: (name, answer, frame) => {
      if (frame && addon.retainFrame(frame.id)) remember(name, frame, answer);
      return publish(name, answer.message);
    },
    log: log.child({ part: 'tracks' }),
  });
}

export interface PipelineParts extends Common {
  readonly tracking: Tracking;
  /** The model's own thresholds for everything. */
  readonly thresholds: () => ModelThresholds | undefined;
  readonly processStats: () => Record<string, unknown>;
}

export function createPipeline(parts: PipelineParts): PipelineService {
  const { config, addon, cameras, segmenter, scheduler, tracking, thresholds, processStats } = parts;
  const { pipeline, outputs, node, mqtt, model } = config;
  return new PipelineService({
    addon,
    cameras,
    segmenter,
    scheduler,
    tracking,
    maxAgeMs: pipeline.maxAgeMs,
    perCameraPerSec: pipeline.rateLimit.perCameraPerSec,
    perClientPerSec: pipeline.rateLimit.perClientPerSec,
    maxImagePixels: pipeline.maxImagePixels,
    encodings: outputs.encodings,
    polygonTolerancePx: outputs.polygonTolerancePx,
    maxPrompts: model.maxPrompts,
    onDetections: (camera, on) => tracking.associate(camera, on),
    detections: new Map(
      Object.entries(config.cameras).map(([name, { detections }]) => [name, detectionRules(detections)]),
    ),
    everything: new Map(Object.entries(config.cameras).map(([name, { everything }]) => [name, everything])),
    thresholds,
    info: () => ({
      version: VERSION,
      node: node.id,
      baseTopic: mqtt.baseTopic,
      maxPrompts: model.maxPrompts,
      addon: addon.about(),
    }),
    processStats,
  });
}
