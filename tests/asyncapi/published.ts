/** What a node publishes, held against the schema of its topic: which are in src/asyncapi, and in docs/asyncapi.json. */
import { channelsOf } from '../../src/asyncapi/channels.js';
import { READ, type SchemaName, WRITTEN } from '../../src/asyncapi/components.js';
import { MESSAGES, type MessageName } from '../../src/asyncapi/messages.js';

const SCHEMAS = { ...READ, ...WRITTEN } as const;

/** The schema of a message's payload; undefined where it is bytes. */
export function schemaOf(message: MessageName): (typeof SCHEMAS)[SchemaName] | undefined {
  const { schema } = MESSAGES[message] as { readonly schema?: SchemaName };
  return schema && SCHEMAS[schema];
}

const PART = '[^/]+';

/** What is published on a topic of this node; null where the node publishes nothing there. */
function messagesOn(topic: string, baseTopic: string, node: string): readonly MessageName[] | null {
  const channels = channelsOf({ baseTopic, node, streamQos: 0, detectionTopics: [] });
  for (const { address, action, messages } of Object.values(channels)) {
    if (action !== 'send' || address === null) continue;
    if (new RegExp(`^${address.replace(/\{\w+\}/g, PART)}$`).test(topic)) return messages;
  }
  if (topic.startsWith(`${baseTopic}/reply/`)) return channels.reply?.messages ?? null;
  return null;
}

/** What is wrong with a message that `samwire/n1` published; null where nothing is, or where it is none of the node's. */
export function faultOf(topic: string, payload: Buffer, node = 'n1'): string | null {
  // A request that the test itself published.
  const messages = messagesOn(topic, 'samwire', node);
  if (messages === null) return null;
  const schemas = messages.flatMap((message) => schemaOf(message) ?? []);
  // The retained state of a camera that the config has no more is taken back.
  if (payload.length === 0 && messages.includes('cameraState')) return null;
  // A PNG, a JPEG.
  if (payload[0] !== 0x7b) return schemas.length < messages.length ? null : `${topic}: no JSON`;
  const value: unknown = JSON.parse(payload.toString());
  const results = schemas.map((schema) => schema.safeParse(value));
  if (results.some(({ success }) => success)) return null;
  return `${topic}: ${results.map(({ error }) => error?.message).join('\n')}\n${payload.toString().slice(0, 2000)}`;
}
