import { readClientMessage } from '../../../src/http/live/client-message.js';
import { replyAddress } from '../../../src/mqtt/replies.js';
import { NodeTopics } from '../../../src/mqtt/topics.js';
import { MAX_TRACESTATE_CHARACTERS, traceOf } from '../../../src/mqtt/trace.js';
import { loadImage } from '../../../src/pipeline/image-file.js';
import { openJob } from '../../../src/prompts/job.js';
import { ID_PATTERN } from '../../../src/prompts/message.js';
import { isPicture } from '../../../src/prompts/picture.js';
import { mustHold, readLater, readOrRefuse } from '../refusal.js';
import type { FuzzTarget } from '../target.js';
import { MAX_BYTES } from './prompt.js';

/** What a JSON input stands for, where it is more than a payload; undefined where it is no object. */
export function envelope(input: Uint8Array): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(input).toString());
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** JSON of a part of an input; a part that nests too deep for it is a text like any other. */
function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    return '['.repeat(1000);
  }
}

/** MQTT.js gives texts, and lists of texts where a property came twice. */
function propertiesIn(value: unknown): Record<string, string | string[]> {
  const text = (item: unknown): string => (typeof item === 'string' ? item : jsonOf(item));
  const entries = Object.entries(typeof value === 'object' && value !== null ? value : {});
  return Object.fromEntries(
    entries.map(([key, item]) => [key, Array.isArray(item) ? item.map(text) : text(item)]),
  );
}

const LIMITS = { maxBytes: MAX_BYTES, maxPrompts: 64, maxPoints: 64 };

/** A job: `{"payload": JSON | "base64:…", "userProperties"}`; what is none is a payload without properties. */
export const job: FuzzTarget = {
  name: 'job',
  form: 'json',
  maxBytes: MAX_BYTES,
  sources: ['/src/prompts/'],
  run: (input) => {
    const { payload, userProperties } = envelope(input) ?? { payload: undefined, userProperties: {} };
    const bytes =
      payload === undefined
        ? Buffer.from(input)
        : typeof payload === 'string' && payload.startsWith('base64:')
          ? Buffer.from(payload.slice('base64:'.length), 'base64')
          : Buffer.from(jsonOf(payload));
    const opened = readOrRefuse(() =>
      openJob({ payload: bytes, userProperties: propertiesIn(userProperties) }, LIMITS),
    );
    if (opened === undefined) throw new Error('a job whose id is asked for is refused');
    mustHold(opened.jobId === undefined || ID_PATTERN.test(opened.jobId), 'an id is of the one form');
    const message = readOrRefuse(opened.parse);
    if (message === undefined) return;
    mustHold(message.jobId === opened.jobId, 'a job has one id');
    mustHold(isPicture(Buffer.from(message.image)), 'a job has a picture');
    mustHold(message.prompt.frame === 'latest' && !message.prompt.track, 'a picture has no frames');
  },
};

/** 0.25 megapixels: what decoding costs grows with the pixels, and they are bounded by the config. */
const MAX_PIXELS = 250_000;

/** The picture of a job or an upload, as sharp decodes it. */
export const picture: FuzzTarget = {
  name: 'picture',
  form: 'bytes',
  tokens: ['IHDR', 'IDAT', 'PLTE', 'tRNS', 'iCCP', 'eXIf', 'IEND', '\u00ff\u00d8', 'Exif\0\0', '\0\0\0\r'],
  maxBytes: 65_536,
  shortShare: 0.2,
  sources: ['/src/pipeline/image-file'],
  run: async (input) => {
    if (!isPicture(Buffer.from(input))) return;
    const loaded = await readLater(() =>
      loadImage(input, {
        addon: {
          createFrame: ({ width, height, data, ...rest }) => {
            mustHold(data.length === width * height * 3, 'a decoded picture has three bytes a pixel');
            mustHold(width * height <= MAX_PIXELS, 'a decoded picture is not larger than is allowed');
            return { ...rest, id: 1, width, height, positionMs: -1 };
          },
        },
        maxPixels: MAX_PIXELS,
        name: 'The image',
      }),
    );
    mustHold(loaded === undefined || loaded.rgb.length > 0, 'a picture has pixels');
  },
};

/** What a page of the console says over its WebSocket. */
export const live: FuzzTarget = {
  name: 'live',
  form: 'json',
  maxBytes: 20_000,
  sources: ['/src/http/live/client-message'],
  run: (input) => {
    const message = readOrRefuse(() => readClientMessage(input, new Set(['front', 'gate'])));
    if (message?.type !== 'watch') return;
    mustHold(
      message.cameras.every(({ maxWidth, maxFps }) => maxWidth >= 1 && maxFps >= 0.1 && maxFps <= 120),
      'what is watched is bounded',
    );
  },
};

const TOPICS = new NodeTopics('samwire', 'n1');
const RULES = {
  allowed: ['samwire/reply/#', 'a/+/b'],
  subscriptions: ['samwire/n1/+/prompt', 'samwire/n1/request/+'],
};

/** What MQTT 5 carries beside a payload, and topics: `{"topic", "responseTopic", "userProperties"}`. */
export const properties: FuzzTarget = {
  name: 'properties',
  form: 'json',
  maxBytes: 65_536,
  sources: ['/src/mqtt/'],
  run: (input) => {
    const { topic, responseTopic, userProperties } = envelope(input) ?? {};
    const trace = traceOf(propertiesIn(userProperties));
    if (trace !== undefined) {
      mustHold(/^[0-9a-f-]{55}$/.test(trace.traceparent), 'a traceparent is of the standard form');
      const { tracestate = 'a=b' } = trace;
      mustHold(
        /^[\x20-\x7e]{1,512}$/.test(tracestate),
        `a tracestate has ${MAX_TRACESTATE_CHARACTERS} characters at most`,
      );
    }
    if (typeof topic === 'string') TOPICS.parse(topic);
    if (typeof responseTopic !== 'string') return;
    const address = readOrRefuse(() => replyAddress({ responseTopic }, RULES));
    mustHold(
      address === undefined || !/[+#\0]/.test(responseTopic),
      'an answer goes to a topic, not to a filter',
    );
  },
};
