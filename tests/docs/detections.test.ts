import { describe, expect, it } from 'vitest';
import { DETECTION_FORMATS, detections as detectionsSchema } from '../../src/config/detections.js';
import { readDetections } from '../../src/detections/read.js';
import type { Detections } from '../../src/detections/types.js';
import { errorMessageSchema, masksMessageSchema } from '../../src/outputs/masks-schema.js';
import { codes, page, rows, section } from './pages.js';

const PAGE = page('docs/detections.md');
const FORMATS = DETECTION_FORMATS.filter((format) => format !== 'auto');
const read = (text: string): Detections => readDetections(text, { format: 'auto', maxBytes: 1e6 });

/** The first JSON block below a format's heading. */
function exampleOf(format: string): string {
  const text = section(PAGE, format);
  return /```json\n([\s\S]*?)```/.exec(text)?.[1] ?? '';
}

const TIME = Date.parse('2026-11-28T19:30:05.000Z');

/** What each example says. */
const EXPECTED: Readonly<Record<string, Partial<Detections>>> = {
  samwire: {
    frame: { seq: 412 },
    frameSize: { width: 640, height: 360 },
    detections: [
      { id: 'cup-1', named: true, label: 'cup', confidence: 0.91, box: [10, 20, 110, 220] },
      { id: '1', named: false, label: 'person', box: [300, 40, 420, 300] },
    ],
  },
  'deepstream-minimal': {
    frame: { timestamp: TIME },
    source: 'front',
    detections: [
      { id: '0', named: false, label: 'person', box: [100, 80, 300, 400] },
      { id: '957', named: true, label: 'vehicle', confidence: 0.8, box: [400, 150, 700, 420] },
    ],
  },
  'deepstream-full': {
    frame: { timestamp: TIME },
    source: 'front',
    oneObject: true,
    detections: [{ id: '957', named: true, label: 'vehicle', confidence: 0.8, box: [400, 150, 700, 420] }],
  },
  'vision-msgs': {
    frame: { timestamp: TIME },
    source: 'front',
    detections: [{ id: '7', named: true, label: 'person', confidence: 0.87, box: [100, 80, 300, 400] }],
  },
  frigate: {
    frame: { timestamp: TIME },
    source: 'front',
    oneObject: true,
    detections: [
      {
        id: '1795894200.475377-mxklsc',
        named: true,
        label: 'person',
        confidence: 0.87890625,
        box: [-4, 182, 585, 500],
      },
    ],
  },
  roboflow: {
    frameSize: { width: 640, height: 360 },
    detections: [
      {
        id: '8d2a5c1e-3c1b-4f0e-9d3a-3b2f4f1c7a55',
        named: true,
        label: 'person',
        confidence: 0.92,
        box: [50, 40, 150, 200],
      },
    ],
  },
  dlstreamer: {
    normalized: true,
    frameSize: { width: 1280, height: 720 },
    source: 'rtsp://10.0.0.5/front',
    detections: [{ id: '3', named: true, label: 'person', confidence: 0.85, box: [0.08, 0.11, 0.23, 0.56] }],
  },
  ultralytics: {
    normalized: false,
    detections: [
      { id: '4', named: true, label: 'person', confidence: 0.93, box: [100.5, 80.25, 300, 400] },
      { id: '1', named: false, label: 'cup', confidence: 0.51, box: [400, 150, 450, 210] },
    ],
  },
  coco: {
    detections: [{ id: '0', named: false, label: '1', confidence: 0.87, box: [100, 80, 300, 400] }],
  },
};

describe('docs/detections.md', () => {
  it.each(FORMATS)('shows a payload of %s that is told by its shape and read whole', (format) => {
    expect(read(exampleOf(format))).toEqual({ format, refused: [], ...EXPECTED[format] });
  });

  it.each(FORMATS)(
    'shows a payload of %s that the fixed format reads as well, and no other format',
    (format) => {
      const text = exampleOf(format);
      expect(readDetections(text, { format, maxBytes: 1e6 })).toEqual(read(text));
      for (const other of FORMATS)
        if (other !== format)
          expect(() => readDetections(text, { format: other, maxBytes: 1e6 })).toThrow(
            expect.objectContaining({ code: 'unsupported_detections' }),
          );
    },
  );

  it('shows answers and errors as they are', () => {
    const messages = PAGE.blocks
      .filter(({ language, text }) => language === 'json' && /"(?:masks|code)"/.test(text))
      .map(({ text }) => JSON.parse(text) as Record<string, unknown>);
    expect(messages.map((message) => ('masks' in message ? 'masks' : 'error'))).toEqual(['masks', 'error']);
    for (const message of messages)
      ('masks' in message ? masksMessageSchema : errorMessageSchema).parse(message);
  });

  it('publishes what is read', () => {
    const payloads = [...PAGE.text.matchAll(/mosquitto_pub [^']*-m '([^']*)'/g)].map(
      ([, payload]) => payload,
    );
    expect(payloads).toHaveLength(2);
    for (const payload of payloads) expect(read(payload ?? '').detections).toHaveLength(1);
  });

  it('explains every key of the config', () => {
    const explained = rows(section(PAGE, 'Where they are published'))
      .slice(1)
      .flatMap(([key]) => codes(key));
    expect(explained.sort()).toEqual(Object.keys(detectionsSchema.parse({})).concat('frameSize').sort());
  });
});
