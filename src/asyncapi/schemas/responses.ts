/** What requests are answered with, by verb: strict, and tests hold real responses against them. */
import { z } from 'zod';
import type { REQUEST_VERBS } from '../../mqtt/requests.js';
import { MAX_CHANGED, type Reloading } from '../../mqtt/service.js';
import type { ResponseMessage } from '../../mqtt/topics.js';
import { errorBodySchema, masksMessageSchema } from '../../outputs/masks-schema.js';
import { cameraStateSchema } from '../../outputs/state-schema.js';
import { idSchema } from '../../prompts/message.js';
import type { TrackListing } from '../../prompts/tracks.js';
import type { Same } from './same.js';

const time = z.number().min(0).describe('ms since the Unix epoch');
const pixels = z.int().positive();

export const infoSchema = z.strictObject({
  version: z.string(),
  node: idSchema,
  baseTopic: z.string(),
  maxPrompts: z.int().positive(),
  addon: z.strictObject({ version: z.string(), gstreamer: z.string(), simd: z.string() }),
  model: z.string().nullable().describe('null while it is loaded'),
  backend: z.enum(['onnx', 'tensorrt']).nullable().describe('null while the model is loaded'),
  cameras: z.record(idSchema, cameraStateSchema.extend({ depth: cameraStateSchema.exactOptional() })),
});

const snapshotSchema = z.strictObject({
  camera: idSchema,
  width: pixels,
  height: pixels,
  seq: z.int().min(0),
  timestamp: time,
  jpeg: z.base64().min(1).describe('base64 of a JPEG'),
});

/** A masks message, and the edges beside it where they were asked for. */
export const everythingSchema = z.strictObject({
  ...masksMessageSchema.shape,
  edges: z
    .strictObject({ size: z.tuple([pixels, pixels]).describe('[height, width]'), png: z.base64().min(1) })
    .exactOptional(),
});

export const trackListingSchema = z.strictObject({
  id: idSchema,
  label: z.string().exactOptional(),
  confidence: z.number().min(0).max(1).exactOptional(),
  source: z.enum(['prompt', 'detections']),
  state: z.enum(['tracked', 'occluded']),
  box: z
    .tuple([z.number(), z.number(), z.number(), z.number()])
    .readonly()
    .nullable()
    .describe('[x1, y1, x2, y2] of its last mask, x2 and y2 exclusive'),
  since: time,
  lastSeen: time,
  ttlLeftMs: z.number().min(0).exactOptional(),
});
true satisfies Same<z.infer<typeof trackListingSchema>, TrackListing>;

export const tracksSchema = z.strictObject({ camera: idSchema, tracks: z.array(trackListingSchema) });
const restartSchema = z.strictObject({ camera: idSchema });

export const reloadingSchema = z.strictObject({
  changed: z
    .array(z.string().min(1))
    .max(MAX_CHANGED)
    .readonly()
    .describe(
      'Keys of the config that have other values now; none: passwords and certificates are read anew.',
    ),
});
true satisfies Same<z.infer<typeof reloadingSchema>, Reloading>;

/** `data` of a response, by its verb. */
export const responseDataSchemas = {
  info: infoSchema,
  snapshot: snapshotSchema,
  everything: everythingSchema,
  tracks: tracksSchema,
  'restart-camera': restartSchema,
  reload: reloadingSchema,
} satisfies Record<(typeof REQUEST_VERBS)[number], z.ZodType>;

const transaction = idSchema.describe("the request's").exactOptional();

export const failedResponseSchema = z.strictObject({
  status: z.literal('error'),
  transaction,
  error: errorBodySchema,
});

/** A response that went well, or not. */
export function responseSchema<T extends z.ZodType>(data: T) {
  const served = z.strictObject({ status: z.literal('ok'), transaction, data });
  return z.discriminatedUnion('status', [served, failedResponseSchema]);
}

true satisfies [z.infer<ReturnType<typeof responseSchema<z.ZodType<Record<string, unknown>>>>>] extends [
  ResponseMessage,
]
  ? true
  : never;
