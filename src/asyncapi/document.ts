/** The AsyncAPI 3.0 document of a node's topics: docs/asyncapi.json of any node, `/api/asyncapi.json` of this one. */
import { VERSION } from '../version.js';
import { type Channel, channelsOf, PARAMETERS, titled } from './channels.js';
import { componentSchemas } from './components.js';
import { componentMessages } from './messages.js';
import { ANY_NODE, type AsyncApiPlace } from './place.js';

type Json = Readonly<Record<string, unknown>>;

const BINDING_VERSION = '0.2.0';
/** MQTT 5's longest, and every form of it. */
const EXPIRY = {
  type: 'integer',
  minimum: 0,
  description: 'not begun after it, the message is answered with `expired`',
};

/** @param place of a node; left out: of any, with the node's own parts as parameters. */
export function asyncApiDocument(place?: AsyncApiPlace): Json {
  const { streamQos, detectionTopics } = place ?? ANY_NODE;
  const { baseTopic, node } = place ?? { baseTopic: '{baseTopic}', node: '{node}' };
  const channels = channelsOf({ baseTopic, node, streamQos, detectionTopics });
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Samwire',
      version: VERSION,
      description:
        'Segment anything over MQTT: camera frames and prompts in, masks out. What each field means stands in docs/mqtt.md; this document is made of the schemas that check the messages.',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    defaultContentType: 'application/json',
    servers: { broker: { $ref: '#/components/servers/broker' } },
    channels: mapped(channels, (channel, name) => channelObject(name, channel, place)),
    operations: operationsOf(channels, place),
    components: {
      servers: { broker: serverObject(place, { baseTopic, node }) },
      securitySchemes: {
        password: { type: 'userPassword', description: '`mqtt.username` and `mqtt.passwordFile`' },
        certificate: { type: 'X509', description: '`mqtt.tls.cert` and `mqtt.tls.key`' },
      },
      messages: componentMessages(),
      schemas: componentSchemas(),
    },
  };
}

/** As it is committed and served. */
export function asyncApiText(place?: AsyncApiPlace): string {
  return `${JSON.stringify(asyncApiDocument(place), null, 2)}\n`;
}

function mapped<T>(
  of: Readonly<Record<string, T>>,
  to: (value: T, name: string) => Json,
): Record<string, Json> {
  return Object.fromEntries(Object.entries(of).map(([name, value]) => [name, to(value, name)]));
}

function channelObject(
  name: string,
  { address, description, messages }: Channel,
  place?: AsyncApiPlace,
): Json {
  const parameters = parametersOf(address, place);
  return {
    address,
    title: titled(name),
    description,
    messages: Object.fromEntries(
      messages.map((message) => [message, { $ref: `#/components/messages/${message}` }]),
    ),
    ...(Object.keys(parameters).length > 0 ? { parameters } : {}),
  };
}

function parametersOf(address: string | null, place?: AsyncApiPlace): Record<string, Json> {
  const names = [...(address ?? '').matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  const known: Readonly<Record<string, Json>> = PARAMETERS;
  return Object.fromEntries(
    names.map((name) => {
      const cameras = name === 'camera' && place !== undefined ? { enum: place.cameras } : {};
      return [
        name,
        { ...(known[name] ?? { description: 'any level, or the levels that follow' }), ...cameras },
      ];
    }),
  );
}

function operationsOf(
  channels: Readonly<Record<string, Channel>>,
  place?: AsyncApiPlace,
): Record<string, Json> {
  const { streamQos, jobsGroup } = place ?? ANY_NODE;
  const operations = Object.entries(channels).flatMap(([name, channel]): [string, Json][] => {
    // A node that takes no jobs is no part of them.
    if (jobsGroup === null && /^job/.test(name)) return [];
    return [[`${channel.action}${titled(name)}`, operationObject(name, channel)]];
  });
  const masks = channels.masks;
  const state = channels.nodeState;
  if (!masks || !state) throw new Error('the channels masks and nodeState are always there');
  const streamed = {
    ...masks,
    qos: streamQos,
    summary: 'Tell masks that no message asked for, or a detector did.',
  };
  const own = { ...state, action: 'receive', summary: 'See whether another node has this id.' } as const;
  return {
    ...Object.fromEntries(operations),
    sendMasksStream: operationObject('masks', streamed),
    receiveNodeState: operationObject('nodeState', own),
  };
}

function operationObject(
  name: string,
  { action, summary, messages, qos, retain, replies, expires }: Channel,
): Json {
  const refs = (channel: string, of: Channel['messages']): Json[] =>
    of.map((message) => ({ $ref: `#/channels/${channel}/messages/${message}` }));
  return {
    action,
    channel: { $ref: `#/channels/${name}` },
    summary,
    messages: refs(name, messages),
    bindings: {
      mqtt: {
        qos,
        ...(action === 'send' ? { retain: retain ?? false } : {}),
        ...(expires ? { messageExpiryInterval: EXPIRY } : {}),
        bindingVersion: BINDING_VERSION,
      },
    },
    ...(replies === undefined
      ? {}
      : {
          reply: {
            channel: { $ref: `#/channels/${replies.channel}` },
            messages: refs(replies.channel, replies.messages),
          },
        }),
  };
}

function serverObject(
  place: AsyncApiPlace | undefined,
  { baseTopic, node }: Pick<AsyncApiPlace, 'baseTopic' | 'node'>,
): Json {
  const { server, responseTopics } = place ?? ANY_NODE;
  const { host, pathname, protocol, protocolVersion, username, clientCertificate } = server;
  const security = [...(username ? ['password'] : []), ...(clientCertificate ? ['certificate'] : [])].map(
    (name) => ({ $ref: `#/components/securitySchemes/${name}` }),
  );
  return {
    host,
    ...(pathname === undefined ? {} : { pathname }),
    protocol,
    protocolVersion,
    description: `The node's broker (\`mqtt.url\`). Response topics match ${responseTopics.map((topic) => `\`${topic}\``).join(', ')}.`,
    ...(security.length > 0 ? { security } : {}),
    bindings: {
      mqtt: {
        clientId: `samwire-${node}`,
        cleanSession: false,
        lastWill: {
          topic: `${baseTopic}/${node}/state`,
          qos: 1,
          message: 'a node state, `offline`',
          retain: true,
        },
        sessionExpiryInterval: server.sessionExpirySec,
        maximumPacketSize: server.maxPacketBytes,
        bindingVersion: BINDING_VERSION,
      },
    },
  };
}
