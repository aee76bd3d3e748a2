/** Every path that the node serves, but the console's own files. */
import type { ErrorCode } from '../../errors.js';
import { frameQuerySchema } from '../routes/frame.js';
import * as examples from './examples.js';
import type { Answer, Operation, SchemaName } from './operation.js';

const BODY_ERRORS: readonly ErrorCode[] = ['invalid_json', 'too_large'];
const MASKS_ERRORS: readonly ErrorCode[] = [
  ...BODY_ERRORS,
  'too_many_prompts',
  'unsupported_prompt',
  'rate_limited',
  'overloaded',
  'expired',
  'model_failed',
  'device_failed',
];

function json(schema: SchemaName, example: unknown) {
  return { 'application/json': { schema, example } };
}

function ok(description: string, schema: SchemaName, example: unknown): readonly Answer[] {
  return [{ status: 200, description, content: json(schema, example) }];
}

const CAMERA_OPERATIONS: readonly Operation[] = [
  {
    id: 'listCameras',
    method: 'get',
    path: '/api/cameras',
    summary: 'What each camera does',
    answers: ok('In the order of the config.', 'Cameras', examples.CAMERAS),
    errors: [],
  },
  {
    id: 'getFrame',
    method: 'get',
    path: '/api/cameras/{name}/frame.jpg',
    summary: 'A frame as a picture',
    query: frameQuerySchema,
    answers: [
      {
        status: 200,
        description: 'The frame. A prompt names it by `{"frame": {"seq": …}}`, as long as it is held.',
        content: { 'image/jpeg': { schema: { type: 'string', description: 'A JPEG file.' } } },
        headers: {
          'Samwire-Seq': { type: 'integer', description: "The frame's number." },
          'Samwire-Timestamp': { type: 'number', description: 'Capture time, ms since the Unix epoch.' },
          'Samwire-Width': {
            type: 'integer',
            description: 'Of the frame, which coordinates are in; the picture may be smaller.',
          },
          'Samwire-Height': { type: 'integer', description: 'Of the frame.' },
          'Samwire-Masks': { type: 'integer', description: 'Masks that are drawn in, with `overlay`.' },
        },
      },
    ],
    errors: ['unknown_camera', 'no_frame', 'frame_evicted', 'rate_limited', 'overloaded'],
  },
  {
    id: 'prompt',
    method: 'post',
    path: '/api/cameras/{name}/prompt',
    summary: 'Masks of a camera’s frame, by prompts',
    description: 'The prompt message of docs/mqtt.md, answered to its sender.',
    body: { required: true, content: json('Prompt', examples.PROMPT) },
    answers: ok(
      'The masks, in the order of the prompts. One that fails alone has an `error`.',
      'Masks',
      examples.MASKS,
    ),
    errors: ['unknown_camera', 'no_frame', 'frame_evicted', ...MASKS_ERRORS],
  },
  {
    id: 'everything',
    method: 'post',
    path: '/api/cameras/{name}/everything',
    summary: 'All masks of a camera’s frame, without a prompt',
    description: 'On a CPU this takes seconds; prompts go first.',
    body: { required: false, content: json('EverythingRequest', examples.EVERYTHING) },
    answers: ok('All that was found, the best first.', 'EverythingMasks', examples.EVERYTHING_MASKS),
    errors: ['unknown_camera', 'no_frame', 'frame_evicted', ...MASKS_ERRORS],
  },
  {
    id: 'listTracks',
    method: 'get',
    path: '/api/cameras/{name}/tracks',
    summary: 'What is followed on a camera',
    answers: ok('The tracks.', 'Tracks', examples.TRACKS),
    errors: ['unknown_camera'],
  },
  {
    id: 'changeTracks',
    method: 'post',
    path: '/api/cameras/{name}/tracks',
    summary: 'Renames or ends what is followed on a camera: all of it or nothing',
    body: { required: true, content: json('TracksChange', examples.TRACKS_CHANGE) },
    answers: ok('The tracks after the change.', 'Tracks', examples.TRACKS),
    errors: ['unknown_camera', 'unknown_track', ...BODY_ERRORS],
  },
  {
    id: 'restartCamera',
    method: 'post',
    path: '/api/cameras/{name}/restart',
    summary: 'Closes a camera’s source and opens it again',
    answers: ok('The source was closed and is being opened.', 'Restarted', { camera: 'front' }),
    errors: ['unknown_camera'],
  },
];

const NODE_OPERATIONS: readonly Operation[] = [
  {
    id: 'health',
    method: 'get',
    path: '/healthz',
    summary: 'The process answers',
    open: true,
    answers: ok('It does.', 'Health', examples.HEALTH),
    errors: [],
  },
  {
    id: 'readiness',
    method: 'get',
    path: '/readyz',
    summary: 'Whether a prompt that comes now could be answered',
    open: true,
    answers: [
      ...ok('The model is loaded, the broker connected, and a camera streams.', 'Readiness', examples.READY),
      {
        status: 503,
        description: 'What is not ready, and why.',
        content: json('Readiness', examples.NOT_READY),
      },
    ],
    errors: [],
  },
  {
    id: 'login',
    method: 'post',
    path: '/api/login',
    summary: 'The token for a cookie, as the console does it',
    open: true,
    body: { required: true, content: json('Login', { token: '…' }) },
    answers: [
      {
        status: 204,
        description: 'Logged in; without `http.tokenFile` there is no cookie.',
        headers: { 'Set-Cookie': { type: 'string', description: 'HttpOnly, SameSite=Strict, for 30 days.' } },
      },
    ],
    errors: ['invalid_json', 'too_large', 'unauthorized', 'rate_limited'],
  },
  {
    id: 'logout',
    method: 'post',
    path: '/api/logout',
    summary: 'Takes the cookie away',
    open: true,
    answers: [{ status: 204, description: 'Logged out.' }],
    errors: [],
  },
  {
    id: 'metrics',
    method: 'get',
    path: '/metrics',
    summary: 'Figures, as Prometheus collects them',
    answers: [
      {
        status: 200,
        description: 'The text format of Prometheus; docs/metrics.md lists the figures.',
        content: { 'text/plain': { schema: { type: 'string' } } },
      },
    ],
    errors: [],
  },
  {
    id: 'info',
    method: 'get',
    path: '/api/info',
    summary: 'What this node is, and its limits',
    answers: ok('The node.', 'Info', examples.INFO),
    errors: [],
  },
  {
    id: 'listErrors',
    method: 'get',
    path: '/api/errors',
    summary: 'What went wrong of late',
    answers: ok('The last 50, equal ones counted once.', 'Errors', examples.ERRORS),
    errors: [],
  },
  {
    id: 'reload',
    method: 'post',
    path: '/api/reload',
    summary: 'Reads the config file again, and puts the service together anew with it',
    description:
      'The node is away for as long as a start takes, this API too. A file with faults changes nothing. Sent when the restart begins.',
    answers: ok('The file is in order; the restart begins.', 'Reloading', examples.RELOADING),
    errors: ['invalid_config', 'unknown_request'],
  },
  {
    id: 'live',
    method: 'get',
    path: '/api/live',
    summary: 'The console’s WebSocket: frames, masks, states and errors as they come',
    description: 'What both sides say stands in src/http/live/protocol.ts; it may change with each version.',
    answers: [{ status: 101, description: 'The connection is a WebSocket now.' }],
    errors: ['unknown_request', 'overloaded'],
  },
  {
    id: 'openapi',
    method: 'get',
    path: '/api/openapi.json',
    summary: 'This document',
    answers: [
      {
        status: 200,
        description: 'OpenAPI 3.1.',
        content: { 'application/json': { schema: { type: 'object' } } },
      },
    ],
    errors: [],
  },
  {
    id: 'asyncapi',
    method: 'get',
    path: '/api/asyncapi.json',
    summary: "The node's MQTT topics and messages",
    answers: [
      {
        status: 200,
        description: 'AsyncAPI 3.0, with the topics, cameras and broker of this node.',
        content: { 'application/json': { schema: { type: 'object' } } },
      },
    ],
    errors: [],
  },
];

const PICTURE_OPERATIONS: readonly Operation[] = [
  {
    id: 'segment',
    method: 'post',
    path: '/api/segment',
    summary: 'Masks of a picture that is uploaded',
    description:
      'A JPEG or PNG file, which is kept in memory only. It is turned upright by its EXIF orientation. A client has one at work at a time; it waits behind what is asked of cameras.',
    body: {
      required: true,
      content: {
        'multipart/form-data': {
          schema: 'PictureUpload',
          example: { image: '…', prompts: [{ id: 'apple', box: [585, 370, 792, 589] }] },
        },
        ...json('PictureJson', { image: '/9j/4AAQSkZJRg==', box: [585, 370, 792, 589] }),
      },
    },
    answers: ok('The masks; the frame has `seq` 0 and the time of arrival.', 'Masks', examples.PICTURE_MASKS),
    errors: ['invalid_image', ...MASKS_ERRORS],
  },
];

export const OPERATIONS: readonly Operation[] = [
  ...NODE_OPERATIONS,
  ...CAMERA_OPERATIONS,
  ...PICTURE_OPERATIONS,
];
