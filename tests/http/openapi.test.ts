import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { FastifyInstance } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { ERROR_CODES } from '../../src/errors.js';
import { openApiDocument, openApiText } from '../../src/http/openapi/document.js';
import { OPERATIONS } from '../../src/http/openapi/operations.js';
import { PACKAGE_ROOT } from '../../src/native/addon.js';
import { checkEverythingRequest } from '../../src/prompts/everything.js';
import { checkPromptMessage, DEFAULT_PROMPT_LIMITS } from '../../src/prompts/message.js';
import { checkTracksRequest } from '../../src/prompts/tracks.js';
import { closeAll } from '../integration/mqtt/harness.js';
import { listen } from './harness.js';
import { testView } from './view.js';

afterEach(closeAll);

/** The console's own files. */
const NOT_API = ['/', '/*'];

interface Media {
  readonly schema: { readonly $ref?: string };
  readonly example?: unknown;
}
interface Operation {
  readonly requestBody?: { readonly content: Readonly<Record<string, Media>> };
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, Media>> }>>;
}
const DOCUMENT = openApiDocument() as unknown as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
};

/** Every route of the server, as the document would write it: `get /api/cameras`. */
async function servedRoutes(): Promise<string[]> {
  const served: string[] = [];
  const hear = (message: unknown): void => {
    const { fastify: app } = message as { readonly fastify: FastifyInstance };
    app.addHook('onRoute', ({ method, url }) => {
      for (const one of [method].flat())
        if (one !== 'HEAD' && !NOT_API.includes(url))
          served.push(`${one.toLowerCase()} ${url.replace(/:(\w+)/g, '{$1}')}`);
    });
  };
  subscribe('fastify.initialization', hear);
  const server = await listen(testView());
  unsubscribe('fastify.initialization', hear);
  await server.close();
  return served.sort();
}

const examples = Object.entries(DOCUMENT.paths).flatMap(([path, operations]) =>
  Object.entries(operations).flatMap(([method, { requestBody, responses }]) =>
    [requestBody?.content ?? {}, ...Object.values(responses).map(({ content = {} }) => content)]
      .flatMap((content) => Object.entries(content))
      .flatMap(([type, { schema, example }]) =>
        example === undefined ? [] : [{ of: `${method} ${path}: ${type}`, schema, example }],
      ),
  ),
);

describe('the OpenAPI document', () => {
  it('is committed as docs/openapi.json, as it is made now (npm run generate)', () => {
    expect(readFileSync(join(PACKAGE_ROOT, 'docs/openapi.json'), 'utf8')).toBe(openApiText());
  });

  it('is valid OpenAPI 3.1', async () => {
    const { valid, errors } = await new Validator().validate(openApiText());
    expect(errors).toBeUndefined();
    expect(valid).toBe(true);
  });

  it('is served', async () => {
    const { fetch } = await listen(testView());
    const response = await fetch('/api/openapi.json');
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(await response.json()).toEqual(DOCUMENT);
  });

  it('has each route of the server, and no other', async () => {
    const told = OPERATIONS.map(({ method, path }) => `${method} ${path}`);
    expect(told.sort()).toEqual(await servedRoutes());
    expect(new Set(OPERATIONS.map(({ id }) => id)).size).toBe(OPERATIONS.length);
  });

  it('names errors that there are, each of them somewhere but those of detections', () => {
    const named = new Set(OPERATIONS.flatMap(({ errors }) => errors));
    const everywhere = ['invalid_message', 'forbidden', 'unauthorized', 'internal', 'unknown_request'];
    const missing = ERROR_CODES.filter((code) => !named.has(code) && !everywhere.includes(code));
    expect(missing).toEqual(['unsupported_detections']);
  });
});

describe('an example of the OpenAPI document', () => {
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
  ajv.addSchema({ ...DOCUMENT, $id: 'openapi' });

  it('is there for each JSON body and answer', () => {
    const without = OPERATIONS.flatMap(({ id, body, answers }) =>
      [body?.content ?? {}, ...answers.map(({ content = {} }) => content)]
        .flatMap((content) => Object.values(content))
        .filter(({ schema, example }) => typeof schema === 'string' && example === undefined)
        .map(() => id),
    );
    expect(without).toEqual([]);
    expect(examples.length).toBeGreaterThan(12);
  });

  it.each(examples.map(({ of, ...rest }) => [of, rest] as const))(
    'is valid: %s',
    (_of, { schema, example }) => {
      const validate = ajv.compile({ $ref: `openapi${schema.$ref}` });
      validate(example);
      expect(validate.errors).toBeNull();
    },
  );

  it('of a request is what the service takes', () => {
    const of = (id: string): Record<string, unknown> => {
      const content = OPERATIONS.find((operation) => operation.id === id)?.body?.content;
      return content?.['application/json']?.example as Record<string, unknown>;
    };
    expect(checkPromptMessage(of('prompt'), DEFAULT_PROMPT_LIMITS).prompts).toHaveLength(1);
    expect(checkEverythingRequest({ camera: 'front', ...of('everything') }).options).toMatchObject({
      grid: 16,
    });
    expect(checkTracksRequest({ camera: 'front', ...of('changeTracks') }).change.kind).toBe('rename');
  });

  it('is told from one that is not valid', () => {
    const validate = ajv.compile({ $ref: 'openapi#/components/schemas/Prompt' });
    expect(validate({ prompts: [{ box: [1, 2, 3] }] })).toBe(false);
  });
});
