/** What the API answers besides masks and errors; strict, so that tests find what is not told here. */
import { z } from 'zod';
import { infoSchema as infoOverMqtt } from '../../asyncapi/schemas/responses.js';
import { ERROR_CODES } from '../../errors.js';
import type { RecentError } from '../../health/recent-errors.js';
import { cameraStateSchema } from '../../outputs/state-schema.js';
import { everythingRequestSchema } from '../../prompts/everything.js';
import { promptMessageSchema } from '../../prompts/message.js';
import { imageSchema } from '../../prompts/picture.js';
import { tracksRequestSchema } from '../../prompts/tracks.js';
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

/** As over MQTT, and what HTTP adds. */
export const infoSchema = infoOverMqtt.extend({
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
  Same<Omit<z.infer<typeof cameraListingSchema>, 'depth'>, Omit<CameraListing, 'depth'>>,
];
true satisfies Drift[number];
