/** `<camera>/frame`: what the camera sees now, so that a detector on the network can name the frame that it saw. */
import type { Logger } from 'pino';
import { toSamwireError } from '../../errors.js';
import type { Camera } from '../../frames/camera.js';
import type { NativeAddon, NativeFrameInfo } from '../../native/types.js';
import { type JpegStep, toJpeg } from '../jpeg.js';
import { RgbMemory } from '../rgb-memory.js';

/** The size stays the frame's, so that boxes need no scale. */
const STEPS: readonly JpegStep[] = [85, 60, 40].map((quality) => ({ quality, share: 1 }));

/** Texts, as MQTT 5's user properties are. */
export type FrameProperties = Readonly<Record<'seq' | 'timestamp' | 'width' | 'height', string>>;

export interface FrameOutputOptions {
  readonly camera: Pick<Camera, 'onFrame' | 'acquire'>;
  /** Null: each frame's name alone. Else JPEGs, at most so many a second. */
  readonly jpeg: { readonly maxFps: number } | null;
  readonly addon: Pick<NativeAddon, 'scaledRgb' | 'releaseFrame'>;
  /** Whether the connection carries user properties (MQTT 5); without them a JPEG could not be named. */
  readonly hasProperties: () => boolean;
  /** Bytes that fit into a packet. */
  readonly maxBytes: (properties: FrameProperties) => number;
  readonly publish: (payload: Buffer, properties?: FrameProperties) => void;
  readonly log: Pick<Logger, 'warn' | 'debug'>;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

type FrameName = Pick<NativeFrameInfo, 'seq' | 'timestamp' | 'width' | 'height'>;

/** Publishes until the returned function is called. One JPEG is made at a time, of the frame that is newest then. */
export function startFrameOutput(options: FrameOutputOptions): () => void {
  const { camera, jpeg, publish, hasProperties, log, now = () => performance.now() } = options;
  const memory = new RgbMemory();
  let encoding = false;
  let notBefore = Number.NEGATIVE_INFINITY;
  let loggedReason = '';
  const warn = (reason: string): void => {
    log[reason === loggedReason ? 'debug' : 'warn']({ reason }, 'a frame was not published as JPEG');
    loggedReason = reason;
  };
  const encode = async (): Promise<void> => {
    encoding = true;
    try {
      await publishJpeg(options, memory);
      loggedReason = '';
    } catch (thrown) {
      warn(toSamwireError(thrown).message);
    } finally {
      encoding = false;
    }
  };
  return camera.onFrame((frame) => {
    if (jpeg === null) {
      publish(Buffer.from(JSON.stringify(nameOf(frame))));
      return;
    }
    if (!hasProperties()) {
      warn('MQTT 3.1.1 has no user properties that could name it; the names of frames are published instead');
      publish(Buffer.from(JSON.stringify(nameOf(frame))));
      return;
    }
    const startedAt = now();
    if (encoding || startedAt < notBefore) return;
    // Half a frame early is on time: frames do not come to the millisecond.
    const intervalMs = 1000 / jpeg.maxFps;
    notBefore = Math.max(notBefore + intervalMs, startedAt + intervalMs / 2);
    void encode();
  });
}

async function publishJpeg(
  { camera, addon, maxBytes, publish }: FrameOutputOptions,
  memory: RgbMemory,
): Promise<void> {
  const frame = camera.acquire('latest');
  if (!frame) return;
  const { id, width, height } = frame;
  const properties = textsOf(frame);
  const jpeg = await memory.use(width * height * 3, async (out) => {
    let converted: Promise<Buffer>;
    try {
      converted = addon.scaledRgb(id, width, height, out);
    } finally {
      addon.releaseFrame(id);
    }
    return toJpeg(await converted, frame, { steps: STEPS, maxBytes: maxBytes(properties) });
  });
  publish(jpeg, properties);
}

function nameOf({ seq, timestamp, width, height }: FrameName): FrameName {
  return { seq, timestamp, width, height };
}

function textsOf({ seq, timestamp, width, height }: FrameName): FrameProperties {
  return { seq: String(seq), timestamp: String(timestamp), width: String(width), height: String(height) };
}
