/** Examples of messages, of docs/mqtt.md's own exchange where it has them; tests hold each against its schema. */
import { EXAMPLE_MASK as BAR, EXAMPLE_FRAME as FRAME, EXAMPLE_TIMING as TIMING } from '../masks/example.js';
import { STATS_EXAMPLE } from './stats-example.js';

interface Example {
  readonly name: string;
  readonly summary?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly payload?: unknown;
}

const MADE_BY = { model: 'samwire-tiny', backend: 'onnx', timing: TIMING };
const MASKS = {
  requestId: 'again-1',
  source: 'prompt',
  camera: 'front',
  frame: FRAME,
  masks: [BAR],
  ...MADE_BY,
};
const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const CAMERA_STATE = { state: 'streaming', fps: 10, width: 320, height: 240, since: 1795331464000 };

const IN: Readonly<Record<string, readonly Example[]>> = {
  prompt: [
    {
      name: 'box',
      payload: { requestId: 'again-1', prompts: [{ id: 'bar', box: [46, 0, 91, 160] }] },
      headers: { traceparent: TRACEPARENT },
    },
    {
      name: 'pointsOnANamedFrame',
      payload: {
        requestId: 'r2',
        frame: { seq: 22 },
        encodings: ['rle', 'polygons'],
        prompts: [
          {
            id: 'hand',
            points: [
              { x: 900, y: 410, label: 1 },
              { x: 930, y: 640, label: 0 },
            ],
          },
        ],
      },
    },
    {
      name: 'followed',
      payload: { requestId: 'f1', track: true, ttlMs: 60_000, id: 'cup', box: [412, 180, 655, 502] },
    },
  ],
  detections: [
    { name: 'array', payload: [{ box: [46, 0, 91, 160], label: 'bar', score: 0.9 }] },
    {
      name: 'onAFrame',
      payload: { frame: { seq: 150 }, detections: [{ box: [46, 0, 91, 160], label: 'bar', id: 'bar-1' }] },
    },
  ],
  infoRequest: [{ name: 'request', payload: { transaction: 't1' } }],
  snapshotRequest: [{ name: 'request', payload: { camera: 'front', overlay: true } }],
  everythingRequest: [
    {
      name: 'request',
      payload: { transaction: 't6', camera: 'front', grid: 16, maxMasks: 3, encodings: [] },
    },
  ],
  tracksRequest: [
    { name: 'rename', payload: { transaction: 't8', camera: 'front', rename: { cup: 'mug' } } },
    { name: 'removeAll', payload: { camera: 'front', remove: 'all' } },
  ],
  restartCameraRequest: [{ name: 'request', payload: { transaction: 't2', camera: 'front' } }],
  reloadRequest: [{ name: 'request', payload: { transaction: 't5' } }],
  jobPicture: [
    {
      name: 'properties',
      summary: 'The payload is the file.',
      headers: { jobId: 'table-1', prompts: '[{"id":"apple","box":[585,370,792,589]}]' },
    },
  ],
  job: [
    {
      name: 'json',
      payload: {
        jobId: 'table-1',
        image: '/9j/4AAQSkZJRg==',
        prompts: [{ id: 'apple', box: [585, 370, 792, 589] }],
      },
    },
  ],
};

const ok = (data: unknown): Example => ({ name: 'ok', payload: { status: 'ok', transaction: 't1', data } });

const HEADER = { stamp: { sec: 1795895234, nanosec: 318823730 }, frame_id: 'front' };
const POSE = {
  pose: { position: { x: 0, y: 0, z: 0 }, orientation: { x: 0, y: 0, z: 0, w: 1 } },
  covariance: new Array<number>(36).fill(0),
};
const DETECTION_2D = {
  header: HEADER,
  results: [{ hypothesis: { class_id: 'bar', score: 0.9272 }, pose: POSE }],
  bbox: { center: { position: { x: 68.5, y: 80 }, theta: 0 }, size_x: 47, size_y: 160 },
  id: 'bar',
};

const OUT: Readonly<Record<string, readonly Example[]>> = {
  nodeState: [
    {
      name: 'online',
      payload: {
        state: 'online',
        backend: 'onnx',
        model: 'samwire-tiny',
        version: '0.1.0',
        since: 1795331048273,
      },
    },
  ],
  cameraState: [
    { name: 'streaming', payload: CAMERA_STATE },
    {
      name: 'failed',
      payload: {
        ...{ state: 'failed', fps: 0, width: 0, height: 0, since: 1795331480283 },
        error: {
          code: 'no_frame',
          message:
            'Resource not found. No such file "/nowhere.mp4" (filesrc). It is played as soon as it is there',
        },
      },
    },
  ],
  masks: [
    { name: 'prompt', headers: { traceparent: TRACEPARENT }, payload: MASKS },
    {
      name: 'oneFailed',
      payload: {
        ...MASKS,
        requestId: 'r2',
        masks: [
          BAR,
          {
            id: 'off',
            error: {
              code: 'invalid_message',
              message:
                "Expected a box that touches the frame's 320×240 pixels at prompts[1].box, got [500, 500, 600, 600].",
              details: [
                {
                  path: 'prompts[1].box',
                  expected: "a box that touches the frame's 320×240 pixels",
                  got: '[500, 500, 600, 600]',
                },
              ],
            },
          },
        ],
      },
    },
    {
      name: 'tracks',
      payload: {
        ...{ source: 'track', camera: 'front', frame: FRAME },
        masks: [{ ...BAR, label: 'bar', track: { state: 'tracked', ageMs: 480 } }],
        ended: [{ id: 'plant', reason: 'left' }],
        ...MADE_BY,
      },
    },
  ],
  detection2dArray: [{ name: 'oneObject', payload: { header: HEADER, detections: [DETECTION_2D] } }],
  frameName: [
    { name: 'name', payload: { seq: 150, timestamp: 1795895760203.1934, width: 320, height: 240 } },
  ],
  error: [
    {
      name: 'evicted',
      payload: {
        requestId: 'r6',
        camera: 'front',
        code: 'frame_evicted',
        message:
          "Frame seq 1 of camera front is not held. Frames are kept for the camera's historyMs; ask sooner or raise it.",
      },
    },
  ],
  infoResponse: [
    ok({
      version: '0.1.0',
      node: 'robot-7',
      baseTopic: 'samwire',
      maxPrompts: 64,
      addon: { version: '0.1.0', gstreamer: '1.22.0', simd: 'avx2' },
      model: 'samwire-tiny',
      backend: 'onnx',
      cameras: { front: CAMERA_STATE },
    }),
  ],
  snapshotResponse: [
    ok({
      camera: 'front',
      width: 320,
      height: 240,
      seq: 22,
      timestamp: 1795895685107.319,
      jpeg: '/9j/4AAQSkZJRg==',
    }),
  ],
  everythingResponse: [
    ok({ source: 'everything', camera: 'front', frame: FRAME, masks: [{ ...BAR, id: '0' }], ...MADE_BY }),
  ],
  tracksResponse: [
    ok({
      camera: 'front',
      tracks: [
        {
          ...{ id: 'mug', label: 'mug', source: 'prompt', state: 'tracked', box: [1018, 163, 1234, 368] },
          ...{ since: 1795893556176.7124, lastSeen: 1795893560256.7122, ttlLeftMs: 55984 },
        },
      ],
    }),
  ],
  restartCameraResponse: [
    ok({ camera: 'front' }),
    {
      name: 'error',
      payload: {
        status: 'error',
        error: { code: 'unknown_camera', message: 'Expected one of front, got "back".' },
      },
    },
  ],
  reloadResponse: [
    ok({ changed: ['cameras.front.fps', 'model.name'] }),
    {
      name: 'error',
      payload: {
        status: 'error',
        error: {
          code: 'invalid_config',
          message: '1 fault in /etc/samwire/samwire.yaml.',
          details: [{ path: 'cameras.front.fps', expected: 'a number from 0.1 to 240', got: '500' }],
        },
      },
    },
  ],
  stats: [{ name: 'stats', payload: STATS_EXAMPLE }],
};

/** By the message's name. */
export const EXAMPLES: Readonly<Record<string, readonly Example[]>> = { ...IN, ...OUT };
