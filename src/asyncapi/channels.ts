/** `channels`: every topic of a node, with what is said on it and which way. */
import { REQUEST_VERBS } from '../mqtt/requests.js';
import { jobAnswerTopic, jobsTopic, NodeTopics } from '../mqtt/topics.js';
import type { MessageName } from './messages.js';

/** A topic, with its parts as `{baseTopic}` where they are not known. */
export interface Channel {
  /** Null where it is not fixed: a topic that a message or the config names. */
  readonly address: string | null;
  readonly description: string;
  readonly messages: readonly MessageName[];
  /** From the node's view. */
  readonly action: 'send' | 'receive';
  readonly summary: string;
  readonly qos: 0 | 1;
  readonly retain?: boolean;
  /** Where what is received is answered, by the channels' names, and with what. */
  readonly replies?: { readonly channel: string; readonly messages: readonly MessageName[] };
  /** The message may have an expiry interval, after which it is refused as `expired`. */
  readonly expires?: boolean;
}

/** The parts of topics that stand for something. */
export const PARAMETERS = {
  baseTopic: { description: '`mqtt.baseTopic` of the config', default: 'samwire' },
  node: { description: '`node.id` of the config; the host name by default', examples: ['robot-7'] },
  camera: { description: "a camera's name in the config", examples: ['front'] },
  jobId: { description: "the job's id", examples: ['table-1'] },
} as const;

export interface ChannelParts {
  readonly baseTopic: string;
  readonly node: string;
  /** Of masks that nobody asked for. */
  readonly streamQos: 0 | 1;
  readonly detectionTopics: readonly string[];
}

type Verb = (typeof REQUEST_VERBS)[number];

const CAMERA = '{camera}';
/** `restart-camera` → `RestartCamera`. */
export const titled = (verb: string): string =>
  verb.replace(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase());
/** Of the messages' names. */
const camelled = (verb: string): string =>
  verb.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

export function channelsOf(parts: ChannelParts): Record<string, Channel> {
  const topics = new NodeTopics(parts.baseTopic, parts.node);
  return {
    ...published(topics, parts),
    ...received(topics, parts),
    ...requested(topics),
    jobs: {
      address: jobsTopic(parts.baseTopic),
      description:
        'Pictures that any node of a group may segment. Nodes subscribe to it as `$share/<jobs.group>/<baseTopic>/jobs`.',
      messages: ['jobPicture', 'job'],
      action: 'receive',
      summary: 'Segment a picture.',
      qos: 1,
      expires: true,
      replies: { channel: 'jobAnswer', messages: ['masks', 'error'] },
    },
    jobAnswer: {
      address: jobAnswerTopic(parts.baseTopic, '{jobId}'),
      description: 'The answer to a job without a Response Topic.',
      messages: ['masks', 'error'],
      action: 'send',
      summary: 'Answer a job.',
      qos: 1,
    },
    reply: {
      address: null,
      description:
        "The Response Topic of a message (MQTT 5): its answer goes there too, with the message's Correlation Data. `mqtt.responseTopics` says which topics are allowed.",
      messages: [
        'masks',
        'error',
        ...REQUEST_VERBS.map((verb) => `${camelled(verb)}Response` as MessageName),
      ],
      action: 'send',
      summary: 'Answer who asked.',
      qos: 1,
    },
  };
}

function published(topics: NodeTopics, { streamQos }: ChannelParts): Record<string, Channel> {
  const to = (
    address: string,
    description: string,
    more: Pick<Channel, 'messages' | 'summary' | 'qos'> & Partial<Channel>,
  ): Channel => ({ address, description, action: 'send', ...more });
  const state = { qos: 1, retain: true, summary: 'Tell a state.' } as const;
  const errors = { messages: ['error'], qos: 1, summary: 'Tell an error.' } as const;
  return {
    nodeState: to(topics.state, 'The node, at every change and connection.', {
      ...state,
      messages: ['nodeState'],
    }),
    cameraState: to(topics.cameraState(CAMERA), 'A camera, at every change and connection.', {
      ...state,
      messages: ['cameraState'],
    }),
    masks: to(
      topics.masks(CAMERA),
      'Masks of prompts, of detections, of tracks, and of everything again and again.',
      {
        messages: ['masks'],
        qos: 1,
        summary: 'Tell masks that a prompt asked for.',
      },
    ),
    labels: to(topics.labels(CAMERA), 'With `outputs.labels`: each masks message as a picture.', {
      messages: ['labels'],
      qos: 0,
      summary: 'Tell masks as a picture.',
    }),
    visionMsgs: to(topics.visionMsgs(CAMERA), 'With `outputs.visionMsgs`: each masks message for ROS 2.', {
      messages: ['detection2dArray'],
      qos: streamQos,
      summary: 'Tell masks as ROS 2 detections.',
    }),
    frame: to(topics.frame(CAMERA), 'With `outputs.frames`: what the camera sees now.', {
      messages: ['frameName', 'frameJpeg'],
      qos: 0,
      summary: 'Tell a frame.',
    }),
    cameraErrors: to(topics.errors(CAMERA), 'Errors of messages for a camera.', errors),
    nodeErrors: to(topics.errors(null), 'Errors of messages for no camera that there is.', errors),
    stats: to(topics.stats, 'Every `stats.intervalMs`.', {
      messages: ['stats'],
      qos: 0,
      summary: 'Tell figures.',
    }),
  };
}

function received(topics: NodeTopics, { detectionTopics }: ChannelParts): Record<string, Channel> {
  const answered = { channel: 'reply', messages: ['masks', 'error'] } as const;
  const detections = {
    messages: ['detections', 'foreignDetections'],
    action: 'receive',
    summary: 'Segment what a detector found.',
    qos: 0,
    expires: true,
    replies: answered,
  } as const;
  const foreign = 'Detections on a topic of `cameras.*.detections.topics`.';
  const elsewhere = detectionTopics.map((address, i): [string, Channel] => [
    `detectorTopic${i + 1}`,
    { ...detections, address: asAddress(address), description: foreign },
  ]);
  return {
    prompt: {
      address: topics.prompt(CAMERA),
      description:
        'Prompts for a camera. They are answered on `masks` or `cameraErrors`, and on the Response Topic.',
      messages: ['prompt'],
      action: 'receive',
      summary: 'Segment what is prompted.',
      qos: 1,
      expires: true,
      replies: answered,
    },
    detections: {
      ...detections,
      address: topics.detections(CAMERA),
      description: "A camera's own topic for detections. They are answered on `masks` or `cameraErrors`.",
    },
    ...(elsewhere.length > 0
      ? Object.fromEntries(elsewhere)
      : { detectorTopics: { ...detections, address: null, description: foreign } }),
  };
}

/** Wildcards have no place in an address: they are parameters `{level1}` … of it, `#` the last one. */
function asAddress(filter: string): string {
  let level = 0;
  return filter.replace(/[+#]/g, () => `{level${++level}}`);
}

function requested(topics: NodeTopics): Record<string, Channel> {
  const channels = REQUEST_VERBS.flatMap((verb: Verb): [string, Channel][] => {
    const [request, response] = [`request${titled(verb)}`, `response${titled(verb)}`];
    const [asked, told] = [`${camelled(verb)}Request`, `${camelled(verb)}Response`] as [
      MessageName,
      MessageName,
    ];
    return [
      [
        request,
        {
          address: topics.request(verb),
          description: `The request \`${verb}\`.`,
          messages: [asked],
          action: 'receive',
          summary: `Serve \`${verb}\`.`,
          qos: 1,
          expires: true,
          replies: { channel: response, messages: [told] },
        },
      ],
      [
        response,
        {
          address: topics.response(verb),
          description: `Responses to \`${verb}\`; they go to the request's Response Topic too.`,
          messages: [told],
          action: 'send',
          summary: `Answer \`${verb}\`.`,
          qos: 1,
        },
      ],
    ];
  });
  return Object.fromEntries(channels);
}
