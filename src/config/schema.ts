import { z } from 'zod';
import { MASK_ENCODINGS } from '../masks/types.js';
import { baseTopic, brokerUrl, cameraSource, filePath, topicFilter } from './addresses.js';
import { depth } from './depth.js';
import { detections, meetsOwnTopics } from './detections.js';
import { duration, durationWithUnit } from './duration.js';
import { CONFIG_VERSION } from './format-version.js';
import { http, isOpenToOthers } from './http.js';
import { defaultNodeId, NAME, RESERVED_CAMERA_NAMES, RESERVED_NODE_IDS } from './names.js';
import { lacksSize } from './shared-memory.js';
import { tracks } from './tracks.js';
import { choice, DAY_MS, flag, int, list, number, text } from './values.js';

/**
 * The config file, whole (docs/config.md): every key with its bounds, default and meaning. The JSON Schema, the
 * table in the docs and the suggestions for mistyped keys are made from this; `loadConfig` applies it.
 */

const MAX_CAMERAS = 64;

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export const EVERYTHING_STRATEGIES = ['grid', 'hierarchical', 'boxes'] as const;

const nameExcept = (reserved: readonly string[], what: string) =>
  z.string({ error: what }).regex(new RegExp(`^(?!(?:${reserved.join('|')})$)${NAME.source.slice(1)}`), {
    error: what,
  });

const NAME_FORM = '1 to 64 of A-Z a-z 0-9 . _ : -';
// Browsers and proxies take dots out of a path: such a camera could not be reached over HTTP.
const cameraName = nameExcept(
  // A pattern: one dot or two.
  [...RESERVED_CAMERA_NAMES, '\\.{1,2}'],
  `a camera name: ${NAME_FORM}, and none of ${RESERVED_CAMERA_NAMES.join(', ')}, . and ..`,
);
const nodeId = nameExcept(
  RESERVED_NODE_IDS,
  `a node id: ${NAME_FORM}, and not ${RESERVED_NODE_IDS.join(', ')}`,
);
const plainName = (what: string) => {
  const error = { error: `${what}: ${NAME_FORM}` };
  return z.string(error).regex(NAME, error);
};

const node = z
  .strictObject({
    id: nodeId
      .optional()
      .describe(
        'Name of this node in topics, unique on the broker. Default: the host name, with `-` for what a topic cannot hold.',
      ),
  })
  .prefault({})
  .transform(({ id }) => ({ id: id ?? defaultNodeId() }));

const tls = z
  .strictObject({
    ca: filePath
      .optional()
      .describe(
        "PEM of the authorities that the broker's certificate is checked against. Default: those of Node.js.",
      ),
    cert: filePath
      .optional()
      .describe("PEM of this node's own certificate, for brokers that ask for one. Needs `key`."),
    key: filePath.optional().describe('PEM of the private key of `cert`.'),
  })
  .refine(({ cert, key }) => (cert === undefined) === (key === undefined), {
    error: 'both cert and key, or neither',
  });

const mqtt = z
  .strictObject({
    url: brokerUrl.describe(
      'The broker: `mqtt://`, `mqtts://` (TLS), `ws://` or `wss://`, without credentials.',
    ),
    protocol: z
      .union([z.literal(5), choice(['auto', '5', '3.1.1'])], { error: 'one of auto, 5, 3.1.1' })
      .prefault('auto')
      .transform((value) => (value === 5 ? '5' : value))
      .describe('MQTT version; `auto` tries 5 and falls back when the broker refuses it.'),
    baseTopic: baseTopic.default('samwire').describe('Topics of a node begin with `<baseTopic>/<node.id>`.'),
    username: text(256).optional().describe('User name at the broker.'),
    passwordFile: filePath
      .optional()
      .describe('File with the password of `username`; one line end at its end is ignored.'),
    tls: tls.optional().describe('Certificates, for `mqtts://` and `wss://`.'),
    sessionExpirySec: duration({ unit: 's', min: 0, max: 4_294_967_295 })
      .prefault(3600)
      .describe("How long the broker keeps this node's session while it is away."),
    answerKeepMs: duration({ unit: 'ms', min: 0, max: 3_600_000 })
      .prefault(60_000)
      .describe('How long an answer is kept for a repeat of the same request.'),
    maxPacketBytes: int(1024, 268_435_455)
      .default(262_144)
      .describe("Largest packet that is sent or taken; the broker's own limit wins when it is smaller."),
    responseTopics: list(topicFilter, 64, 'MQTT topic filters')
      .optional()
      .describe("Filters that a request's response topic must match. Default: `<baseTopic>/reply/#`."),
  })
  .check(
    z.refine(
      (value) => !(isMapping(value) && value.passwordFile !== undefined && value.username === undefined),
      {
        path: ['username'],
        error: 'a user name, because mqtt.passwordFile is set (MQTT 3.1.1 knows no password without one)',
        when: () => true,
      },
    ),
    z.refine(
      (value) => !(isMapping(value) && value.tls !== undefined && /^(?:mqtt|ws):/.test(String(value.url))),
      {
        path: ['tls'],
        error: 'no tls here, because mqtt.url is without TLS: use mqtts:// or wss:// in mqtt.url',
        when: () => true,
      },
    ),
  )
  .transform((value) => ({
    ...value,
    responseTopics: value.responseTopics ?? [`${value.baseTopic}/reply/#`],
  }));

const everything = z
  .strictObject({
    every: durationWithUnit({ minMs: 100, maxMs: DAY_MS })
      .prefault('0s')
      .describe('Segment everything this often, such as `10s`; `0s`: only on request.'),
    strategy: choice(EVERYTHING_STRATEGIES)
      .default('hierarchical')
      .describe('How the prompts are chosen: `boxes` needs a model that proposes boxes.'),
    grid: int(1, 128).default(32).describe('Points a side of the grid that is laid over the picture.'),
  })
  .prefault({});

const cameraSettings = z.strictObject({
  source: cameraSource.describe(
    'Where frames come from: a URI (see "Camera sources"). It may hold a password, which is never printed.',
  ),
  enabled: flag().default(true).describe('`false`: not opened; its state is `disabled`.'),
  width: int(16, 16_384)
    .optional()
    .describe("Picture width in pixels to ask for. Default: the source's own."),
  height: int(16, 16_384)
    .optional()
    .describe("Picture height in pixels to ask for. Default: the source's own."),
  fps: number(0.1, 240)
    .optional()
    .describe("Frames per second to ask for, or to expect of a slow camera. Default: the source's own."),
  clockOffsetMs: duration({ unit: 'ms', min: -DAY_MS, max: DAY_MS })
    .prefault(0)
    .describe('Added to capture times, for a source whose clock is off.'),
  historyMs: duration({ unit: 'ms', min: 0, max: 60_000 })
    .prefault(500)
    .describe('How long frames are held for prompts that name one.'),
  detections: detections.describe('Boxes from a detector, segmented on the frame that it saw.'),
  everything: everything.describe('Segmenting everything without prompts (docs/mqtt.md).'),
  depth: depth.optional().describe('Depth for masks of this camera (docs/depth.md).'),
  weight: number(0.01, 100)
    .default(1)
    .describe(
      "Share of the model's time for this camera when the model can't serve all: 2 gets twice as much as 1.",
    ),
});

const camera = cameraSettings.check(
  z.refine((value) => !lacksSize(value), {
    path: ['source'],
    error:
      'the width and height of a shm:// camera (its frames do not carry them), as the keys width and height or as ?width=1920&height=1080',
    when: () => true,
  }),
);

const cameras = z
  .record(cameraName, camera, { error: 'a mapping of camera names to their settings' })
  .refine((value) => Object.keys(value).length <= MAX_CAMERAS, { error: `at most ${MAX_CAMERAS} cameras` })
  .prefault({})
  // Without a prototype, so that a camera name from a topic never finds `constructor` and the like.
  .transform((value): Record<string, z.output<typeof camera>> => Object.assign(Object.create(null), value));

const model = z
  .strictObject({
    name: plainName('a model name')
      .default('samwire-tiny')
      .describe('A model of the catalogue (`samwire models list`).'),
    backend: choice(['auto', 'tensorrt', 'onnx'])
      .default('auto')
      .describe('`auto`: TensorRT where it can run, else ONNX Runtime on the CPU.'),
    paths: list(filePath, 64, 'folders')
      .default(['/var/lib/samwire/models'])
      .describe('Folders with more model directories, besides the bundled `engines/`.'),
    cache: filePath
      .default('/var/cache/samwire')
      .describe(
        'Folder for built TensorRT engines (docs/tensorrt.md); the service must be able to write there.',
      ),
    maxPrompts: int(1, 1024)
      .default(64)
      .describe(
        'Prompts per frame that are decoded; a message with more is refused. New TensorRT engines decode as many in one run, up to 64.',
      ),
    threads: int(1, 256).default(2).describe('CPU threads of the ONNX backend.'),
  })
  .prefault({});

const pipeline = z
  .strictObject({
    maxAgeMs: duration({ unit: 'ms', min: 1, max: 3_600_000 })
      .prefault(1000)
      .describe('A prompt that waited longer is answered with `expired`, unless it says otherwise.'),
    queue: int(1, 4096)
      .default(64)
      .describe(
        'Requests that may wait for the model, of each kind; one more, and the oldest of who waits with most is told `overloaded` (docs/scheduling.md).',
      ),
    rateLimit: z
      .strictObject({
        perClientPerSec: number(0.01, 100_000)
          .default(100)
          .describe(
            'Messages per second of one client, told by its response topic, over HTTP by its address and name (docs/http.md).',
          ),
        perCameraPerSec: number(0.01, 100_000)
          .default(60)
          .describe(
            'Messages per second for one camera: as many prompts, detections and requests for everything.',
          ),
      })
      .prefault({})
      .describe('More is answered with `rate_limited`.'),
    maxImagePixels: int(1, 1_000_000_000)
      .default(50_000_000)
      .describe('Images with more pixels are refused.'),
  })
  .prefault({});

const outputs = z
  .strictObject({
    encodings: list(
      choice(MASK_ENCODINGS),
      MASK_ENCODINGS.length,
      `mask encodings (${MASK_ENCODINGS.join(', ')})`,
    )
      .default(['rle'])
      .describe('How masks are written where a prompt does not say; `[]`: scores and boxes only.'),
    labels: flag()
      .default(false)
      .describe('Publish a label PNG (`<base>/<camera>/labels`) beside each masks message.'),
    frames: z
      .union([z.boolean(), z.literal('jpeg')], { error: 'false, true or jpeg' })
      .default(false)
      .describe(
        'Publish `<base>/<camera>/frame` for each frame: its name (`true`) or its picture (`jpeg`, MQTT 5).',
      ),
    framesMaxFps: number(0.01, 240)
      .default(10)
      .describe('JPEGs a second and camera at most, with `frames: jpeg`.'),
    visionMsgs: flag()
      .default(false)
      .describe(
        'Publish ROS 2 `vision_msgs/Detection2DArray` as JSON (`<base>/<camera>/vision_msgs`) beside each masks message.',
      ),
    streamQos: z
      .union([z.literal(0), z.literal(1)], { error: '0 or 1' })
      .default(0)
      .describe(
        'QoS of masks that no message asked for: of detections, tracks, everything. They are dropped while there is no connection, with either.',
      ),
    polygonTolerancePx: number(0, 100).default(1).describe('How far a polygon may stray from its mask.'),
  })
  .prefault({});

const jobs = z
  .strictObject({
    enabled: flag().default(false).describe('Take part in `<baseTopic>/jobs`.'),
    group: plainName('a group name').default('default').describe('Nodes of one group share its jobs.'),
    maxPacketBytes: int(1024, 268_435_455)
      .default(16_777_216)
      .describe(
        "Largest job that is read, also one that is uploaded over HTTP; the broker's own limit wins when it is smaller.",
      ),
    inFlight: int(1, 16).default(2).describe('Jobs at the same time; each has its own connection.'),
    sessionExpirySec: duration({ unit: 's', min: 0, max: 4_294_967_295 })
      .prefault(86_400)
      .describe('How long the broker keeps jobs for this node while it is away.'),
  })
  .prefault({});

const stats = z
  .strictObject({
    intervalMs: duration({ unit: 'ms', min: 100, max: 3_600_000 })
      .prefault(5000)
      .describe('How often `<base>/stats` is published.'),
  })
  .prefault({});

const log = z
  .strictObject({
    level: choice(LOG_LEVELS).default('info').describe('The least severe that is logged.'),
    pretty: flag().default(false).describe('Lines for people; `false`: JSON.'),
  })
  .prefault({});

const wholeConfig = z.strictObject({
  version: z
    .literal(CONFIG_VERSION, {
      error: `${CONFIG_VERSION}, the version of this format: the line "version: ${CONFIG_VERSION}"`,
    })
    .describe(`Version of this format: \`${CONFIG_VERSION}\`.`),
  node: node.describe('This node.'),
  mqtt: mqtt.describe('The connection to the broker.'),
  cameras: cameras.describe('The cameras, by name.'),
  model: model.describe('The network that segments.'),
  pipeline: pipeline.describe('Limits on what is asked.'),
  outputs: outputs.describe('What is published.'),
  tracks: tracks.describe('Objects that are followed from frame to frame (docs/tracks.md).'),
  jobs: jobs.describe('Images from a queue that many nodes share.'),
  http: http.describe('The live console, the HTTP API and the metrics (docs/http.md).'),
  stats: stats.describe('Counters and latencies.'),
  log: log.describe('The log.'),
});

export const ConfigSchema = wholeConfig.check(
  z.refine((value) => !wantsJobsWithout5(value), {
    path: ['mqtt', 'protocol'],
    error: 'auto or 5, because jobs.enabled is true (MQTT 3.1.1 has no shared subscriptions)',
    when: () => true,
  }),
  z.refine((value) => !picturesWithoutNames(value), {
    path: ['outputs', 'frames'],
    error: 'false or true, because mqtt.protocol is 3.1.1, which has no user properties to name a JPEG by',
    when: () => true,
  }),
  z.refine((value) => !isMapping(value) || !isOpenToOthers(value.http), {
    path: ['http', 'tokenFile'],
    error:
      'a file with a token, because http.host lets other machines in; or http.host: 127.0.0.1, and an ssh tunnel',
    when: () => true,
  }),
  ({ value: { mqtt, node, cameras }, issues }) => {
    const base = `${mqtt.baseTopic}/${node.id}`;
    for (const [name, camera] of Object.entries(cameras))
      for (const [index, filter] of camera.detections.topics.entries())
        if (meetsOwnTopics(filter, base))
          issues.push({
            code: 'custom',
            path: ['cameras', name, 'detections', 'topics', index],
            input: filter,
            message: `a topic filter that matches none of the node's own topics (${base}/…)`,
          });
  },
);

function wantsJobsWithout5(value: unknown): boolean {
  const { mqtt, jobs } = isMapping(value) ? value : {};
  return isMapping(mqtt) && mqtt.protocol === '3.1.1' && isMapping(jobs) && jobs.enabled === true;
}

function picturesWithoutNames(value: unknown): boolean {
  if (!isMapping(value) || !isMapping(value.mqtt) || !isMapping(value.outputs)) return false;
  return value.mqtt.protocol === '3.1.1' && value.outputs.frames === 'jpeg';
}

/** A config with every default filled in. Durations are numbers in their key's unit; `everything.every` is ms. */
export type Config = z.output<typeof ConfigSchema>;
export type CameraConfig = z.output<typeof camera>;

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
