import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { detection2dArraySchema, frameNameSchema } from '../../src/asyncapi/schemas/frames.js';
import { nodeStateSchema } from '../../src/asyncapi/schemas/node-state.js';
import {
  failedResponseSchema,
  responseDataSchemas,
  responseSchema as responseSchemaOf,
} from '../../src/asyncapi/schemas/responses.js';
import { parseConfig } from '../../src/config/load.js';
import { readDetections } from '../../src/detections/read.js';
import { EVERYTHING_DEFAULTS } from '../../src/everything/types.js';
import { readinessSchema } from '../../src/http/openapi/schemas.js';
import { createCounters } from '../../src/mqtt/counters.js';
import { errorMessageSchema, maskItemSchema, masksMessageSchema } from '../../src/outputs/masks-schema.js';
import { cameraStateSchema } from '../../src/outputs/state-schema.js';
import { Counters } from '../../src/pipeline/counters.js';
import { DetectionCounters } from '../../src/pipeline/detections/counters.js';
import { TrackCounters } from '../../src/pipeline/tracks/counters.js';
import { checkEverythingRequest, everythingRequestSchema } from '../../src/prompts/everything.js';
import { checkPromptMessage, DEFAULT_PROMPT_LIMITS, promptMessageSchema } from '../../src/prompts/message.js';
import { checkTracksRequest, tracksRequestSchema } from '../../src/prompts/tracks.js';
import { decodeRle } from '../outputs/coco-rle.js';
import { codes, type Page, page, pages, rows, section } from './pages.js';

const MQTT = page('docs/mqtt.md');

/** Of any verb. */
const responseSchema = z.union([
  failedResponseSchema,
  ...Object.values(responseDataSchemas).map((data) => responseSchemaOf(data)),
]);

type Message = Record<string, unknown>;

/** Holds an example against the schema of what it is; says which that was. */
function checked(example: unknown): string {
  const message = z.record(z.string(), z.unknown()).parse(example);
  if ('masks' in message) return masksAreWhole(message);
  if ('code' in message) return errorMessageSchema.parse(message) && 'error';
  if ('header' in message) return detection2dArraySchema.parse(message) && 'detections for ROS 2';
  if ('seq' in message) return frameNameSchema.parse(message) && 'frame';
  if ('status' in message) return responseIsWhole(message);
  if ('fps' in message) return cameraStateSchema.parse(message) && 'camera state';
  if ('state' in message) return nodeStateSchema.parse(message) && 'node state';
  return checkPromptMessage(message, DEFAULT_PROMPT_LIMITS) && 'prompt';
}

/** Masks that are not shortened by `…` decode to the area and box that stand beside them. */
function masksAreWhole(message: Message): string {
  const { masks } = masksMessageSchema.parse(message);
  for (const mask of masks) {
    if ('error' in mask || !mask.rle || mask.rle.counts.endsWith('…')) continue;
    const [height, width] = mask.rle.size;
    const inside = [...decodeRle(mask.rle.counts, width, height).entries()].filter(([, value]) => value > 0);
    const xs = inside.map(([place]) => place % width);
    const ys = inside.map(([place]) => Math.floor(place / width));
    expect(inside).toHaveLength(mask.area);
    expect(mask.box).toEqual([Math.min(...xs), Math.min(...ys), Math.max(...xs) + 1, Math.max(...ys) + 1]);
  }
  return 'masks';
}

const jsonBlocks = ({ path, blocks }: Page): { path: string; text: string }[] =>
  blocks.filter(({ language }) => language === 'json').map(({ text }) => ({ path, text }));

/** A response, and the masks message in it where there is one. */
function responseIsWhole(message: Message): string {
  const response = responseSchema.parse(message);
  if (response.status === 'ok' && 'masks' in response.data) masksAreWhole(response.data);
  return 'response';
}

/** `-t TOPIC … -m 'PAYLOAD'` of the mosquitto commands on a page. */
function published({ blocks }: Page): { topic: string; payload: string }[] {
  return blocks
    .filter(({ language }) => language === 'sh')
    .flatMap(({ text }) => [...text.matchAll(/mosquitto_(?:pub|rr)\b[^']*?-t (\S+)[^']*?-m '([^']*)'/g)])
    .map(([, topic = '', payload = '']) => ({ topic, payload }));
}

/** Their JSON is no message: a report, a file of SAM's own format, manifests. */
const NO_MESSAGES = ['docs/eval.md', 'docs/everything.md', 'docs/manifest.md'];
const MESSAGE_PAGES = pages().filter(({ path }) => !NO_MESSAGES.includes(path));

/** A block of a page, by what it is; a part of a mask stands there by its key. */
function blockChecked(path: string, text: string): string {
  if (text.startsWith('"depth":')) {
    depthSchema.parse(JSON.parse(`{${text}}`));
    return 'depth';
  }
  const value = JSON.parse(text) as Message;
  const isDetections = path === 'docs/detections.md' && !['masks', 'code', 'seq'].some((key) => key in value);
  if ('ready' in value) return readinessSchema.parse(value) && 'readiness';
  if (!isDetections) return checked(value);
  return readDetections(text, { format: 'auto', maxBytes: 1e6 }).detections.length > 0 ? 'detections' : '';
}

const depthSchema = z.strictObject({ depth: maskItemSchema.shape.depth });

describe('an example message', () => {
  const examples = MESSAGE_PAGES.flatMap(jsonBlocks);

  it.each(examples.map(({ path, text }) => [path, text.slice(0, 60).replace(/\s+/g, ' '), text]))(
    'of %s is valid: %s',
    (path, _start, text) => {
      expect(blockChecked(path, text)).toBeTruthy();
    },
  );

  it('of each kind stands in docs/mqtt.md', () => {
    const kinds = new Set(jsonBlocks(MQTT).map(({ text }) => checked(JSON.parse(text))));
    expect([...kinds].sort()).toEqual(['camera state', 'error', 'masks', 'node state', 'prompt', 'response']);
  });

  it('is told from one that is not', () => {
    expect(() => checked({ box: [1, 2, 3] })).toThrow();
    expect(() => checked({ code: 'no_such_code', message: 'x' })).toThrow();
    expect(() => checked({ state: 'online' })).toThrow();
  });
});

describe('a payload that a command publishes', () => {
  const commands = MESSAGE_PAGES.flatMap(published);

  it('is there', () => {
    expect(commands.length).toBeGreaterThan(5);
  });

  it.each(commands.map(({ topic, payload }) => [topic, payload]))('on %s is valid', (topic, payload) => {
    if (topic.endsWith('/detections')) {
      expect(readDetections(payload, { format: 'auto', maxBytes: 1e6 }).detections.length).toBeGreaterThan(0);
      return;
    }
    const value: unknown = JSON.parse(payload);
    if (topic.endsWith('/request/everything')) {
      expect(checkEverythingRequest(value as Message).camera).toBe('front');
    } else if (topic.endsWith('/request/tracks')) {
      expect(checkTracksRequest(value as Message).camera).toBe('front');
    } else if (topic.includes('/request/')) {
      z.strictObject({
        transaction: z.string().optional(),
        camera: z.string().optional(),
        overlay: z.boolean().optional(),
      }).parse(value);
    } else {
      expect(checked(value)).toBe('prompt');
    }
  });
});

describe('docs/mqtt.md', () => {
  it('explains every key of a prompt message, and no other', () => {
    const text = section(MQTT, 'Prompt');
    const explained = rows(text.slice(0, text.indexOf('### Frames'))).flatMap(([key]) => codes(key));
    expect(explained.sort()).toEqual(Object.keys(promptMessageSchema.shape).sort());
  });

  it('explains every key of a request for everything, and no other, with the generator’s defaults', () => {
    const table = rows(section(MQTT, 'Everything')).slice(1);
    const explained = table.flatMap(([key]) => codes(key));
    expect(explained.sort()).toEqual(Object.keys(everythingRequestSchema.shape).sort());
    for (const [keys, defaults] of table) {
      const values = (defaults ?? '').split(',').map(Number);
      for (const [i, key] of codes(keys).entries())
        if (Number.isFinite(values[i]) && key in EVERYTHING_DEFAULTS)
          expect(values[i], key).toBeCloseTo(Number(EVERYTHING_DEFAULTS[key as 'grid']), 3);
    }
  });

  it('explains every key of a request about tracks, and no other', () => {
    const explained = rows(section(MQTT, 'Tracks'))
      .slice(1)
      .flatMap(([key]) => codes(key));
    expect(explained.sort()).toEqual(Object.keys(tracksRequestSchema.shape).sort());
  });

  it('shows frames that a prompt may name', () => {
    const shown = rows(section(MQTT, 'Frames')).slice(1);
    expect(shown).toHaveLength(3);
    for (const [cell] of shown) {
      const frame: unknown = JSON.parse(codes(cell)[0] ?? '');
      checkPromptMessage({ frame, box: [0, 0, 1, 1] }, DEFAULT_PROMPT_LIMITS);
    }
  });

  it('explains every stage of the timing', () => {
    const explained = rows(section(MQTT, 'Timing')).flatMap(([key]) => codes(key));
    const timing = Object.keys(masksMessageSchema.shape.timing.shape).filter(
      (key) => key !== 'captureToPublishMs',
    );
    expect(explained).toEqual(timing);
  });

  it('explains every figure of the stats that the pipeline and the link count', () => {
    const text = section(MQTT, 'Stats');
    for (const key of [
      ...Object.keys(new Counters().snapshot()),
      ...Object.keys(new DetectionCounters().snapshot()),
      ...Object.keys(new TrackCounters().snapshot(0)),
      ...Object.keys(createCounters()),
    ])
      expect(text).toContain(`\`${key}\``);
  });
});

describe('an example config', () => {
  const configs = pages().flatMap(({ path, blocks }) =>
    blocks.flatMap(({ language, text }) => {
      // Another program's.
      if (language === 'yaml') return text.startsWith('# prometheus.yml') ? [] : [{ path, text }];
      return [...text.matchAll(/<<'YAML'\n([\s\S]*?)^YAML$/gm)].map(([, yaml = '']) => ({
        path,
        text: yaml,
      }));
    }),
  );

  it.each(configs.map(({ path, text }) => [path, text.trim().split('\n')[0], text]))(
    'of %s is valid: %s',
    (_path, _start, text) => {
      const head = 'version: 1\nmqtt: { url: mqtt://127.0.0.1:1883 }\n';
      const whole = text.startsWith('version:')
        ? text
        : /^(?:cameras|http):/.test(text)
          ? head + text
          : `${head}cameras:\n${text.replace(/^/gm, '  ')}`;
      expect(parseConfig(whole, '/etc/samwire/samwire.yaml', {}).config.version).toBe(1);
    },
  );
});
