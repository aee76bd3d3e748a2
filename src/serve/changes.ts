import type { Config } from '../config/schema.js';
import { MAX_CHANGED } from '../mqtt/service.js';

/** Keys whose values differ, such as `cameras.front.fps`, the first {@link MAX_CHANGED} of them: names only, for a value may be a secret. */
export function changesOf(before: Config, after: Config): readonly string[] {
  return differing(before, after, '').slice(0, MAX_CHANGED);
}

function differing(before: unknown, after: unknown, path: string): string[] {
  if (isMapping(before) && isMapping(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return keys.flatMap((key) => differing(before[key], after[key], path === '' ? key : `${path}.${key}`));
  }
  return JSON.stringify(before) === JSON.stringify(after) ? [] : [path];
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether the same node comes back on the same broker: to who watches its state, it never was away for good. */
export function isSameNode(before: Config, after: Config): boolean {
  return (
    before.node.id === after.node.id &&
    before.mqtt.baseTopic === after.mqtt.baseTopic &&
    before.mqtt.url === after.mqtt.url
  );
}
