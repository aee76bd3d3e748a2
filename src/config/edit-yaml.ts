import { isCollection, isMap, isScalar, type Node, type Pair, parseDocument, type YAMLMap } from 'yaml';

/**
 * Changes single keys and values of a YAML text and leaves every other byte as it is. `Document.toString` of the library
 * would not: it writes comments anew with another indentation, and with them the settings that are switched off.
 */
export class YamlEdit {
  readonly #text: string;
  readonly #root: unknown;
  /** By their place, so that what an alias names twice is changed once. */
  readonly #changes = new Map<number, { readonly end: number; readonly text: string }>();

  /** @param text YAML that was parsed without a fault. */
  constructor(text: string) {
    this.#text = text;
    this.#root = parseDocument(text, { version: '1.2', prettyErrors: false }).contents;
  }

  /** The keys of a mapping; none where there is no mapping. */
  keys(path: readonly string[]): string[] {
    const map = this.#at(path);
    return isMap(map) ? map.items.map(({ key }) => String(isScalar(key) ? key.value : key)) : [];
  }

  /** What stands at a path; undefined where nothing does. */
  value(path: readonly string[]): unknown {
    const node = this.#at(path);
    return isScalar(node) ? node.value : isCollection(node) ? node.toJSON() : undefined;
  }

  /** Does nothing where there is no such key, or one of the new name beside it already. */
  rename(path: readonly string[], name: string): void {
    const [key] = this.#pair(path);
    if (!key || this.keys(path.slice(0, -1)).includes(name)) return;
    // A key in quotes may stand right before its value, one without may not.
    const isQuoted = isScalar(key) && key.type !== 'PLAIN';
    this.#change(key.range?.[0], key.range?.[1], isQuoted ? JSON.stringify(name) : name);
  }

  /** Another scalar in place of a value; does nothing where there is no such key. */
  set(path: readonly string[], value: string | number | boolean | null): void {
    const [, node] = this.#pair(path);
    if (node) this.#change(node.range?.[0], node.range?.[1], JSON.stringify(value));
  }

  /** Makes a comment of a key and its value, so that no line goes away; in `{…}` both are taken out. */
  remove(path: readonly string[]): void {
    const [key, node, map] = this.#pair(path);
    const start = key?.range?.[0];
    if (start === undefined || !map) return;
    const end = node?.range?.[1] ?? key?.range?.[1] ?? start;
    if (map.flow) this.#cut(start, end);
    else this.#comment(start, end, map.items.length === 1 ? '{} ' : '');
  }

  toString(): string {
    const changes = [...this.#changes].sort(([a], [b]) => b - a);
    return changes.reduce(
      (text, [start, { end, text: changed }]) => text.slice(0, start) + changed + text.slice(end),
      this.#text,
    );
  }

  #change(start: number | undefined, end: number | undefined, text: string): void {
    if (start !== undefined && end !== undefined) this.#changes.set(start, { end, text });
  }

  /** With one of the commas around it. */
  #cut(start: number, end: number): void {
    const after = /^\s*,\s*/.exec(this.#text.slice(end))?.[0];
    const before = after === undefined ? (/,\s*$/.exec(this.#text.slice(0, start))?.[0] ?? '') : '';
    this.#change(start - before.length, end + (after?.length ?? 0), '');
  }

  /** @param instead what stands before the comment: a mapping whose only key goes is empty, not nothing. */
  #comment(start: number, end: number, instead: string): void {
    const text = this.#text.slice(start, end).trimEnd();
    this.#change(start, start + text.length, `${instead}#${text.replaceAll('\n', '\n#')}`);
  }

  #at(path: readonly string[]): unknown {
    let node: unknown = this.#root;
    for (const name of path) node = isMap(node) ? pairOf(node, name)?.value : undefined;
    return node;
  }

  #pair(path: readonly string[]): [key?: Node, value?: Node | undefined, map?: YAMLMap] {
    const map = this.#at(path.slice(0, -1));
    const pair = isMap(map) ? pairOf(map, path.at(-1) ?? '') : undefined;
    return pair && isMap(map) ? [pair.key as Node, (pair.value as Node | null) ?? undefined, map] : [];
  }
}

function pairOf(map: YAMLMap, name: string): Pair | undefined {
  return map.items.find(({ key }) => isScalar(key) && key.value === name);
}
