import { byKey, type Family, type Sample } from './family.js';
import type { Figures } from './figures.js';

type Scheduled = NonNullable<Figures['pipeline']['scheduler']>;

/** Nothing until the model is loaded. */
const scheduled =
  (of: (scheduler: Scheduled) => readonly Sample[]) =>
  ({ pipeline }: Figures): readonly Sample[] =>
    pipeline.scheduler ? of(pipeline.scheduler) : [];

const overloaded = ({ overloads, overloaded: now }: Scheduled): readonly Sample[] =>
  Object.keys(overloads).map((kind) => ({
    labels: { kind },
    value: (now as readonly string[]).includes(kind) ? 1 : 0,
  }));

const REQUESTS: readonly Family<Figures>[] = [
  {
    kind: 'counter',
    name: 'samwire_prompts_total',
    help: 'Prompts in answers, by what asked; of everything they are prompts of our own.',
    labels: ['source'],
    samples: ({ pipeline }) =>
      byKey('source', {
        prompt: pipeline.prompts,
        everything: pipeline.everything.prompts,
        job: pipeline.jobs.prompts,
      }),
  },
  {
    kind: 'gauge',
    name: 'samwire_queue_length',
    help: 'Requests that wait for the model, by kind; everything counts those at work too.',
    labels: ['kind'],
    samples: ({ pipeline }) =>
      byKey('kind', {
        ...pipeline.scheduler?.waiting,
        ...(pipeline.scheduler && {
          waiting_for_frame: pipeline.scheduler.waitingForFrame,
          everything: pipeline.backgroundJobs,
        }),
      }),
  },
  {
    kind: 'counter',
    name: 'samwire_scheduler_served_total',
    help: 'Requests that the model answered, or failed at, by kind.',
    labels: ['kind'],
    samples: scheduled(({ served }) => byKey('kind', served)),
  },
  {
    kind: 'gauge',
    name: 'samwire_scheduler_overloaded',
    help: 'Whether more is asked of this kind than the model can do (1) or not (0).',
    labels: ['kind'],
    samples: scheduled(overloaded),
  },
  {
    kind: 'counter',
    name: 'samwire_scheduler_overloads_total',
    help: 'How often a kind became overloaded.',
    labels: ['kind'],
    samples: scheduled(({ overloads }) => byKey('kind', overloads)),
  },
  {
    kind: 'gauge',
    name: 'samwire_frames_in_use',
    help: 'Frames that are held by a request, an answer or the console, over all cameras.',
    samples: ({ pipeline }) => [{ value: pipeline.framesInUse }],
  },
];

const DETECTIONS: readonly Family<Figures>[] = [
  {
    kind: 'counter',
    name: 'samwire_detections_messages_total',
    help: 'Messages of detectors that were taken.',
    samples: ({ pipeline }) => [{ value: pipeline.detections.messages }],
  },
  {
    kind: 'counter',
    name: 'samwire_detections_total',
    help: 'Detections in the messages of detectors.',
    samples: ({ pipeline }) => [{ value: pipeline.detections.detections }],
  },
];

const TRACKS: readonly Family<Figures>[] = [
  {
    kind: 'gauge',
    name: 'samwire_tracks_active',
    help: 'Objects that are followed now.',
    samples: ({ pipeline }) => [{ value: pipeline.tracks.active }],
  },
  {
    kind: 'counter',
    name: 'samwire_tracks_started_total',
    help: 'Objects that began to be followed.',
    samples: ({ pipeline }) => [{ value: pipeline.tracks.started }],
  },
  {
    kind: 'counter',
    name: 'samwire_tracks_ended_total',
    help: 'Objects that are followed no more, by reason.',
    labels: ['reason'],
    samples: ({ pipeline }) => byKey('reason', pipeline.tracks.ended),
  },
  {
    kind: 'counter',
    name: 'samwire_tracks_refused_total',
    help: 'Objects that were not followed for want of room (tracks.maxPerCamera).',
    samples: ({ pipeline }) => [{ value: pipeline.tracks.refused }],
  },
  {
    kind: 'counter',
    name: 'samwire_track_runs_total',
    help: 'Frames on which tracks were looked for, by whether the model answered.',
    labels: ['outcome'],
    samples: ({ pipeline: { tracks } }) =>
      byKey('outcome', { answered: tracks.runs, failed: tracks.failedRuns }),
  },
];

export const PIPELINE_FAMILIES: readonly Family<Figures>[] = [...REQUESTS, ...DETECTIONS, ...TRACKS];
