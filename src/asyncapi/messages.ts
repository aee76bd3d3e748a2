/** `components.messages`: each message by its name, with payload, user properties and examples. */
import { MAX_TRACESTATE_CHARACTERS } from '../mqtt/trace.js';
import type { SchemaName } from './components.js';
import { EXAMPLES } from './examples.js';

type Json = Readonly<Record<string, unknown>>;

interface Message {
  readonly summary: string;
  /** Absent: bytes, or what no schema of ours describes. */
  readonly schema?: SchemaName;
  readonly contentType?: string;
  readonly payload?: Json;
  /** User properties of MQTT 5. */
  readonly headers?: Readonly<Record<string, Json>>;
  readonly required?: readonly string[];
  /** It may bring a Response Topic and Correlation Data. */
  readonly asks?: boolean;
  /** It carries the Correlation Data of what it answers. */
  readonly answers?: boolean;
}

const text = (description: string, more: Json = {}): Json => ({ type: 'string', description, ...more });

/** Of every message that is asked, and of every answer. */
const TRACE = {
  traceparent: text('W3C Trace Context, carried from a message to all of its answers', {
    pattern: '^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$',
  }),
  tracestate: text('W3C Trace Context', { maxLength: MAX_TRACESTATE_CHARACTERS }),
};

const FRAME = {
  seq: text("the frame's `seq`, as decimal text"),
  timestamp: text('its capture time, ms since the Unix epoch, as decimal text'),
};
/** Which masks message something belongs to. */
const OF_MASKS = {
  ...FRAME,
  source: text("the masks message's `source`"),
  requestId: text("the masks message's `requestId`, where it has one"),
};
const BYTES = { type: 'string', format: 'binary' };

export const MESSAGES = {
  nodeState: { summary: 'The state of the node; `offline` is its last will.', schema: 'NodeState' },
  cameraState: { summary: 'The state of a camera.', schema: 'CameraState' },
  prompt: { summary: 'What is to be segmented, on which frame.', schema: 'Prompt', asks: true },
  detections: {
    summary: "A detector's boxes, in Samwire's own format.",
    schema: 'Detections',
    asks: true,
  },
  foreignDetections: {
    summary: 'Boxes as another system writes them, told by their shape (docs/detections.md).',
    payload: { description: 'DeepStream, vision_msgs, Frigate, Roboflow, DL Streamer, Ultralytics or COCO' },
    asks: true,
  },
  masks: { summary: 'What was found on a frame.', schema: 'Masks', answers: true },
  labels: {
    summary: 'A PNG of the frame: 0 is background, mask i of the masks message has the value i + 1.',
    contentType: 'image/png',
    payload: BYTES,
    headers: { ...OF_MASKS, ...TRACE },
    required: ['seq', 'timestamp', 'source'],
  },
  detection2dArray: {
    summary: "A masks message as ROS 2's vision_msgs/msg/Detection2DArray.",
    schema: 'Detection2DArray',
    headers: { ...OF_MASKS, ...TRACE },
    required: ['seq', 'timestamp', 'source'],
  },
  frameName: { summary: 'A frame that came.', schema: 'FrameName' },
  frameJpeg: {
    summary: 'A frame that came, as JPEG.',
    contentType: 'image/jpeg',
    payload: BYTES,
    headers: { ...FRAME, width: text('pixels'), height: text('pixels') },
    required: ['seq', 'timestamp', 'width', 'height'],
  },
  error: { summary: 'Why a message was not served.', schema: 'Error', answers: true },
  infoRequest: { summary: 'What are you?', schema: 'InfoRequest', asks: true },
  snapshotRequest: { summary: 'What does a camera see?', schema: 'SnapshotRequest', asks: true },
  everythingRequest: { summary: 'All masks of a frame.', schema: 'EverythingRequest', asks: true },
  tracksRequest: { summary: 'What is followed; rename, remove.', schema: 'TracksRequest', asks: true },
  restartCameraRequest: { summary: 'Open a camera anew.', schema: 'RestartCameraRequest', asks: true },
  reloadRequest: { summary: 'Read the config file again.', schema: 'ReloadRequest', asks: true },
  infoResponse: { summary: 'The node, its model and its cameras.', schema: 'InfoResponse', answers: true },
  snapshotResponse: { summary: 'A JPEG of the newest frame.', schema: 'SnapshotResponse', answers: true },
  everythingResponse: { summary: 'All masks of a frame.', schema: 'EverythingResponse', answers: true },
  tracksResponse: { summary: 'What is followed.', schema: 'TracksResponse', answers: true },
  restartCameraResponse: {
    summary: 'The camera is being opened.',
    schema: 'RestartCameraResponse',
    answers: true,
  },
  reloadResponse: {
    summary: 'The config file is in order, and the node is put together anew.',
    schema: 'ReloadResponse',
    answers: true,
  },
  stats: { summary: 'Counters and latencies.', schema: 'Stats' },
  jobPicture: {
    summary: 'A JPEG or PNG file to segment.',
    contentType: 'image/*',
    payload: BYTES,
    headers: {
      jobId: text('names the job', { pattern: '^[A-Za-z0-9._:-]{1,64}$' }),
      prompts: text('JSON of an array of prompts, or of a prompt message; at most 65,535 bytes', {
        contentMediaType: 'application/json',
      }),
      ...TRACE,
    },
    required: ['jobId', 'prompts'],
    asks: true,
  },
  job: { summary: 'A picture to segment, all of it as JSON.', schema: 'Job', asks: true },
} as const satisfies Record<string, Message>;

export type MessageName = keyof typeof MESSAGES;

const BINDING_VERSION = '0.2.0';
const CORRELATION = { type: 'string', format: 'binary', description: 'returned with the answer' };

export function componentMessages(): Record<string, Json> {
  return Object.fromEntries(
    Object.entries(MESSAGES as Readonly<Record<string, Message>>).map(([name, message]) => [
      name,
      messageObject(name, message),
    ]),
  );
}

function messageObject(name: string, message: Message): Json {
  const {
    summary,
    schema,
    contentType = 'application/json',
    payload,
    required = [],
    asks,
    answers,
  } = message;
  const headers = message.headers ?? (asks || answers ? TRACE : undefined);
  const examples = EXAMPLES[name as MessageName] ?? [];
  return {
    name,
    summary,
    contentType,
    payload: schema === undefined ? payload : { $ref: `#/components/schemas/${schema}` },
    ...(headers === undefined
      ? {}
      : {
          headers: {
            type: 'object',
            description: 'User properties of MQTT 5; there are none on 3.1.1',
            properties: headers,
            ...(required.length > 0 ? { required } : {}),
          },
        }),
    ...(asks || answers ? { bindings: { mqtt: binding(asks ?? false) } } : {}),
    ...(examples.length > 0 ? { examples } : {}),
  };
}

function binding(asks: boolean): Json {
  return {
    correlationData: CORRELATION,
    ...(asks
      ? {
          responseTopic: {
            type: 'string',
            description: 'where the answer goes too; mqtt.responseTopics allow it',
          },
        }
      : {}),
    bindingVersion: BINDING_VERSION,
  };
}
