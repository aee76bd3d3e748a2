/** `components.schemas`: JSON Schemas of every payload, made of the zod schemas that check them. */
import { z } from 'zod';
import { requestSchemas } from '../mqtt/requests.js';
import {
  errorBodySchema,
  errorMessageSchema,
  maskItemSchema,
  masksMessageSchema,
  timingSchema,
} from '../outputs/masks-schema.js';
import { cameraStateSchema } from '../outputs/state-schema.js';
import { jobMessageSchema } from '../prompts/job.js';
import { promptMessageSchema } from '../prompts/message.js';
import { detectionsSchema } from './schemas/detections.js';
import { detection2dArraySchema, frameNameSchema } from './schemas/frames.js';
import { nodeStateSchema } from './schemas/node-state.js';
import { responseDataSchemas, responseSchema } from './schemas/responses.js';
import { statsSchema } from './schemas/stats.js';

/** What the node reads. Unknown keys are ignored. */
export const READ = {
  Prompt: promptMessageSchema,
  Detections: detectionsSchema,
  Job: jobMessageSchema,
  InfoRequest: requestSchemas.info,
  SnapshotRequest: requestSchemas.snapshot,
  EverythingRequest: requestSchemas.everything,
  TracksRequest: requestSchemas.tracks,
  RestartCameraRequest: requestSchemas['restart-camera'],
  ReloadRequest: requestSchemas.reload,
} as const satisfies Record<string, z.ZodType>;

/** What it writes, with nothing else in it. */
export const WRITTEN = {
  Masks: masksMessageSchema,
  Mask: maskItemSchema,
  Timing: timingSchema,
  Error: errorMessageSchema,
  ErrorBody: errorBodySchema,
  NodeState: nodeStateSchema,
  CameraState: cameraStateSchema,
  Stats: statsSchema,
  FrameName: frameNameSchema,
  Detection2DArray: detection2dArraySchema,
  InfoResponse: responseSchema(responseDataSchemas.info),
  SnapshotResponse: responseSchema(responseDataSchemas.snapshot),
  EverythingResponse: responseSchema(responseDataSchemas.everything),
  TracksResponse: responseSchema(responseDataSchemas.tracks),
  RestartCameraResponse: responseSchema(responseDataSchemas['restart-camera']),
  ReloadResponse: responseSchema(responseDataSchemas.reload),
} as const satisfies Record<string, z.ZodType>;

export type SchemaName = keyof typeof READ | keyof typeof WRITTEN;

type Json = Readonly<Record<string, unknown>>;

/** AsyncAPI's own dialect is JSON Schema's draft 7; schemas that are part of others are referred to by their names. */
export function componentSchemas(): Record<string, Json> {
  return { ...converted(READ, 'input'), ...converted(WRITTEN, 'output') };
}

function converted(named: Readonly<Record<string, z.ZodType>>, io: 'input' | 'output'): Record<string, Json> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(named)) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, {
    io,
    target: 'draft-7',
    uri: (id) => `#/components/schemas/${id}`,
    override: ({ jsonSchema }) => tidy(jsonSchema),
  });
  return Object.fromEntries(
    Object.entries(schemas).map(([id, schema]) => {
      const { $schema: _, $id: __, ...rest } = schema as Record<string, unknown>;
      return [id, rest];
    }),
  );
}

/** Without what says nothing to who reads it: that our own types are read-only, and that integers are doubles'. */
function tidy(schema: {
  readOnly?: boolean | undefined;
  maximum?: number | undefined;
  minimum?: number | undefined;
}): void {
  delete schema.readOnly;
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
}
