import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { configKeys, knownKeys } from '../../src/config/json-schema.js';
import { parseConfig } from '../../src/config/load.js';
import { editDistance } from '../../src/config/nearest.js';
import { ConfigError, type ConfigFault } from '../../src/errors.js';

/** The faults of a text; undefined when it is valid. */
function faultsOf(text: string): readonly ConfigFault[] | undefined {
  try {
    parseConfig(text, '/etc/samwire/samwire.yaml');
    return undefined;
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
}

describe('a mistyped key', () => {
  interface Slip {
    readonly place: readonly string[];
    readonly key: string;
    readonly typed: string;
  }

  const distance = (typed: string, key: string) =>
    editDistance(typed.toLowerCase().replaceAll('_', ''), key.toLowerCase());
  const letter = fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz');
  const slip: fc.Arbitrary<Slip> = fc
    .record({
      path: fc.constantFrom(...configKeys().map(({ path }) => path.replace('<name>', 'front').split('.'))),
      kind: fc.constantFrom('drop', 'add', 'swap', 'replace', 'case', 'snake'),
      at: fc.nat(),
      letter,
    })
    .map(({ path, kind, at, letter: other }) => {
      const key = path.at(-1) ?? '';
      const i = at % key.length;
      const typed = {
        drop: key.slice(0, i) + key.slice(i + 1),
        add: key.slice(0, i) + other + key.slice(i),
        swap: key.slice(0, i) + (key[i + 1] ?? '') + key[i] + key.slice(i + 2),
        replace: key.slice(0, i) + other + key.slice(i + 1),
        case: key.toUpperCase(),
        snake: key.replace(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`),
      }[kind];
      return { place: path.slice(0, -1), key, typed };
    })
    .filter(({ place, key, typed }) => {
      // Where another key is as near ("eight": weight or height? "dx": fx or cx?) there is no right answer.
      const others = knownKeys(place).filter((known) => known !== key);
      return typed !== key && others.every((other) => distance(typed, other) > distance(typed, key));
    })
    .filter(({ typed }) => typed !== '');

  it('is named, with the key that was meant', () => {
    fc.assert(
      fc.property(slip, ({ place, key, typed }) => {
        const root = place.reduceRight<unknown>((inner, step) => ({ [step]: inner }), { [typed]: 1 });
        const path = [...place, typed].join('.');
        const fault = faultsOf(stringify(root))?.find((one) => one.path === path);
        expect(fault?.suggestion).toBe(key);
        expect(fault?.expected).toContain(key);
        expect(fault?.line).toBe(place.length + 1);
      }),
      { numRuns: 150 },
    );
  });
});

describe('a file that is no config', () => {
  it('is refused where it nests deeper than any config, before the parser is at its end', () => {
    // V8 ended the process over the first of them: its stack ended within a regular expression.
    for (const text of ['- '.repeat(2000), '['.repeat(8000), '{a: '.repeat(3000), '? '.repeat(4000)]) {
      const [fault, ...more] = faultsOf(text) ?? [];
      expect(fault?.expected).toContain('64 deep');
      expect(more).toEqual([]);
    }
  });

  it('has the first 50 of its faults told, and the others counted', () => {
    const text = Array.from({ length: 500 }, (_, i) => `key${i}: 1`).join('\n');
    expect(faultsOf(text)).toHaveLength(50);
    expect(() => parseConfig(text, '/x.yaml')).toThrow(/^\/x\.yaml has 502 faults:[\s\S]*and 452 more$/);
  });
});
