import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isScalar,
  LineCounter,
  type Node,
  parseDocument,
  visit,
} from 'yaml';
import { ConfigError, type ConfigFault } from '../errors.js';
import { maskSecrets } from '../secrets.js';
import { configError, type Locate } from './faults.js';

export interface YamlDocument {
  readonly data: unknown;
  readonly locate: Locate;
}

/** Uses of anchors that are followed, all together: a file of a few bytes could else unfold to gigabytes. */
const MAX_ALIASES = 100;

/**
 * One YAML 1.2 document with the places of its values.
 * @throws ConfigError with every syntax fault, duplicate key and key that is no text.
 */
export function parseYaml(text: string, file: string): YamlDocument {
  const lines = new LineCounter();
  let document: Document;
  let data: unknown;
  try {
    // Without prettyErrors, which would quote the file's lines, and with them what stands there.
    document = parseDocument(text, {
      version: '1.2',
      lineCounter: lines,
      prettyErrors: false,
      uniqueKeys: true,
    });
    const faults = syntaxFaults(document, lines);
    if (faults.length > 0) throw configError(file, faults);
    data = document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    // Nesting by the thousand ends in a RangeError of the parser, too many aliases in a ReferenceError.
    const got = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(`${file} cannot be parsed`, [{ path: '', expected: 'a plain YAML file', got }], {
      cause,
    });
  }
  return { data, locate: (place, what) => locate({ document, lines, place, what }) };
}

function syntaxFaults(document: Document, lines: LineCounter): ConfigFault[] {
  const faults: ConfigFault[] = [...document.errors, ...document.warnings].map((error) => ({
    path: '',
    expected: 'valid YAML',
    got: maskSecrets(error.message),
    ...position(lines, error.pos[0]),
  }));
  visit(document, {
    Pair: (_, pair) => {
      const key = pair.key as Node | null;
      if (isScalar(key) && typeof key.value === 'string' && key.value !== '__proto__') return;
      faults.push({
        path: '',
        expected: 'a text as the key',
        got: isScalar(key) ? String(key.value) : 'something else',
        ...position(lines, key?.range?.[0] ?? 0),
      });
    },
  });
  return faults;
}

function position(lines: LineCounter, offset: number): { line: number; column: number } {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

interface Place {
  readonly document: Document;
  readonly lines: LineCounter;
  readonly place: readonly PropertyKey[];
  readonly what: 'key' | 'value';
}

/** What is missing has the place of the mapping that lacks it. */
function locate({ document, lines, place, what }: Place): { line: number; column: number } | undefined {
  let node = document.contents as Node | null | undefined;
  let found = node;
  for (const [index, step] of place.entries()) {
    if (isAlias(node)) node = node.resolve(document);
    if (!isCollection(node)) break;
    const isLast = index === place.length - 1;
    if (isMap(node) && (what === 'key' || !isLast)) {
      const pair = node.items.find(({ key }) => isScalar(key) && key.value === step);
      if (!pair) break;
      node = pair.value as Node | null;
      found = isLast ? (pair.key as Node) : (node ?? found);
      continue;
    }
    node = node.get(step, true) as Node | undefined;
    if (!node) break;
    found = node;
  }
  return found?.range ? position(lines, found.range[0]) : undefined;
}
