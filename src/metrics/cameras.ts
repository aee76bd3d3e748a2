import type { CameraStats } from '../frames/camera.js';
import type { CameraStateName } from '../frames/supervision.js';
import { type Family, oneOf, type Sample } from './family.js';
import type { Figures } from './figures.js';

const CAMERA_STATES = [
  'connecting',
  'streaming',
  'stalled',
  'failed',
  'disabled',
] as const satisfies readonly CameraStateName[];

/** One sample a camera; the names are the config's. */
const each =
  (value: (stats: CameraStats) => number) =>
  ({ cameras }: Figures): readonly Sample[] =>
    [...cameras].map(([camera, of]) => ({ labels: { camera }, value: value(of.stats()) }));

const depthAnswers = ({ cameras }: Figures): readonly Sample[] =>
  [...cameras].flatMap(([camera, of]) => {
    const { depth } = of.stats();
    if (!depth) return [];
    return [
      { labels: { camera, depth: 'matched' }, value: depth.matched },
      { labels: { camera, depth: 'missed' }, value: depth.missed },
    ];
  });

const labels = ['camera'] as const;

export const CAMERA_FAMILIES: readonly Family<Figures>[] = [
  {
    kind: 'gauge',
    name: 'samwire_camera_state',
    help: 'Whether the camera is in this state (1) or not (0).',
    labels: ['camera', 'state'],
    samples: ({ cameras }) =>
      [...cameras].flatMap(([camera, { state }]) => oneOf(CAMERA_STATES, state.state, { camera })),
  },
  {
    kind: 'counter',
    name: 'samwire_camera_frames_total',
    help: 'Frames that came from the camera.',
    labels,
    samples: each(({ frames }) => frames),
  },
  {
    kind: 'gauge',
    name: 'samwire_camera_fps',
    help: 'Frames a second, measured over the last two seconds.',
    labels,
    samples: each(({ fps }) => fps),
  },
  {
    kind: 'counter',
    name: 'samwire_camera_reopens_total',
    help: 'How often the camera was opened again.',
    labels,
    samples: each(({ reopens }) => reopens),
  },
  {
    kind: 'gauge',
    name: 'samwire_camera_longest_gap_seconds',
    help: 'The longest time without a frame since the first one, that which lasts now included.',
    labels,
    samples: each(({ longestGapMs }) => longestGapMs / 1000),
  },
  {
    kind: 'gauge',
    name: 'samwire_camera_held_frames',
    help: 'Frames that are held for prompts that name one.',
    labels,
    samples: each(({ held }) => held),
  },
  {
    kind: 'gauge',
    name: 'samwire_camera_held_bytes',
    help: 'Memory of the frames that are held.',
    labels,
    samples: each(({ heldBytes }) => heldBytes),
  },
  {
    kind: 'counter',
    name: 'samwire_camera_depth_answers_total',
    help: 'Answers of a camera with depth that had a depth picture (matched) or none (missed).',
    labels: ['camera', 'depth'],
    samples: depthAnswers,
  },
];
