import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isScalar,
  Lexer,
  LineCounter,
  type Node,
  Parser,
  parseDocument,
  visit,
} from 'yaml';
import { ConfigError, type ConfigFault } from '../errors.js';
import { maskSecrets } from '../secrets.js';
import { allOf, configError, type Locate } from './faults.js';

export interface YamlDocument {
  readonly data: unknown;
  readonly locate: Locate;
}

/** Uses of anchors that are followed, all together: a file of a few bytes could else unfold to gigabytes. */
const MAX_ALIASES = 100;
/** Mappings, lists and values within each other; the config itself nests six deep. */
const MAX_DEPTH = 64;

/**
 * One YAML 1.2 document with the places of its values.
 * @throws ConfigError with every syntax fault, duplicate key and key that is no text.
 */
export function parseYaml(text: string, file: string): YamlDocument {
  const lines = new LineCounter();
  checkDepth(text, file);
  let document: Document;
  let data: unknown;
  try {
    // Without prettyErrors, which would quote the file's lines, and with them what stands there.
    document = parseDocument(text, {
      version: '1.2',
      lineCounter: lines,
      prettyErrors: false,
      // Looked for below, in time that grows with the keys, not with their square.
      uniqueKeys: false,
    });
    const faults = syntaxFaults(document, lines);
    if (faults.length > 0) throw configError(file, allOf(faults));
    data = document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    // Too many aliases end in a ReferenceError.
    const got = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(`${file} cannot be parsed`, [{ path: '', expected: 'a plain YAML file', got }], {
      cause,
    });
  }
  return { data, locate: (place, what) => locate({ document, lines, place, what }) };
}

/**
 * The parser is recursive. Where its stack ends within a regular expression that V8 has yet to compile, V8 ends the
 * process: 4 kB of "- - - -" did. So a file is read without recursion first, as far as it nests.
 * @throws ConfigError
 */
function checkDepth(text: string, file: string): void {
  const parser = new Parser();
  for (const lexeme of new Lexer().lex(text)) {
    // Its documents are not wanted, but it goes on only while they are taken.
    for (const _ of parser.next(lexeme));
    if (parser.stack.length <= MAX_DEPTH) continue;
    const expected = `a plain YAML file, nested ${MAX_DEPTH} deep at most`;
    throw configError(file, allOf([{ path: '', expected, got: 'one that nests deeper' }]));
  }
}

function syntaxFaults(document: Document, lines: LineCounter): ConfigFault[] {
  const faults: ConfigFault[] = [...document.errors, ...document.warnings].map((error) => ({
    path: '',
    expected: 'valid YAML',
    got: maskSecrets(error.message),
    ...position(lines, error.pos[0]),
  }));
  visit(document, {
    Map: (_, map) => {
      const seen = new Set<unknown>();
      for (const { key } of map.items) {
        if (!isScalar(key)) continue;
        if (seen.has(key.value))
          faults.push({
            path: '',
            expected: 'valid YAML',
            got: 'Map keys must be unique',
            ...position(lines, key.range?.[0] ?? 0),
          });
        seen.add(key.value);
      }
    },
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
