import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FAMILIES, FILTERS, manifestKeys, PRECISIONS, parseManifest } from '../../src/models/manifest.js';
import { recipes } from '../../src/models/recipes.js';
import { PACKAGE_ROOT } from '../../src/native/addon.js';

const [MODELS, MANIFEST] = ['docs/models.md', 'docs/manifest.md'].map((page) =>
  readFileSync(join(PACKAGE_ROOT, page), 'utf8'),
);
const DOCS = `${MODELS}${MANIFEST}`;

const PATHS = [
  ...new Set(
    FAMILIES.flatMap((family) =>
      manifestKeys([], family).flatMap((key) => {
        const inner = manifestKeys([key], family);
        return inner.length === 0 ? [key] : inner.map((name) => `${key}.${name}`);
      }),
    ),
  ),
];

describe('docs/models.md and docs/manifest.md', () => {
  it.each(PATHS)('says what %s means', (path) => {
    expect(DOCS).toContain(`\`${path}\``);
  });

  it('names no key that a manifest can not have', () => {
    const named = [
      ...DOCS.matchAll(
        /`((?:encoder|decoder|image|prompt|mask|detector|proposals|everything)\.[A-Za-z0-9]+)`/g,
      ),
    ];
    expect(named.length).toBeGreaterThan(PATHS.length / 2);
    for (const [, path] of named) expect(PATHS).toContain(path);
  });

  it.each([
    ...FAMILIES,
    ...PRECISIONS,
    ...recipes().keys(),
    ...['letterbox', 'letterbox-centred', 'stretch', 'native', 'floor', 'round', 'half-even'],
    ...FILTERS,
    ...['rgb', 'bgr'],
    ...['after-normalise', 'letterbox-N', 'stretch-N', 'source', 'points-first', 'corners-first'],
    ...['never', 'no-box', 'always', 'direct', 'via-input', 'best-score', 'best-multi', 'official', 'stable'],
    ...['ready', 'files-missing', 'invalid-manifest', 'not-installed', 'refused'],
  ])('says what %s means', (value) => {
    expect(DOCS).toContain(`\`${value}\``);
  });

  it('shows a manifest that is valid but for its hashes', () => {
    const example = /```json\n([\s\S]*?)```/.exec(DOCS)?.[1] ?? '';
    const json = example.replaceAll('<64 hexadecimal digits>', '0'.repeat(64));
    expect(parseManifest(JSON.parse(json), 'docs/manifest.md').name).toBe('nanosam-resnet18');
  });
});
