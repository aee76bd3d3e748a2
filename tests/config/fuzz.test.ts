import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { configKeys, knownKeys } from '../../src/config/json-schema.js';
import { parseConfig } from '../../src/config/load.js';
import { editDistance } from '../../src/config/nearest.js';
import { ConfigError, type ConfigFault } from '../../src/errors.js';

/** The faults of a text; undefined when it is valid. Whatever else is thrown fails the test. */
function faultsOf(text: string): readonly ConfigFault[] | undefined {
  try {
    parseConfig(text, '/etc/samwire/samwire.yaml');
    return undefined;
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
}

const keyNames = [...new Set(configKeys().flatMap(({ path }) => path.split('.')))];

describe('any text', () => {
  it('is valid or a ConfigError', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 12 }),
      fc.constantFrom(...keyNames),
      fc.constantFrom(
        ': ',
        '\n',
        '\n  ',
        '- ',
        '[',
        ']',
        '{',
        '}',
        '&a ',
        '*a',
        '!!str ',
        '"',
        "'",
        '|',
        '>',
        '#',
        '\t',
      ),
      fc.constantFrom('? ', '---\n', '...\n', '%YAML 1.1\n', '<<: *a', '0x1f', '.nan', '~', 'rtsp://a:b@c'),
    );
    const text = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(text, (value) => {
        faultsOf(value);
      }),
      { numRuns: 1500 },
    );
  });

  it('that is YAML of any shape under the known keys is valid or a ConfigError with a path for each fault', () => {
    const leaf = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom('5m', '-1s', 'csi://0', 'rtsp://u:p@h/x', 'gst://a ! b', 'mqtts://h', '$a/#', './x'),
      fc.double(),
    );
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 5, withCrossShrink: true },
        leaf,
        fc.dictionary(fc.oneof(fc.constantFrom(...keyNames), fc.string({ maxLength: 5 })), tie('tree'), {
          maxKeys: 6,
        }),
      ),
    }));
    const root = fc.record(
      Object.fromEntries(knownKeys([]).map((key) => [key, tree])) as Record<string, fc.Arbitrary<unknown>>,
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(root, (value) => {
        for (const fault of faultsOf(stringify(value)) ?? []) {
          expect(fault.expected).not.toBe('');
          expect(fault.got).not.toBe('');
        }
      }),
      { numRuns: 600 },
    );
  });
});

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
      { numRuns: 800 },
    );
  });
});
