import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../src/native/addon.js';

/** docs/architecture.md, "Folders, and who may know whom": a part imports from lower rows only. */
const ROWS: readonly (readonly string[])[] = [
  ['secrets'],
  ['clock', 'errors', 'log', 'version'],
  ['masks', 'native', 'remedies'],
  ['config', 'frames', 'onnx'],
  ['models'],
  ['prompts', 'mend'],
  ['detections'],
  ['segment', 'outputs', 'mqtt'],
  ['build', 'everything', 'track', 'client', 'asyncapi'],
  ['pipeline', 'health', 'systemd'],
  ['metrics', 'http'],
  ['main'],
  ['demo', 'eval', 'install', 'serve'],
  ['cli'],
];
const NATIVE_ROWS: readonly (readonly string[])[] = [
  ['frame'],
  ['image', 'systemd'],
  ['mask', 'camera'],
  ['edges', 'depth'],
  ['cuda'],
  ['tensorrt'],
  ['binding'],
];
const MAX_LINES = 400;
/** What runs in the browser as well. */
const FOR_THE_PAGE: readonly string[] = ['src/outputs/palette.ts', 'src/remedies.ts'];

/** Who reads the environment besides src/config, and why. */
const ENVIRONMENT_READERS: Readonly<Record<string, string>> = {
  'src/cli/main.ts': 'SAMWIRE_LOG_LEVEL is an option of every command, also of those without a config',
  'src/cli/open-browser.ts': 'whether there is a display to open the console on',
  'src/demo/broker.ts':
    'hands its own environment on to the Mosquitto that it starts, with /usr/sbin on the PATH',
  'src/onnx/no-telemetry.ts': 'sets the variable by which onnxruntime sends no usage data',
};

interface Source {
  /** From the repository's root. */
  readonly path: string;
  readonly text: string;
}

interface Import {
  readonly from: string;
  readonly to: string;
  /** Gone after compilation: `import type`. */
  readonly typeOnly: boolean;
}

function filesUnder(folder: string, names: RegExp): Source[] {
  return readdirSync(join(PACKAGE_ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && names.test(entry.name))
    .map((entry) => relative(PACKAGE_ROOT, join(entry.parentPath, entry.name)))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(PACKAGE_ROOT, path), 'utf8') }));
}

const SOURCES = filesUnder('src', /\.ts$/);
const NATIVE = filesUnder('native', /\.(h|cc|cu)$/);
/** The page; Vite bundles it. */
const CONSOLE = filesUnder('console/src', /\.tsx?$/);
const PATHS = new Set([...SOURCES, ...NATIVE].map(({ path }) => path));

const STATEMENT =
  /^\s*(?:import|export)\s(?!\s*(?:const|function|class|interface|async)\b)([^;'"]*?from\s+)?['"]([^'"]+)['"]/gm;
const DYNAMIC = /\bimport\(\s*['"]([^'"]+)['"]\s*\)/g;

function importsOf({ path, text }: Source): Import[] {
  const target = (specifier: string): string =>
    normalize(join(dirname(path), specifier)).replace(/\.js$/, '.ts');
  return [
    ...[...text.matchAll(STATEMENT)].map(([whole, , to]) => ({
      to,
      typeOnly: /^\s*import type\s/.test(whole),
    })),
    ...[...text.matchAll(DYNAMIC)].map(([, to]) => ({ to, typeOnly: false })),
  ].flatMap(({ to, typeOnly }) => (to?.startsWith('.') ? [{ from: path, to: target(to), typeOnly }] : []));
}

function includesOf({ path, text }: Source): Import[] {
  return [...text.matchAll(/^#include "([^"]+)"/gm)].map(([, to]) => ({
    from: path,
    to: `native/${to}`,
    typeOnly: false,
  }));
}

const IMPORTS = SOURCES.flatMap(importsOf);
const INCLUDES = NATIVE.flatMap(includesOf);

/** `segment` of src/segment/onnx/sam/decode.ts, `main` of src/main.ts. */
const partOf = (path: string): string => path.split('/')[1]?.replace(/\.ts$/, '') ?? '';
const named = ({ from, to }: Import): string => `${from} → ${to}`;

function upward(imports: readonly Import[], rows: readonly (readonly string[])[]): string[] {
  const rowOf = (path: string): number => rows.findIndex((row) => row.includes(partOf(path)));
  return imports.filter(({ from, to }) => partOf(from) !== partOf(to) && rowOf(to) >= rowOf(from)).map(named);
}

/** The first ring of imports that is found, as a list of files. */
function ring(imports: readonly Import[]): string[] {
  const targets = new Map<string, string[]>();
  for (const { from, to } of imports) targets.set(from, [...(targets.get(from) ?? []), to]);
  const done = new Set<string>();
  const visit = (path: string, way: readonly string[]): string[] => {
    if (way.includes(path)) return [...way.slice(way.indexOf(path)), path];
    if (done.has(path)) return [];
    for (const next of targets.get(path) ?? []) {
      const found = visit(next, [...way, path]);
      if (found.length > 0) return found;
    }
    done.add(path);
    return [];
  };
  for (const path of targets.keys()) {
    const found = visit(path, []);
    if (found.length > 0) return found;
  }
  return [];
}

describe('the reading of imports', () => {
  it('finds those that are there', () => {
    expect(IMPORTS.length).toBeGreaterThan(SOURCES.length);
    expect(INCLUDES.length).toBeGreaterThan(NATIVE.length);
    expect(IMPORTS).toContainEqual({
      from: 'src/pipeline/service.ts',
      to: 'src/mqtt/service.ts',
      typeOnly: true,
    });
    expect(IMPORTS).toContainEqual({ from: 'src/cli/main.ts', to: 'src/cli/run.ts', typeOnly: false });
  });

  it('resolves each of them to a file', () => {
    expect([...IMPORTS, ...INCLUDES].filter(({ to }) => !PATHS.has(to)).map(named)).toEqual([]);
  });

  it('sees an import that goes up, one between neighbours, and a ring', () => {
    const up = { from: 'src/frames/camera.ts', to: 'src/pipeline/service.ts', typeOnly: true };
    const across = { from: 'src/mqtt/node.ts', to: 'src/segment/segmenter.ts', typeOnly: false };
    const down = { from: 'src/mqtt/node.ts', to: 'src/errors.ts', typeOnly: false };
    expect(upward([up, across, down], ROWS)).toEqual([named(up), named(across)]);
    expect(ring([down, { from: down.to, to: down.from, typeOnly: false }])).toEqual([
      down.from,
      down.to,
      down.from,
    ]);
    expect(ring([up, across, down])).toEqual([]);
  });
});

describe('src/', () => {
  it('has a row for each of its parts', () => {
    expect([...new Set(SOURCES.map(({ path }) => partOf(path)))].sort()).toEqual(ROWS.flat().sort());
  });

  it('imports downwards only', () => {
    expect(upward(IMPORTS, ROWS)).toEqual([]);
  });

  it('has no ring of files that import each other, types included', () => {
    expect(ring(IMPORTS)).toEqual([]);
  });

  it('lets the pipeline know interfaces, never a backend or the link to the broker', () => {
    const known = IMPORTS.filter(
      ({ from, to }) => partOf(from) === 'pipeline' && ['segment', 'mqtt'].includes(partOf(to)),
    );
    expect(known.filter(({ typeOnly }) => !typeOnly).map(named)).toEqual([]);
    expect([...new Set(known.map(({ to }) => to))].sort()).toEqual([
      'src/mqtt/service.ts',
      'src/segment/segmenter.ts',
    ]);
  });

  it('chooses a backend in src/segment/create.ts alone', () => {
    const outside = IMPORTS.filter(
      ({ from, to }) => to.startsWith('src/segment/onnx/') && !from.startsWith('src/segment/onnx/'),
    );
    expect(outside.map(({ from }) => from)).toEqual(['src/segment/create.ts']);
  });

  it('loads the addon in one place', () => {
    const loaders = SOURCES.filter(({ text }) => /createRequire|process\.dlopen|\.node['"`]/.test(text));
    // The other requires the copy of mqtt-packet that mqtt has.
    expect(loaders.map(({ path }) => path)).toEqual(['src/mqtt/packet-lengths.ts', 'src/native/addon.ts']);
  });

  it('reads the environment in src/config, and where there is a reason', () => {
    const readers = SOURCES.filter(({ text }) => /process\.env|\.env\(/.test(text)).map(({ path }) => path);
    const others = readers.filter((path) => partOf(path) !== 'config');
    expect(others).toEqual(Object.keys(ENVIRONMENT_READERS));
  });

  it('has no default exports and no barrel files', () => {
    const reExport = /^export\s+(?:type\s+)?(?:\*|\{[^}]*\})[^;]*\sfrom\s/m;
    const offenders = SOURCES.filter(({ text }) => /^export default\b/m.test(text) || reExport.test(text));
    expect(offenders.map(({ path }) => path)).toEqual([]);
  });
});

describe('console/', () => {
  it('takes types from src/, the colours of masks and the remedies; nothing that needs Node', () => {
    const known = CONSOLE.flatMap(importsOf).filter(({ to }) => to.startsWith('src/'));
    expect(known.length).toBeGreaterThan(0);
    const values = known.filter(({ typeOnly, to }) => !typeOnly && !FOR_THE_PAGE.includes(to));
    expect(values.map(named)).toEqual([]);
  });

  it('has no default exports', () => {
    expect(CONSOLE.filter(({ text }) => /^export default\b/m.test(text)).map(({ path }) => path)).toEqual([]);
  });
});

describe('native/', () => {
  it('has a row for each of its folders', () => {
    expect([...new Set(NATIVE.map(({ path }) => partOf(path)))].sort()).toEqual(NATIVE_ROWS.flat().sort());
  });

  it('includes downwards only', () => {
    expect(upward(INCLUDES, NATIVE_ROWS)).toEqual([]);
  });

  it('knows Node in binding/ only', () => {
    const knowing = NATIVE.filter(({ text }) =>
      /#include [<"](?:napi|node_api|js_native_api|uv)\b/.test(text),
    );
    expect(knowing.length).toBeGreaterThan(0);
    expect(knowing.filter(({ path }) => partOf(path) !== 'binding').map(({ path }) => path)).toEqual([]);
  });
});

describe('a source file', () => {
  it(`has at most ${MAX_LINES} lines`, () => {
    const lines = ({ text }: Source): number => text.trimEnd().split('\n').length;
    const long = [...SOURCES, ...CONSOLE, ...NATIVE].filter((file) => lines(file) > MAX_LINES);
    expect(long.map((file) => `${file.path}: ${lines(file)}`)).toEqual([]);
  });
});

describe('docs/architecture.md', () => {
  it('shows the rows as they are', () => {
    const page = readFileSync(join(PACKAGE_ROOT, 'docs/architecture.md'), 'utf8');
    const shown = [...page.matchAll(/^\| (\d+) \| (.*) \|$/gm)].map(([, row, text]) => ({
      row: Number(row),
      parts: [...(text ?? '').matchAll(/`src\/([a-z]+)(?:\.ts)?`/g)].map(([, part]) => part).sort(),
    }));
    expect(shown.reverse()).toEqual(ROWS.map((parts, i) => ({ row: i + 1, parts: [...parts].sort() })));
  });
});
