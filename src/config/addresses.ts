import { z } from 'zod';

/** What a camera can be read from (docs/config.md, "Camera sources"). */
export const SOURCE_SCHEMES = ['csi', 'v4l2', 'rtsp', 'rtsps', 'file', 'test', 'shm', 'gst'] as const;
export type SourceScheme = (typeof SOURCE_SCHEMES)[number];

const MAX_SOURCE_LENGTH = 4096;
const SOURCE = /^(?:csi|v4l2|rtsps?|file|test|shm|gst):\/\//;
const SOURCES_EXPECTED =
  'a camera source: csi://0, v4l2:///dev/video0, rtsp://host/path, rtsps://host/path, file:///clip.mp4, test://pattern, shm:///path or gst://pipeline';

const BY_SCHEME: Record<SourceScheme, { readonly form: RegExp; readonly expected: string }> = {
  csi: {
    form: /^csi:\/\/(?:[0-9]|[1-5][0-9]|6[0-3])$/,
    expected: 'csi:// and the sensor number, such as csi://0',
  },
  v4l2: {
    form: /^v4l2:\/\/\/[^\s?]+(?:\?.+)?$/,
    expected: 'v4l2:// and the absolute path of the device, such as v4l2:///dev/video0',
  },
  rtsp: { form: /^rtsp:\/\/\S+$/, expected: '' },
  rtsps: { form: /^rtsps:\/\/\S+$/, expected: '' },
  file: {
    form: /^file:\/\/(?:localhost)?\/[^?]+(?:\?.+)?$/,
    expected: 'file:// and the absolute path of the clip, such as file:///srv/clip.mp4?loop=1',
  },
  test: {
    form: /^test:\/\/[a-z0-9-]+$/,
    expected: "test:// and the name of one of videotestsrc's patterns, such as test://pattern or test://ball",
  },
  shm: {
    form: /^shm:\/\/\/[^\s?]+(?:\?.+)?$/,
    expected: "shm:// and the absolute path of shmsink's socket, such as shm:///tmp/camera",
  },
  gst: { form: /^gst:\/\/\s*\S/, expected: 'gst:// and a GStreamer pipeline without its sink' },
};

/** A camera source. It may hold a password: print it through `maskSecrets` only. */
export const cameraSource = z
  .string({ error: SOURCES_EXPECTED })
  .max(MAX_SOURCE_LENGTH, { error: `a source of at most ${MAX_SOURCE_LENGTH} characters`, abort: true })
  .regex(SOURCE, { error: SOURCES_EXPECTED, abort: true })
  .check((context) => {
    const expected = sourceFault(context.value);
    if (expected) context.issues.push({ code: 'custom', message: expected, input: context.value });
  });

export function sourceScheme(source: string): SourceScheme {
  return source.slice(0, source.indexOf('://')) as SourceScheme;
}

/** Numbered pictures: the path of a file source with `%05d` or the like. */
const NUMBER = /%0([1-9])d/;

export function isNumbered(source: string): boolean {
  return sourceScheme(source) === 'file' && NUMBER.test(source);
}

/** The path of a v4l2, file or shm source, percent-decoded; of numbered pictures that of the first. */
export function sourcePath(source: string): string {
  const start = /[?&]start=(\d+)/.exec(source)?.[1] ?? '0';
  const path = source
    .replace(/^[a-z0-9]+:\/\/(?:localhost(?=\/))?/, '')
    .replace(/\?.*$/s, '')
    .replace(NUMBER, (form, digits: string) =>
      isNumbered(source) ? start.padStart(Number(digits), '0') : form,
    );
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function sourceFault(source: string): string | undefined {
  const scheme = sourceScheme(source);
  const { form, expected } = BY_SCHEME[scheme];
  if (scheme !== 'rtsp' && scheme !== 'rtsps') return form.test(source) ? undefined : expected;
  if (form.test(source) && URL.canParse(source) && new URL(source).hostname !== '') return undefined;
  return `${scheme}://host:port/path; in a user name or password, write @ as %40, / as %2F, # as %23, : as %3A`;
}

const BROKER_SCHEME = /^(?:mqtts?|wss?):\/\//;
const BROKER_EXPECTED = 'a broker URL such as mqtt://broker.local:1883 (mqtt, mqtts, ws or wss)';

export const brokerUrl = z
  .string({ error: BROKER_EXPECTED })
  .max(2048, { error: BROKER_EXPECTED, abort: true })
  .regex(BROKER_SCHEME, { error: BROKER_EXPECTED, abort: true })
  .check((context) => {
    const expected = brokerUrlFault(context.value);
    if (expected) context.issues.push({ code: 'custom', message: expected, input: context.value });
  });

function brokerUrlFault(text: string): string | undefined {
  const withoutCredentials =
    'a URL without credentials: use mqtt.username and mqtt.passwordFile, so that the password stays out of this file';
  if (!URL.canParse(text)) return text.includes('@') ? withoutCredentials : BROKER_EXPECTED;
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') return withoutCredentials;
  if (url.hostname === '') return BROKER_EXPECTED;
  if (url.search !== '' || url.hash !== '') return 'a URL without a query or fragment';
  if (url.protocol.startsWith('mqtt') && url.pathname !== '' && url.pathname !== '/') {
    return 'a URL without a path (topics begin with mqtt.baseTopic; only ws and wss have a path)';
  }
  return undefined;
}

const TOPIC_LEVEL = '[^/+#\\u0000-\\u001f\\u007f]+';
const BASE_TOPIC = new RegExp(`^(?!\\$)${TOPIC_LEVEL}(?:/${TOPIC_LEVEL})*$`, 'u');
const TOPIC_FILTER = new RegExp(`^(?!\\$)(?:(?:\\+|${TOPIC_LEVEL}|)/)*(?:\\+|#|${TOPIC_LEVEL})$`, 'u');

const BASE_TOPIC_EXPECTED =
  'a topic such as samwire or site/samwire: at most 256 characters, no + # wildcard, no leading $, no leading, trailing or double slash';
export const baseTopic = z
  .string({ error: BASE_TOPIC_EXPECTED })
  .max(256, { error: BASE_TOPIC_EXPECTED, abort: true })
  .regex(BASE_TOPIC, { error: BASE_TOPIC_EXPECTED });

const FILTER_EXPECTED =
  'an MQTT topic filter such as frigate/events or site/+/reply/#: + is a whole level, # the last one, no leading $';
export const topicFilter = z
  .string({ error: FILTER_EXPECTED })
  .max(1024, { error: FILTER_EXPECTED, abort: true })
  .regex(TOPIC_FILTER, { error: FILTER_EXPECTED });

const PATH_EXPECTED =
  "a path that begins with /, ./ or ../ (the latter two are relative to the config file's folder)";
// The prefix is demanded so that a password written in place of its file's path is refused here, unprinted.
export const filePath = z
  .string({ error: PATH_EXPECTED })
  .max(4096, { error: PATH_EXPECTED, abort: true })
  .regex(/^(?:\/|\.\/|\.\.\/)[^\0]*$/, { error: PATH_EXPECTED });
