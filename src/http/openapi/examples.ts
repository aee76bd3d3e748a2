/** Messages as they were sent and answered by `samwire-tiny` on `test://pattern` (docs/mqtt.md); the document's tests hold them against the schemas. */
import {
  EXAMPLE_MASK as BAR,
  EXAMPLE_FRAME as FRAME,
  EXAMPLE_TIMING as TIMING,
} from '../../masks/example.js';

const RLE = {
  size: [240, 320],
  counts:
    'ba:>1F001OO11O0000000O11ON22NO11N114000O100006a2b4M1O000000000000000000000000000000000000000000000000000000000000000000000000000000000O6SKiN0iN1N1001N10nae1',
};
const MODEL = { model: 'samwire-tiny', backend: 'onnx' };
const CAMERA = { state: 'streaming', fps: 10, width: 320, height: 240, since: 1795895683001 };

export const HEALTH = {
  status: 'ok',
  version: '0.1.0',
  uptimeMs: 73_018,
  eventLoopDelayMs: { p99: 1.4, max: 6.2 },
};

export const READY = {
  ready: true,
  checks: {
    model: { ok: true, detail: 'samwire-tiny on onnx' },
    broker: { ok: true, detail: 'connected, MQTT 5' },
    cameras: { ok: true, detail: 'front: streaming' },
  },
};

export const NOT_READY = {
  ready: false,
  checks: { ...READY.checks, model: { ok: false, detail: 'the model is being loaded' } },
};

export const PROMPT = { requestId: 'again-1', prompts: [{ id: 'bar', box: [46, 0, 91, 160] }] };

export const MASKS = {
  requestId: 'again-1',
  source: 'prompt',
  camera: 'front',
  frame: FRAME,
  masks: [{ ...BAR, rle: RLE }],
  ...MODEL,
  timing: TIMING,
};

export const PICTURE_MASKS = {
  node: 'robot-7',
  source: 'job',
  camera: null,
  frame: { ...FRAME, seq: 0 },
  masks: [{ ...BAR, rle: RLE }],
  ...MODEL,
  timing: { ...TIMING, ageMs: 0, captureToPublishMs: 72.628 },
};

export const EVERYTHING = { grid: 16, maxMasks: 3, encodings: [] };

export const EVERYTHING_MASKS = {
  source: 'everything',
  camera: 'front',
  frame: FRAME,
  masks: [{ ...BAR, id: '0' }],
  ...MODEL,
  timing: TIMING,
};

export const TRACKS_CHANGE = { rename: { cup: 'mug' } };

export const TRACKS = {
  camera: 'front',
  tracks: [
    {
      id: 'mug',
      source: 'prompt',
      state: 'tracked',
      box: [45, 0, 92, 160],
      since: 1795895685107.319,
      lastSeen: 1795895687407.3,
    },
  ],
};

export const CAMERAS = { cameras: [{ name: 'front', ...CAMERA, tracks: 1 }] };

export const INFO = {
  version: '0.1.0',
  node: 'robot-7',
  baseTopic: 'samwire',
  maxPrompts: 64,
  addon: { version: '0.1.0', gstreamer: '1.22.0', simd: 'avx2' },
  ...MODEL,
  cameras: { front: CAMERA },
  limits: {
    maxBodyBytes: 262_144,
    maxPrompts: 64,
    maxPoints: 64,
    maxUploadBytes: 16_777_216,
    maxImagePixels: 50_000_000,
  },
};

export const ERRORS = {
  errors: [
    {
      number: 1,
      firstAt: 1795895685107,
      lastAt: 1795895689203,
      count: 3,
      source: 'message',
      camera: 'front',
      code: 'frame_evicted',
      message:
        "Frame seq 1 of camera front is not held. Frames are kept for the camera's historyMs; ask sooner or raise it.",
    },
  ],
};

export const RELOADING = { changed: ['cameras.front.fps', 'model.name'] };
