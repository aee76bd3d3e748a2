/** The OpenAPI 3.1 document, made of the schemas that the routes check with. */

import { z } from 'zod';
import { everythingSchema, reloadingSchema, tracksSchema } from '../../asyncapi/schemas/responses.js';
import type { ErrorCode } from '../../errors.js';
import {
  errorMessageSchema,
  failedMaskItemSchema,
  maskItemSchema,
  masksMessageSchema,
  timingSchema,
} from '../../outputs/masks-schema.js';
import { cameraStateSchema } from '../../outputs/state-schema.js';
import { idSchema, promptMessageSchema, promptSchema } from '../../prompts/message.js';
import { VERSION } from '../../version.js';
import { loginSchema } from '../routes/login.js';
import { statusOf } from '../status.js';
import {
  type Answer,
  COMMON_ERRORS,
  type Content,
  type Operation,
  type SchemaName,
  TOKEN_ERRORS,
} from './operation.js';
import { OPERATIONS } from './operations.js';
import * as schemas from './schemas.js';

type Json = Readonly<Record<string, unknown>>;

const DESCRIPTION = `Segment anything: camera frames and pictures in, prompts in, masks out. docs/http.md explains it, docs/mqtt.md the messages.

Unknown keys of a request are ignored; answers may get new ones. Every error has the body \`Error\`. A valid W3C \`traceparent\`
header (with \`tracestate\`) comes back with the answer. \`Samwire-Client\` (1 to 64 of \`A-Z a-z 0-9 . _ : -\`) names the client for
the limits by client; without it the user agent does.`;

/** Requests as senders write them, answers as they are sent; what is part of several has a name of its own. */
const REQUESTS = {
  Prompt: promptMessageSchema,
  OnePrompt: promptSchema,
  EverythingRequest: schemas.everythingBodySchema,
  TracksChange: schemas.tracksBodySchema,
  PicturePrompts: schemas.picturePromptsSchema,
  PictureJson: schemas.jsonPictureSchema,
  Login: loginSchema,
};
const ANSWERS = {
  Masks: masksMessageSchema,
  Mask: maskItemSchema,
  FailedMask: failedMaskItemSchema,
  Timing: timingSchema,
  EverythingMasks: everythingSchema,
  Tracks: tracksSchema,
  Cameras: schemas.camerasSchema,
  CameraState: cameraStateSchema,
  Restarted: schemas.restartedSchema,
  Reloading: reloadingSchema,
  Info: schemas.infoSchema,
  Errors: schemas.errorsSchema,
  Health: schemas.healthSchema,
  Readiness: schemas.readinessSchema,
  Error: errorMessageSchema,
};

/** Parts of a form have no zod schema: upload.ts reads them. */
const UPLOAD: Json = {
  type: 'object',
  required: ['image', 'prompts'],
  properties: {
    image: { description: 'The JPEG or PNG file.', contentMediaType: 'application/octet-stream' },
    prompts: {
      description: 'JSON: an array of prompts, or a prompt message.',
      anyOf: [{ type: 'array', items: ref('OnePrompt') }, ref('PicturePrompts')],
    },
  },
};

const PART_TYPES = {
  image: { contentType: 'image/jpeg, image/png' },
  prompts: { contentType: 'application/json' },
};

type Override = NonNullable<NonNullable<Parameters<typeof z.toJSONSchema>[1]>['override']>;

/** The range of JavaScript's integers says nothing, and whoever reads an answer should bear new keys. */
const override: Override = ({ jsonSchema }) => {
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
  delete jsonSchema.readOnly;
};

function ref(name: SchemaName | keyof typeof REQUESTS | keyof typeof ANSWERS): Json {
  return { $ref: `#/components/schemas/${name}` };
}

/** Schemas by name, which refer to each other by it. */
function namedSchemas(of: Readonly<Record<string, z.ZodType>>, io: 'input' | 'output'): Json {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(of)) registry.add(schema, { id });
  const uri = (id: string): string => `#/components/schemas/${id}`;
  const { schemas: made } = z.toJSONSchema(registry, { io, uri, override });
  return Object.fromEntries(Object.entries(made).map(([name, schema]) => [name, withoutHead(schema)]));
}

function withoutHead({ $schema: _, $id: __, ...schema }: Json): Json {
  return schema;
}

function toSchema(schema: z.ZodType): Json {
  return withoutHead(z.toJSONSchema(schema, { io: 'input', override }) as Json);
}

function schemaOf({ schema }: Content): Json {
  return typeof schema === 'string' ? ref(schema) : schema;
}

function contentOf(content: Readonly<Record<string, Content>>): Json {
  return Object.fromEntries(
    Object.entries(content).map(([type, one]) => [
      type,
      {
        schema: schemaOf(one),
        ...(type === 'multipart/form-data' ? { encoding: PART_TYPES } : {}),
        ...(one.example === undefined ? {} : { example: one.example }),
      },
    ]),
  );
}

function answerOf({ description, content, headers }: Answer): Json {
  return {
    description,
    ...(headers
      ? {
          headers: Object.fromEntries(
            Object.entries(headers).map(([name, { type, description: says }]) => [
              name,
              { description: says, schema: { type } },
            ]),
          ),
        }
      : {}),
    ...(content ? { content: contentOf(content) } : {}),
  };
}

/** One response a status, with the codes that it may have. */
function errorAnswers(codes: readonly ErrorCode[]): Json {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of new Set(codes))
    byStatus.set(statusOf(code), [...(byStatus.get(statusOf(code)) ?? []), code]);
  return Object.fromEntries(
    [...byStatus].map(([status, named]) => {
      const code = { type: 'object', properties: { code: { enum: named } } };
      const schema = { allOf: [ref('Error'), code] };
      const description = named.map((one) => `\`${one}\``).join(', ');
      return [String(status), { description, content: { 'application/json': { schema } } }];
    }),
  );
}

function parametersOf({ path, query }: Operation): readonly Json[] {
  const named = path.includes('{name}')
    ? [
        {
          name: 'name',
          in: 'path',
          required: true,
          description: 'The camera.',
          schema: toSchema(idSchema),
        },
      ]
    : [];
  if (!query) return named;
  const { properties = {} } = toSchema(query) as {
    readonly properties?: Readonly<Record<string, Json>>;
  };
  const asked = Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: 'query',
    description,
    schema,
  }));
  return [...named, ...asked];
}

function operationOf(operation: Operation): Json {
  const { id, summary, description, body, answers, errors, open = false } = operation;
  const parameters = parametersOf(operation);
  const refused = errorAnswers([...errors, ...COMMON_ERRORS, ...(open ? [] : TOKEN_ERRORS)]);
  return {
    operationId: id,
    summary,
    ...(description ? { description } : {}),
    ...(open ? { security: [] } : {}),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body ? { requestBody: { required: body.required, content: contentOf(body.content) } } : {}),
    responses: {
      ...refused,
      ...Object.fromEntries(answers.map((answer) => [String(answer.status), answerOf(answer)])),
    },
  };
}

function pathsOf(operations: readonly Operation[]): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const operation of operations)
    paths[operation.path] = { ...paths[operation.path], [operation.method]: operationOf(operation) };
  return paths;
}

export function openApiDocument(): Json {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Samwire',
      version: VERSION,
      description: DESCRIPTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'The node itself.' }],
    security: [{ token: [] }, { session: [] }, {}],
    paths: pathsOf(OPERATIONS),
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'Where `http.tokenFile` is set.' },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: 'samwire-<node id>',
          description: "The console's, from `POST /api/login`.",
        },
      },
      schemas: {
        ...namedSchemas(REQUESTS, 'input'),
        PictureUpload: UPLOAD,
        ...namedSchemas(ANSWERS, 'output'),
      },
    },
  };
}

/** docs/openapi.json's text. */
export function openApiText(): string {
  return `${JSON.stringify(openApiDocument(), null, 2)}\n`;
}
