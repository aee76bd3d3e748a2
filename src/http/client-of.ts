import type { FastifyRequest } from 'fastify';
import { invalidMessage, rendered } from '../prompts/json.js';
import { ID_PATTERN } from '../prompts/message.js';

/** By which a client may name itself, so that it is told from others at its address. */
export const CLIENT_HEADER = 'samwire-client';
const MAX_AGENT_CHARACTERS = 64;

/**
 * Who asks, for limits and shares by client: the address, and the client's own name for itself, or else its user agent. So a
 * browser and a script on one machine have limits of their own; whoever takes many names has the camera's limit only.
 * @throws SamwireError `invalid_message` for a name that is no id.
 */
export function clientOf({ ip, headers }: Pick<FastifyRequest, 'ip' | 'headers'>): string {
  const name = headers[CLIENT_HEADER];
  if (name === undefined)
    return `${ip} ${headers['user-agent']?.slice(0, MAX_AGENT_CHARACTERS) ?? ''}`.trim();
  if (typeof name === 'string' && ID_PATTERN.test(name)) return `${ip} ${name}`;
  const expected = 'an id of 1 to 64 characters out of A-Z a-z 0-9 . _ : -';
  throw invalidMessage([{ path: 'header Samwire-Client', expected, got: rendered(name) }]);
}
