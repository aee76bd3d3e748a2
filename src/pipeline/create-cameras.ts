/** What the config says of cameras, as the pipeline wants it. */
import type { Logger } from 'pino';
import type { CameraConfig } from '../config/schema.js';
import { Camera } from '../frames/camera.js';
import { DepthSource } from '../frames/depth-source.js';
import type { NativeAddon } from '../native/types.js';
import type { DetectionRules } from './detections/answer.js';

/** Closed as yet; by name, in the config's order. */
export function createCameras(
  cameras: Readonly<Record<string, CameraConfig>>,
  addon: NativeAddon,
  log: Logger,
): ReadonlyMap<string, Camera> {
  return new Map(
    Object.entries(cameras).map(([name, camera]) => [name, createCamera(name, camera, addon, log)]),
  );
}

function createCamera(name: string, config: CameraConfig, addon: NativeAddon, log: Logger): Camera {
  const { source, enabled, weight, width, height, fps, clockOffsetMs, historyMs } = config;
  const depth = config.depth && new DepthSource(addon, { ...config.depth, camera: name, historyMs }, log);
  return new Camera(
    addon,
    {
      name,
      source,
      enabled,
      weight,
      ...(width === undefined ? {} : { width }),
      ...(height === undefined ? {} : { height }),
      ...(fps === undefined ? {} : { fps }),
      clockOffsetMs,
      historyMs,
      ...(depth ? { depth } : {}),
    },
    log,
  );
}

/** Which detections of a camera are segmented. */
export function detectionRules({ frameSize, ...rules }: CameraConfig['detections']): DetectionRules {
  if (!frameSize) return rules;
  const [width, height] = frameSize;
  return { ...rules, frameSize: { width, height } };
}
