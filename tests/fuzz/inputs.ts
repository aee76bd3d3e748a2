import { mutatedBytes } from './mutate-bytes.js';
import { type JsonPool, mutatedTree } from './mutate-json.js';
import type { Random } from './random.js';
import type { FuzzTarget } from './target.js';
import { keysOf, type Tree, textOf, treeOf } from './tree.js';

/** JSON that is changed as bytes: what no JSON is has to be refused, too. */
const AS_BYTES = 0.15;
const MAX_CHANGES = 5;

/** Inputs made of the ones that are known, which may become more. */
export class Inputs {
  readonly #target: FuzzTarget;
  readonly #random: Random;
  readonly #known: Uint8Array[] = [];
  readonly #trees: (Tree | undefined)[] = [];
  readonly #keys = new Set<string>();

  constructor(target: FuzzTarget, seeds: readonly Uint8Array[], random: Random) {
    this.#target = target;
    this.#random = random;
    for (const seed of seeds) this.add(seed);
  }

  get size(): number {
    return this.#known.length;
  }

  add(input: Uint8Array): void {
    const tree = this.#target.form === 'json' ? treeOf(Buffer.from(input).toString()) : undefined;
    this.#known.push(input);
    this.#trees.push(tree);
    if (tree) for (const key of keysOf(tree)) this.#keys.add(key);
  }

  /** One of the known ones with a few changes; no longer than the target's limit. */
  next(): Uint8Array {
    const random = this.#random;
    const at = random.below(this.#known.length);
    const tree = this.#trees[at];
    const changes = 1 + random.below(MAX_CHANGES);
    let bytes = this.#known[at] ?? new Uint8Array();
    if (tree !== undefined && !random.chance(AS_BYTES)) {
      const pool: JsonPool = {
        trees: this.#trees.filter((other) => other !== undefined),
        keys: [...this.#keys],
      };
      let changed = tree;
      for (let i = 0; i < changes; i++) changed = mutatedTree(changed, pool, random);
      bytes = Buffer.from(textOf(changed));
    } else {
      const { tokens = [] } = this.#target;
      for (let i = 0; i < changes; i++) bytes = mutatedBytes(bytes, this.#known, tokens, random);
    }
    return bytes.subarray(0, this.#target.maxBytes);
  }
}
