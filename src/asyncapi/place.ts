import type { Config } from '../config/schema.js';

/** What of a node stands in its topics and connection; without one the document is of any node. */
export interface AsyncApiPlace {
  readonly baseTopic: string;
  readonly node: string;
  readonly cameras: readonly string[];
  readonly server: BrokerServer;
  /** Topic filters of detectors, besides the cameras' own. */
  readonly detectionTopics: readonly string[];
  readonly responseTopics: readonly string[];
  readonly streamQos: 0 | 1;
  /** Null: it takes none. */
  readonly jobsGroup: string | null;
}

export interface BrokerServer {
  readonly host: string;
  /** After the host, of WebSockets. */
  readonly pathname?: string;
  readonly protocol: 'mqtt' | 'mqtts' | 'ws' | 'wss';
  readonly protocolVersion: string;
  readonly username: boolean;
  readonly clientCertificate: boolean;
  readonly sessionExpirySec: number;
  readonly maxPacketBytes: number;
}

/** The config without its secrets: neither names of users nor paths of files are in it. */
export function placeOf({ node, mqtt, cameras, outputs, jobs }: Config): AsyncApiPlace {
  const { host, pathname, protocol } = new URL(mqtt.url);
  return {
    baseTopic: mqtt.baseTopic,
    node: node.id,
    cameras: Object.keys(cameras),
    server: {
      host,
      ...(pathname === '' || pathname === '/' ? {} : { pathname }),
      protocol: protocol.slice(0, -1) as BrokerServer['protocol'],
      protocolVersion: mqtt.protocol === 'auto' ? '5' : mqtt.protocol,
      username: mqtt.username !== undefined,
      clientCertificate: mqtt.tls?.cert !== undefined,
      sessionExpirySec: mqtt.sessionExpirySec,
      maxPacketBytes: mqtt.maxPacketBytes,
    },
    detectionTopics: [...new Set(Object.values(cameras).flatMap(({ detections }) => detections.topics))],
    responseTopics: mqtt.responseTopics,
    streamQos: outputs.streamQos,
    jobsGroup: jobs.enabled ? jobs.group : null,
  };
}

/** Of any node. The server is where `config/samwire.yaml` and the docs have it. */
export const ANY_NODE: Omit<AsyncApiPlace, 'baseTopic' | 'node' | 'cameras'> = {
  server: {
    host: '127.0.0.1:1883',
    protocol: 'mqtt',
    protocolVersion: '5',
    username: false,
    clientCertificate: false,
    sessionExpirySec: 3600,
    maxPacketBytes: 262_144,
  },
  detectionTopics: [],
  responseTopics: ['{baseTopic}/reply/#'],
  streamQos: 0,
  jobsGroup: 'default',
};
