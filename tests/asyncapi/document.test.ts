import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import { afterAll, describe, expect, it } from 'vitest';
import { channelsOf } from '../../src/asyncapi/channels.js';
import { asyncApiDocument, asyncApiText } from '../../src/asyncapi/document.js';
import { MESSAGES, type MessageName } from '../../src/asyncapi/messages.js';
import { placeOf } from '../../src/asyncapi/place.js';
import { parseConfig } from '../../src/config/load.js';
import { REQUEST_VERBS } from '../../src/mqtt/requests.js';
import { jobAnswerTopic, jobsTopic, matchesFilter, NodeTopics } from '../../src/mqtt/topics.js';
import { PACKAGE_ROOT } from '../../src/native/addon.js';
import { listen } from '../http/harness.js';
import { testView } from '../http/view.js';
import { closeAll } from '../integration/mqtt/harness.js';
import { schemaOf } from './published.js';

type Json = Record<string, unknown>;

interface Document extends Json {
  readonly channels: Readonly<Record<string, { readonly address: string | null }>>;
  readonly operations: Readonly<
    Record<string, { readonly action: string; readonly channel: { readonly $ref: string } }>
  >;
  readonly components: {
    readonly messages: Readonly<
      Record<string, { readonly payload: Json; readonly headers?: Json; readonly examples?: readonly Json[] }>
    >;
    readonly schemas: Readonly<Record<string, Json>>;
  };
}

/** The official schema of AsyncAPI 3.0.0 documents. */
const OFFICIAL = createRequire(import.meta.url)('@asyncapi/specs/schemas/3.0.0.json') as Json;
const PLACED = `
version: 1
node: { id: robot-7 }
mqtt: { url: "wss://broker.local/mqtt", username: secret-user, passwordFile: /run/secret-file, baseTopic: site/samwire }
outputs: { streamQos: 1 }
cameras:
  front: { source: "rtsp://user:secret@10.0.0.5/stream", detections: { topics: [frigate/events, "boxes/+/#"] } }
  gate: { source: "test://pattern" }
`;
const place = placeOf(parseConfig(PLACED, '/etc/samwire/samwire.yaml', {}).config);
const ANY = asyncApiDocument() as Document;
const HERE = asyncApiDocument(place) as Document;

/** Of AsyncAPI's schema draft 7 with definitions that name each other by URL. */
let official: ValidateFunction | undefined;
function officialCheck(): ValidateFunction {
  // It brings draft 7's own schema with it.
  const ajv = new Ajv({ strict: false, allErrors: true, meta: false, validateSchema: false });
  addFormats.default(ajv);
  const { $schema: _, ...schema } = OFFICIAL;
  official ??= ajv.compile(schema);
  return official;
}

/** A payload's or header's schema, with the document's own schemas around it. */
function checkOf({ components }: Document, schema: Json): ValidateFunction {
  const ajv = new Ajv({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addFormat('base64', /^[A-Za-z0-9+/]*={0,2}$/);
  return ajv.compile({ ...schema, components });
}

/** Whatever the code can publish or subscribe to, by `{camera}` and `{jobId}`. */
function topicsOfCode(): { sent: string[]; received: string[] } {
  const topics = new NodeTopics('{baseTopic}', '{node}');
  const [camera, received] = ['{camera}', [topics.prompt('{camera}'), topics.detections('{camera}')]];
  const aboutNode = ['base', 'requests', 'subscribed', 'parse', 'cameraOfState', 'constructor'];
  const names = Object.getOwnPropertyNames(NodeTopics.prototype).filter((name) => !aboutNode.includes(name));
  const sent = names.flatMap((name) => {
    const of = topics[name as 'errors'] as unknown;
    if (typeof of === 'string') return [of];
    const call = (part: string | null): string => topics[name as 'errors'](part);
    if (name === 'request' || name === 'response') return REQUEST_VERBS.map(call);
    return name === 'errors' ? [call(camera), call(null)] : [call(camera)];
  });
  const asked = REQUEST_VERBS.map((verb) => topics.request(verb));
  return {
    sent: [
      ...sent.filter((topic) => ![...received, ...asked].includes(topic)),
      jobAnswerTopic('{baseTopic}', '{jobId}'),
    ],
    received: [...received, ...asked, jobsTopic('{baseTopic}'), topics.state],
  };
}

function addressesOf({ channels, operations }: Document, action: string): (string | null)[] {
  const used = Object.values(operations).filter((operation) => operation.action === action);
  const names = new Set(used.map(({ channel }) => channel.$ref.replace('#/channels/', '')));
  return [...names].map((name) => channels[name]?.address ?? null);
}

describe('the AsyncAPI document', () => {
  it('is committed as the code makes it: npm run generate', () => {
    expect(readFileSync(join(PACKAGE_ROOT, 'docs/asyncapi.json'), 'utf8')).toBe(asyncApiText());
  });

  it.each([
    ['of any node', ANY],
    ['of a node', HERE],
  ])('%s is valid by the official schema', (_of, document) => {
    const check = officialCheck();
    check(document);
    expect(check.errors ?? []).toEqual([]);
    expect(check({ ...document, channels: { broken: { address: 7 } } })).toBe(false);
  });

  it.each([
    ['of any node', ANY],
    ['of a node', HERE],
  ])('%s refers to what is there', (_of, document) => {
    const refs = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path = '']) => path);
    expect(refs.length).toBeGreaterThan(50);
    for (const ref of new Set(refs)) {
      const at = ref.split('/').reduce<unknown>((value, key) => (value as Json | undefined)?.[key], document);
      expect(at, ref).toBeDefined();
    }
  });

  it('has every topic that the code publishes or subscribes to, and no other', () => {
    const { sent, received } = topicsOfCode();
    const fixed = (action: string) => addressesOf(ANY, action).filter((address) => address !== null);
    expect(fixed('send').sort()).toEqual(sent.sort());
    expect(fixed('receive').sort()).toEqual(received.sort());
    const subscribed = new NodeTopics('{baseTopic}', '{node}').subscribed;
    for (const topic of received.filter((one) => one !== jobsTopic('{baseTopic}')))
      expect(
        subscribed.some((filter) => matchesFilter(filter, topic)),
        topic,
      ).toBe(true);
    expect(addressesOf(ANY, 'receive')).toContain(null);
  });

  it('has no message, schema or channel that nothing uses', () => {
    const text = JSON.stringify(ANY);
    for (const kind of ['messages', 'schemas'] as const)
      for (const name of Object.keys(ANY.components[kind]))
        expect(text).toContain(`"#/components/${kind}/${name}"`);
    for (const name of Object.keys(ANY.channels)) expect(text).toContain(`"#/channels/${name}"`);
  });

  it.each(Object.keys(MESSAGES) as MessageName[])('has examples of %s that its schemas accept', (name) => {
    const { payload, headers, examples = [] } = ANY.components.messages[name] ?? { payload: {} };
    const schema = schemaOf(name);
    if (schema !== undefined) expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) {
      if ('payload' in example) {
        const check = checkOf(ANY, payload);
        check(example.payload);
        expect(check.errors ?? [], JSON.stringify(example)).toEqual([]);
        expect(schema?.safeParse(example.payload).error).toBeUndefined();
      }
      if (!('headers' in example)) continue;
      const check = checkOf(ANY, headers ?? {});
      check(example.headers);
      expect(check.errors ?? [], JSON.stringify(example)).toEqual([]);
    }
  });

  it('says what is wrong with a message that is not of it', () => {
    const wrong: [MessageName, unknown][] = [
      ['prompt', { prompts: [] }],
      ['prompt', { box: [1, 2, 3] }],
      ['masks', { masks: [] }],
      ['error', { code: 'no_such_code', message: 'x' }],
      ['nodeState', { state: 'online' }],
      ['stats', {}],
      ['infoResponse', { status: 'ok', data: {} }],
    ];
    for (const [name, value] of wrong)
      expect(checkOf(ANY, ANY.components.messages[name]?.payload ?? {})(value), name).toBe(false);
  });
});

describe('the AsyncAPI document of a node', () => {
  afterAll(closeAll);

  it('has its own topics, cameras and broker, and nothing secret', () => {
    const text = JSON.stringify(HERE);
    expect(text).not.toMatch(/secret/);
    expect(text).not.toMatch(/\{baseTopic\}\/|\{node\}/);
    expect(HERE.channels.prompt).toMatchObject({
      address: 'site/samwire/robot-7/{camera}/prompt',
      parameters: { camera: { enum: ['front', 'gate'] } },
    });
    expect(HERE).toMatchObject({
      components: {
        servers: {
          broker: {
            host: 'broker.local',
            pathname: '/mqtt',
            protocol: 'wss',
            security: [{ $ref: '#/components/securitySchemes/password' }],
            bindings: {
              mqtt: { clientId: 'samwire-robot-7', lastWill: { topic: 'site/samwire/robot-7/state' } },
            },
          },
        },
      },
      operations: { sendMasksStream: { bindings: { mqtt: { qos: 1 } } } },
    });
  });

  it('has the topics of its detectors', () => {
    const channels = channelsOf(place);
    expect([channels.detectorTopic1?.address, channels.detectorTopic2?.address]).toEqual([
      'frigate/events',
      'boxes/{level1}/{level2}',
    ]);
    expect(HERE.operations).toHaveProperty('receiveDetectorTopic2');
  });

  it('is no part of jobs where it takes none', () => {
    expect(HERE.operations).not.toHaveProperty('receiveJobs');
    expect(ANY.operations).toHaveProperty('receiveJobs');
  });

  it('is served', async () => {
    const { fetch } = await listen(testView({ asyncApi: () => asyncApiText(place) }));
    const response = await fetch('/api/asyncapi.json');
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(await response.json()).toEqual(JSON.parse(asyncApiText(place)));
  });
});
