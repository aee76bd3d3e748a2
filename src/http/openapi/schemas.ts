/** What the API answers besides masks and errors; strict, so that tests find what is not told here. */
import { z } from 'zod';
import { ERROR_CODES } from '../../errors.js';
import type { RecentError } from '../../health/recent-errors.js';
import { masksMessageSchema } from '../../outputs/masks-schema.js';
import { cameraStateSchema } from '../../outputs/state-schema.js';
import { everythingRequestSchema } from '../../prompts/everything.js';
import { promptMessageSchema } from '../../prompts/message.js';
import { imageSchema } from '../../prompts/picture.js';
import { type TrackListing, tracksRequestSchema } from '../../prompts/tracks.js';
import type { Ready } from '../readiness.js';
import type { CameraListing } from '../routes/cameras.js';

const epochMs = z.number().min(0).describe('ms since the Unix epoch.');

const cameraListingSchema = z.strictObject({
  name: z.string(),
  ...cameraStateSchema.shape,
  tracks: z.int().min(0).describe('Objects that are followed on it now.'),
  depth: cameraStateSchema.exactOptional().describe('Of its depth source, where it has one.'),
});

export const camerasSchema = z.strictObject({ cameras: z.array(cameraListingSchema) });

export const healthSchema = z.strictObject({
  status: z.literal('ok'),
  version: z.string(),
  uptimeMs: z.int().min(0),
  eventLoopDelayMs: z
    .strictObject({ p99: z.number(), max: z.number() })
    .describe('Since the last time that somebody asked.'),
});

const checkSchema = z.strictObject({ ok: z.boolean(), detail: z.string() });

export const readinessSchema = z.strictObject({
  ready: z.boolean(),
  checks: z.strictObject({ model: checkSchema, broker: checkSchema, cameras: checkSchema }),
});

export const restartedSchema = z.strictObject({ camera: z.string() });

export const infoSchema = z.strictObject({
  version: z.string(),
  node: z.string(),
  baseTopic: z.string().describe('Topics of this node begin with `<baseTopic>/<node>`.'),
  maxPrompts: z.int(),
  addon: z.looseObject({ version: z.string() }),
  model: z.string().nullable().describe('Null while it is loaded.'),
  backend: z.enum(['onnx', 'tensorrt']).nullable(),
  cameras: z.record(z.string(), cameraStateSchema.extend({ depth: cameraStateSchema.exactOptional() })),
  limits: z.strictObject({
    maxBodyBytes: z.int().describe('Of a JSON body (`mqtt.maxPacketBytes`).'),
    maxPrompts: z.int().describe('In a message (`model.maxPrompts`).'),
    maxPoints: z.int().describe('Of a prompt.'),
    maxUploadBytes: z.int().describe('Of `/api/segment` (`jobs.maxPacketBytes`).'),
    maxImagePixels: z.int().describe('Of an uploaded picture (`pipeline.maxImagePixels`).'),
  }),
});

const recentErrorSchema = z.strictObject({
  number: z
    .int()
    .describe('Grows by one with each; the same fault again raises `count` and `lastAt` instead.'),
  firstAt: epochMs,
  lastAt: epochMs,
  count: z.int().min(1),
  source: z.enum(['message', 'camera', 'broker', 'model']),
  camera: z.string().exactOptional(),
  code: z.enum(ERROR_CODES).exactOptional(),
  message: z.string(),
});

export const errorsSchema = z.strictObject({
  errors: z.array(recentErrorSchema).describe('The one that happened last first.'),
});

const trackSchema = z.strictObject({
  id: z.string(),
  label: z.string().exactOptional(),
  confidence: z.number().exactOptional().describe("A detector's own score."),
  source: z.enum(['prompt', 'detections']),
  state: z.enum(['tracked', 'occluded']),
  box: z
    .tuple([z.number(), z.number(), z.number(), z.number()])
    .readonly()
    .nullable()
    .describe('Of its last mask.'),
  since: epochMs.describe('Capture time of the frame that it was named on.'),
  lastSeen: epochMs.describe('Capture time of the last frame that it was found on.'),
  ttlLeftMs: z.number().exactOptional(),
});

export const tracksSchema = z.strictObject({ camera: z.string(), tracks: z.array(trackSchema) });

/** A masks message, and beside it the edges where they are wanted. */
export const everythingSchema = z.strictObject({
  ...masksMessageSchema.shape,
  edges: z
    .strictObject({ size: z.tuple([z.int(), z.int()]), png: z.base64() })
    .exactOptional()
    .describe('An 8-bit greyscale PNG, 255 the strongest edge; `size` is [height, width].'),
});

/** As over MQTT, without what the path says. */
export const everythingBodySchema = everythingRequestSchema.omit({ transaction: true, camera: true });
export const tracksBodySchema = tracksRequestSchema.omit({ transaction: true, camera: true });

/** A picture has no frames to choose from, and nothing to follow. */
export const picturePromptsSchema = promptMessageSchema.omit({ frame: true, track: true, ttlMs: true });
export const jsonPictureSchema = picturePromptsSchema.extend({
  image: imageSchema.describe('The JPEG or PNG file as base64.'),
});

/** Fails to compile where a schema and the type that the code uses have drifted apart. */
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;
type Drift = [
  Same<z.infer<typeof readinessSchema>, Ready>,
  Same<z.infer<typeof recentErrorSchema>, RecentError>,
  Same<z.infer<typeof trackSchema>, TrackListing>,
  Same<Omit<z.infer<typeof cameraListingSchema>, 'depth'>, Omit<CameraListing, 'depth'>>,
];
true satisfies Drift[number];
