import { byKey, type Family, type Sample } from './family.js';
import type { Figures } from './figures.js';

type Jobs = NonNullable<Figures['link']['jobs']>;

/** Nothing where the node takes no jobs. */
const jobs =
  (of: (jobs: Jobs) => readonly Sample[]) =>
  ({ link }: Figures): readonly Sample[] =>
    link.jobs ? of(link.jobs) : [];

export const LINK_FAMILIES: readonly Family<Figures>[] = [
  {
    kind: 'gauge',
    name: 'samwire_mqtt_connected',
    help: 'Whether the connection to the broker stands (1) or not (0).',
    samples: ({ broker }) => [{ value: broker.connected ? 1 : 0 }],
  },
  {
    kind: 'counter',
    name: 'samwire_mqtt_reconnects_total',
    help: 'How often the connection was tried again, after it was lost or refused.',
    samples: ({ link }) => [{ value: link.retries }],
  },
  {
    kind: 'counter',
    name: 'samwire_mqtt_messages_received_total',
    help: 'Messages that were taken from the broker, by kind.',
    labels: ['kind'],
    samples: ({ link }) =>
      byKey('kind', {
        prompt: link.prompts,
        request: link.requests,
        detections: link.detections,
        ...(link.jobs && { job: link.jobs.taken }),
      }),
  },
  {
    kind: 'counter',
    name: 'samwire_repeats_total',
    help: 'Requests that were answered with the answer of their first run, by what they are.',
    labels: ['kind'],
    samples: ({ link, http }) =>
      byKey('kind', {
        prompt: link.repeats,
        http: http.repeats,
        ...(link.jobs && { job: link.jobs.repeats }),
      }),
  },
  {
    kind: 'counter',
    name: 'samwire_mqtt_ignored_total',
    help: 'Messages that were not answered, by reason.',
    labels: ['reason'],
    samples: ({ link }) =>
      byKey('reason', {
        retained: link.retainedIgnored,
        detections_not_for_us: link.detectionsIgnored,
        error_of_a_kind_just_told: link.errorsLimited,
      }),
  },
  {
    kind: 'gauge',
    name: 'samwire_outbox_messages',
    help: 'Messages that the broker has not acknowledged yet.',
    samples: ({ link }) => [{ value: link.owedMessages }],
  },
  {
    kind: 'gauge',
    name: 'samwire_outbox_bytes',
    help: 'Memory of the messages that the broker has not acknowledged yet.',
    samples: ({ link }) => [{ value: link.owedBytes }],
  },
  {
    kind: 'counter',
    name: 'samwire_jobs_total',
    help: 'Jobs, by outcome: answered with masks, failed with an error, returned to the broker.',
    labels: ['outcome'],
    samples: jobs(({ answered, failed, returned }) => byKey('outcome', { answered, failed, returned })),
  },
  {
    kind: 'gauge',
    name: 'samwire_jobs_at_work',
    help: 'Jobs that are at work now.',
    samples: jobs(({ atWork }) => [{ value: atWork }]),
  },
  {
    kind: 'gauge',
    name: 'samwire_jobs_connections',
    help: 'Connections on which jobs come that stand.',
    samples: jobs(({ connections }) => [{ value: connections }]),
  },
];
