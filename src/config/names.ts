import { hostname } from 'node:os';

/** Ids, camera names, node ids, transactions (docs/mqtt.md). */
export const NAME = /^[A-Za-z0-9._:-]{1,64}$/;

/** Last parts of topics under `<baseTopic>/<node.id>`, which a camera would take. */
export const RESERVED_CAMERA_NAMES = ['request', 'response', 'state', 'stats'] as const;

/** The topics of shared jobs and of their answers stand where a node's id would. */
export const RESERVED_NODE_IDS = ['jobs', 'job'] as const;

/** The host name as a node id: what a topic can't hold becomes `-`. */
export function defaultNodeId(host: string = hostname()): string {
  const id = host.replace(/[^A-Za-z0-9._:-]+/g, '-').slice(0, 64);
  if (id === '' || id === '-') return 'samwire-node';
  return (RESERVED_NODE_IDS as readonly string[]).includes(id) ? `${id}-node` : id;
}
