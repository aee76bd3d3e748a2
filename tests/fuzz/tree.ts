/** JSON as a tree that keeps what JavaScript's values lose: keys twice, `__proto__`, numbers as they are written. */
export type Tree =
  | { readonly kind: 'leaf'; readonly text: string }
  | { readonly kind: 'array'; readonly items: readonly Tree[] }
  | { readonly kind: 'object'; readonly entries: readonly (readonly [key: string, value: Tree])[] };

/** Deeper values become text at once: the walks over trees are recursive. */
const MAX_DEPTH = 200;

/** Undefined for text that is no JSON, or nests too deep. */
export function treeOf(text: string): Tree | undefined {
  try {
    return fromValue(JSON.parse(text), 0);
  } catch {
    return undefined;
  }
}

function fromValue(value: unknown, depth: number): Tree {
  if (depth > MAX_DEPTH) throw new RangeError('too deep');
  if (Array.isArray(value)) return { kind: 'array', items: value.map((item) => fromValue(item, depth + 1)) };
  if (typeof value === 'object' && value !== null)
    return {
      kind: 'object',
      entries: Object.entries(value).map(([key, item]) => [key, fromValue(item, depth + 1)]),
    };
  return { kind: 'leaf', text: JSON.stringify(value) };
}

export function textOf(tree: Tree): string {
  switch (tree.kind) {
    case 'leaf':
      return tree.text;
    case 'array':
      return `[${tree.items.map(textOf).join(',')}]`;
    case 'object':
      return `{${tree.entries.map(([key, value]) => `${JSON.stringify(key)}:${textOf(value)}`).join(',')}}`;
  }
}

/** The tree itself and all below it. */
export function* nodesOf(tree: Tree): Generator<Tree> {
  yield tree;
  const children =
    tree.kind === 'array' ? tree.items : tree.kind === 'object' ? tree.entries.map(([, v]) => v) : [];
  for (const child of children) yield* nodesOf(child);
}

export function keysOf(tree: Tree): string[] {
  return [...nodesOf(tree)].flatMap((node) =>
    node.kind === 'object' ? node.entries.map(([key]) => key) : [],
  );
}

/** The tree with one node, counted as {@link nodesOf} gives them, in another form; undefined leaves it out. */
export function withNode(tree: Tree, at: number, edit: (node: Tree) => Tree | undefined): Tree | undefined {
  let left = at;
  const walk = (node: Tree): Tree | undefined => {
    if (left-- === 0) return edit(node);
    if (node.kind === 'array')
      return { kind: 'array', items: node.items.flatMap((item) => (left < 0 ? [item] : listed(walk(item)))) };
    if (node.kind === 'object')
      return {
        kind: 'object',
        entries: node.entries.flatMap(([key, value]) => {
          if (left < 0) return [[key, value] as const];
          return listed(walk(value)).map((changed) => [key, changed] as const);
        }),
      };
    return node;
  };
  return walk(tree);
}

function listed<T>(value: T | undefined): T[] {
  return value === undefined ? [] : [value];
}
