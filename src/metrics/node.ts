import type { NodeStateMessage } from '../mqtt/topics.js';
import { byKey, type Family, oneOf } from './family.js';
import type { Figures } from './figures.js';

/** As the node says itself; `offline` is the broker's to say. */
const NODE_STATES = [
  'starting',
  'building',
  'online',
  'stopped',
] as const satisfies readonly NodeStateMessage['state'][];

export const NODE_FAMILIES: readonly Family<Figures>[] = [
  {
    kind: 'gauge',
    name: 'samwire_build_info',
    help: 'Always 1; its labels say what runs. model and backend are empty until a model is loaded.',
    labels: ['node', 'version', 'model', 'backend'],
    samples: ({ id, state: { version, model, backend } }) => [
      { labels: { node: id, version, model: model ?? '', backend: backend ?? '' }, value: 1 },
    ],
  },
  {
    kind: 'gauge',
    name: 'samwire_node_state',
    help: 'Whether the node is in this state (1) or not (0).',
    labels: ['state'],
    samples: ({ state }) => (state.state === 'offline' ? [] : oneOf(NODE_STATES, state.state)),
  },
  {
    kind: 'gauge',
    name: 'samwire_engine_build_ratio',
    help: 'How far the building of TensorRT engines is, 0 to 1, while they are built.',
    samples: ({ state: { state, progress } }) =>
      state === 'building' && progress !== undefined ? [{ value: progress }] : [],
  },
  {
    kind: 'counter',
    name: 'samwire_side_messages_total',
    help: 'Label images and Detection2DArrays that were published.',
    labels: ['output'],
    samples: ({ outputs: { labels, visionMsgs } }) =>
      byKey('output', { labels: labels.sent, vision_msgs: visionMsgs.sent }),
  },
  {
    kind: 'gauge',
    name: 'samwire_console_pages',
    help: 'Pages of the console that are connected.',
    samples: ({ http }) => [{ value: http.console.pages }],
  },
  {
    kind: 'counter',
    name: 'samwire_console_frames_total',
    help: 'Pictures that were sent to pages of the console.',
    samples: ({ http }) => [{ value: http.console.frames }],
  },
  {
    kind: 'gauge',
    name: 'samwire_gpu_memory_bytes',
    help: 'Memory of the GPU, by whether it is free for anybody; on a Jetson that is the memory of the machine.',
    labels: ['state'],
    samples: ({ gpu }) =>
      gpu ? byKey('state', { free: gpu.freeBytes, used: gpu.totalBytes - gpu.freeBytes }) : [],
  },
  {
    kind: 'gauge',
    name: 'samwire_gpu_buffers_bytes',
    help: 'Memory of the GPU that this process holds for buffers, the engines not counted.',
    samples: ({ gpu }) => (gpu ? [{ value: gpu.buffersBytes }] : []),
  },
];
