import { z } from 'zod';
import { ERROR_CODES, type ErrorBody } from '../errors.js';
import {
  type FailedMaskItem,
  MASK_SOURCES,
  type MaskItem,
  type MasksMessage,
  type Timing,
  TRACK_ENDS,
} from '../masks/types.js';

/**
 * The schemas of what Samwire publishes on masks and errors topics (docs/mqtt.md), strict: tests hold every
 * published message against them.
 */

const name = z.string().regex(/^[A-Za-z0-9._:-]{1,64}$/);
/** A candidate's id is its prompt's with `#` and the candidate's index. */
const maskId = z.string().regex(/^[A-Za-z0-9._:-]{1,64}(#\d{1,2})?$/);
const size = z.tuple([z.int().positive(), z.int().positive()]).readonly();
const share = z.number().min(0).max(1);
const milliseconds = z.number().min(0);

const coordinate = z.number().min(0);

/** Metres, in the depth camera's optical frame. */
const depthSchema = z.strictObject({
  median: z.number().positive(),
  coverage: share,
  centroid: z.tuple([z.number(), z.number(), z.number().positive()]).readonly(),
  skewMs: z.number(),
});

const faultSchema = z.strictObject({ path: z.string(), expected: z.string(), got: z.string() });

const errorFields = {
  code: z.enum(ERROR_CODES),
  message: z.string().min(1),
  details: z.array(faultSchema).readonly().exactOptional(),
};

export const errorBodySchema = z.strictObject(errorFields);

export const errorMessageSchema = z.strictObject({
  requestId: name.exactOptional(),
  camera: name.exactOptional(),
  jobId: name.exactOptional(),
  ...errorFields,
});

/** What is sent on `<base>/<camera>/errors` and `<base>/errors`. */
export type ErrorMessage = z.infer<typeof errorMessageSchema>;

const polygonSchema = z.strictObject({
  outer: z.array(z.number()).min(6).readonly(),
  holes: z.array(z.array(z.number()).min(6).readonly()).readonly(),
});

export const maskItemSchema = z
  .strictObject({
    id: maskId,
    label: z.string().exactOptional(),
    score: z.number(),
    stability: share,
    area: z.int().min(0),
    box: z
      .tuple([z.int().min(0), z.int().min(0), z.int().positive(), z.int().positive()])
      .readonly()
      .nullable(),
    centroid: z.tuple([coordinate, coordinate]).readonly().nullable(),
    confidence: share.exactOptional(),
    track: z
      .strictObject({ state: z.enum(['tracked', 'occluded']), ageMs: milliseconds })
      .readonly()
      .exactOptional(),
    depth: depthSchema.nullable().exactOptional(),
    rle: z.strictObject({ size, counts: z.string().min(1) }).exactOptional(),
    polygons: z.array(polygonSchema).readonly().exactOptional(),
    png: z.base64().min(1).exactOptional(),
    lowres: z
      .strictObject({
        size,
        counts: z.string().min(1),
        scale: z.tuple([z.number().positive(), z.number().positive()]).readonly(),
      })
      .exactOptional(),
  })
  .refine(({ area, box }) => (area === 0) === (box === null), { message: 'box is null where area is 0 only' })
  .refine(({ box, centroid }) => (box === null) === (centroid === null), {
    message: 'centroid is null where box is',
  })
  .refine(({ box }) => box === null || (box[0] < box[2] && box[1] < box[3]), {
    message: 'box is [x1,y1,x2,y2]',
  });

export const failedMaskItemSchema = z.strictObject({ id: maskId, error: errorBodySchema });

export const timingSchema = z
  .strictObject({
    ageMs: milliseconds,
    queueMs: milliseconds,
    prepareMs: milliseconds,
    encodeMs: milliseconds,
    decodeMs: milliseconds,
    maskMs: milliseconds,
    publishMs: milliseconds,
    captureToPublishMs: milliseconds,
    embeddingReused: z.boolean(),
  })
  .refine(
    ({ captureToPublishMs, embeddingReused: _, ...stages }) =>
      // Stages are rounded to microseconds one by one.
      Math.abs(Object.values(stages).reduce((sum, ms) => sum + ms, 0) - captureToPublishMs) < 0.01,
    { message: 'the stages sum to captureToPublishMs' },
  );

export const masksMessageSchema = z
  .strictObject({
    requestId: name.exactOptional(),
    jobId: name.exactOptional(),
    node: name.exactOptional(),
    source: z.enum(MASK_SOURCES),
    camera: name.nullable(),
    frame: z.strictObject({
      seq: z.int().min(0),
      timestamp: z.number().min(0),
      width: z.int().positive(),
      height: z.int().positive(),
      skewMs: z.number(),
    }),
    masks: z.array(z.union([maskItemSchema, failedMaskItemSchema])).readonly(),
    ended: z
      .array(z.strictObject({ id: name, reason: z.enum(TRACK_ENDS) }))
      .readonly()
      .exactOptional(),
    model: z.string().min(1),
    backend: z.enum(['onnx', 'tensorrt']),
    timing: timingSchema,
    degraded: z.enum(['lowres', 'none']).exactOptional(),
    omitted: z.int().positive().exactOptional(),
  })
  .refine(({ omitted, source }) => omitted === undefined || source === 'everything', {
    message: 'masks that were asked for are never omitted',
  })
  .superRefine(({ frame, masks, degraded }, context) => {
    const seen = new Set<string>();
    masks.forEach((item, i) => {
      const fault = (message: string): void => {
        context.addIssue({ code: 'custom', path: ['masks', i], message });
      };
      if (seen.has(item.id)) fault(`id ${item.id} is there twice`);
      seen.add(item.id);
      if ('error' in item) return;
      const { box, rle, area } = item;
      if (box && (box[2] > frame.width || box[3] > frame.height)) fault('box is outside of the frame');
      if (area > frame.width * frame.height) fault('area is more than the frame has');
      if (rle && (rle.size[0] !== frame.height || rle.size[1] !== frame.width))
        fault("rle.size is not the frame's");
      if (degraded && (rle || item.polygons || item.png)) fault('a degraded message has an encoding in full');
      if (degraded === 'none' && item.lowres) fault('degraded is none, and lowres is there');
    });
  });

/** Fails to compile where a schema and the type that the code uses have drifted apart. */
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;
type Drift = [
  Same<z.infer<typeof masksMessageSchema>, MasksMessage>,
  Same<z.infer<typeof maskItemSchema>, MaskItem>,
  Same<z.infer<typeof failedMaskItemSchema>, FailedMaskItem>,
  Same<z.infer<typeof timingSchema>, Timing>,
  Same<z.infer<typeof errorBodySchema>, ErrorBody>,
];
true satisfies Drift[number];
