/** The short form of `npm run fuzz` (docs/fuzzing.md): the seeds, and the same changes of them each time. */
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { blownUp } from './blown-up.js';
import { campaign } from './campaign.js';
import { keep, ROOT, seedsOf } from './seeds.js';
import { TARGETS } from './targets.js';
import { treeOf } from './tree.js';

const RUNS = 400;
/** Other tests run beside these: a time that grows with the square of the input is past this all the same. */
const PATIENCE = 4;
/** Of the large inputs every so manieth: all of them take a minute. */
const LARGE_EVERY = 41;

function* some(seeds: readonly Uint8Array[], maxBytes: number): Generator<Uint8Array> {
  let at = 0;
  for (const seed of seeds) {
    const tree = treeOf(Buffer.from(seed).toString());
    if (tree === undefined) continue;
    for (const make of blownUp(tree, maxBytes)) if (at++ % LARGE_EVERY === 0) yield make();
  }
}

describe.each(TARGETS)('$name', (target) => {
  it('refuses in words what it does not take, soon and without an error of another kind', async () => {
    const seeds = [...seedsOf(target.name).values()];
    expect(seeds).not.toHaveLength(0);
    const large = target.form === 'json' ? [() => some(seeds, target.maxBytes)] : [];
    const runs = Math.ceil(RUNS * (target.shortShare ?? 1));
    const { finding } = await campaign(target, {
      seeds,
      large,
      seed: 1,
      runs,
      guided: false,
      patience: PATIENCE,
    });
    if (finding === undefined) return;
    const path = relative(ROOT, keep(join(ROOT, 'build/fuzz/findings', target.name), finding.input));
    throw new Error(`Again: npm run fuzz -- ${target.name} --input ${path}`, { cause: finding.thrown });
  });
});
