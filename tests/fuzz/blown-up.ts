import { nodesOf, type Tree, textOf, withNode } from './tree.js';

/** Each value of a message in turn made as large as the message may be: where time or memory grows faster than the input, it shows. */
export function* blownUp(tree: Tree, maxBytes: number): Generator<() => Uint8Array> {
  const count = [...nodesOf(tree)].length;
  const leftBytes = maxBytes - Buffer.byteLength(textOf(tree));
  for (let at = 0; at < count; at++)
    for (const grow of GROWTHS)
      yield () => {
        const grown = withNode(tree, at, (node) => ({ kind: 'leaf', text: grow(textOf(node), leftBytes) }));
        return Buffer.from(grown === undefined ? '' : textOf(grown)).subarray(0, maxBytes);
      };
}

type Growth = (text: string, bytes: number) => string;

function list(item: (i: number) => string, bytes: number, [open, close]: readonly [string, string]): string {
  const items: string[] = [];
  for (let left = bytes - 2, i = 0; ; i++) {
    const next = item(i);
    left -= Buffer.byteLength(next) + 1;
    if (left < 0) return open + items.join(',') + close;
    items.push(next);
  }
}

const GROWTHS: readonly Growth[] = [
  (text, bytes) => list(() => text, bytes, ['[', ']']),
  (_, bytes) => list(() => '1', bytes, ['[', ']']),
  (_, bytes) => list(() => '{}', bytes, ['[', ']']),
  (text, bytes) => list((i) => `"k${i}":${text}`, bytes, ['{', '}']),
  (_, bytes) => `"${'a'.repeat(Math.max(0, bytes - 2))}"`,
  (_, bytes) => `"${'\\"'.repeat(Math.max(0, bytes / 2 - 2))}"`,
  // Cut off: the quote that would close it is missing.
  (_, bytes) => `"${'\\"'.repeat(Math.max(0, bytes / 2 - 2))}`,
  (_, bytes) => '['.repeat(Math.max(1, bytes / 2 - 1)) + ']'.repeat(Math.max(1, bytes / 2 - 1)),
  (text, bytes) =>
    `${'{"a":'.repeat(Math.max(1, bytes / 6 - 1))}${text}${'}'.repeat(Math.max(1, bytes / 6 - 1))}`,
  (_, bytes) => `${'9'.repeat(Math.max(1, bytes - 2))}`,
  // Ids that are alike but for their end, each twice.
  (_, bytes) =>
    list((i) => `{"box":[0,0,1,1],"id":"${'x'.repeat(60)}${1000 + (i >> 1)}"}`, bytes, ['[', ']']),
];
