import type { Random } from './random.js';
import { nodesOf, type Tree, withNode } from './tree.js';

const repeated = (text: string, count: number): string => JSON.stringify(text.repeat(count));

/** What has broken readers of JSON before. Not all of it is JSON. */
const LEAVES: readonly string[] = [
  ...['null', 'true', 'false', '0', '-0', '1', '-1', '2', '0.5', '1e-7', '1.0000001', '255', '256', '65535'],
  ...[
    '65536',
    '4294967296',
    '9007199254740993',
    '18446744073709551615',
    '1e7',
    '10000001',
    '1e308',
    '-1e308',
  ],
  ...['1e999', '5e-324', 'NaN', '-Infinity', '""', '"0"', '"1e3"', '" "', '"-1"', '"NaN"', '"__proto__"'],
  ...[
    '"constructor"',
    '"toString"',
    '"length"',
    '"latest"',
    '"\\u0000"',
    '"\\ud800"',
    '"\u{1f600}"',
    '"a|b|c"',
  ],
  ...['"1|2|3|4|5|car|#||0.5"', '"1970-01-01T00:00:00Z"', '"+275760-09-13T00:00:00Z"', '"all"', '{}', '[]'],
  ...[
    '[0,0,1,1]',
    '[1,1,0,0]',
    '[null]',
    '{"x":1,"y":1}',
    '{"__proto__":1}',
    repeated('a', 64),
    repeated('a', 65),
  ],
  ...[
    repeated('x', 300),
    repeated('\u{1f600}', 200),
    repeated('"', 50),
    `${'['.repeat(60)}${']'.repeat(60)}`,
  ],
];
const KEYS: readonly string[] = ['__proto__', 'constructor', 'hasOwnProperty', '', 'id', 'length', '0'];
/** Past it a list is not made longer: hostile lengths have inputs of their own among the seeds. */
const MAX_REPEATS = 400;

export interface JsonPool {
  readonly trees: readonly Tree[];
  readonly keys: readonly string[];
}

/** One change of the tree's structure. */
export function mutatedTree(tree: Tree, pool: JsonPool, random: Random): Tree {
  const count = [...nodesOf(tree)].length;
  return withNode(tree, random.below(count), (node) => edited(node, pool, random)) ?? leaf(random);
}

function edited(node: Tree, pool: JsonPool, random: Random): Tree | undefined {
  switch (random.below(10)) {
    case 0:
      return undefined;
    case 1:
    case 2:
      return leaf(random);
    case 3:
      return random.chance(0.5)
        ? { kind: 'array', items: [node] }
        : { kind: 'object', entries: [[key(pool, random), node]] };
    case 4:
      return donor(pool, random) ?? leaf(random);
    case 5:
      return nudged(node, random);
    default:
      return contents(node, pool, random);
  }
}

function contents(node: Tree, pool: JsonPool, random: Random): Tree {
  if (node.kind === 'array') return { kind: 'array', items: changedItems(node.items, pool, random) };
  if (node.kind === 'leaf') return nudged(node, random);
  const entries = [...node.entries];
  const at = random.below(entries.length + 1);
  const old = entries[at];
  switch (random.below(4)) {
    case 0:
      if (old) entries[at] = [key(pool, random), old[1]];
      break;
    case 1:
      entries.splice(at, 0, [key(pool, random), donor(pool, random) ?? leaf(random)]);
      break;
    case 2:
      if (old) entries.push([old[0], leaf(random)]);
      break;
    default:
      entries.splice(at, 1);
  }
  return { kind: 'object', entries };
}

function changedItems(items: readonly Tree[], pool: JsonPool, random: Random): Tree[] {
  const at = random.below(items.length + 1);
  const changed = [...items];
  switch (random.below(5)) {
    case 0:
      changed.splice(at, 1);
      break;
    case 1:
      changed.splice(at, 0, leaf(random));
      break;
    case 2: {
      const item = items[at];
      const times = random.chance(0.05) ? random.below(MAX_REPEATS) : random.below(4);
      if (item) changed.splice(at, 0, ...Array.from({ length: times }, () => item));
      break;
    }
    case 3:
      changed.reverse();
      break;
    default:
      changed.splice(at, 0, donor(pool, random) ?? leaf(random));
  }
  return changed;
}

/** A number a little off, or as text; a text as a number. */
function nudged(node: Tree, random: Random): Tree {
  if (node.kind !== 'leaf') return node;
  const value = Number(node.text);
  if (node.text.startsWith('"')) {
    const inner = node.text.slice(1, -1);
    if (random.chance(0.3) && inner.trim() !== '' && Number.isFinite(Number(inner)))
      return { kind: 'leaf', text: inner };
    const at = random.below(inner.length + 1);
    return {
      kind: 'leaf',
      text: quoted(
        inner.slice(0, at) +
          random.pick(['', 'a', ' ', '|', '.', '0', '-', 'é']) +
          inner.slice(at + random.below(3)),
      ),
    };
  }
  if (!Number.isFinite(value)) return leaf(random);
  switch (random.below(5)) {
    case 0:
      return { kind: 'leaf', text: JSON.stringify(node.text) };
    case 1:
      return { kind: 'leaf', text: String(-value) };
    case 2:
      return { kind: 'leaf', text: String(value + random.pick([-1, 1, 0.5, 1e-9])) };
    case 3:
      return {
        kind: 'leaf',
        text: String(value * random.pick([2, 10, 1000, 1e-3, 1e300])).replace('Infinity', '1e999'),
      };
    default:
      return { kind: 'leaf', text: String(Math.trunc(value)) };
  }
}

/** The text as JSON, whatever a cut through an escape has left of it. */
function quoted(inner: string): string {
  try {
    JSON.parse(`"${inner}"`);
    return `"${inner}"`;
  } catch {
    return JSON.stringify(inner);
  }
}

function leaf(random: Random): Tree {
  return { kind: 'leaf', text: random.pick(LEAVES) };
}

function key(pool: JsonPool, random: Random): string {
  return random.chance(0.2) || pool.keys.length === 0 ? random.pick(KEYS) : random.pick(pool.keys);
}

function donor(pool: JsonPool, random: Random): Tree | undefined {
  if (pool.trees.length === 0) return undefined;
  const nodes = [...nodesOf(random.pick(pool.trees))];
  return random.pick(nodes);
}
