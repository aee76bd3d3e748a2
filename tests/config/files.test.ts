import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { withConfigTable } from '../../src/config/docs-table.js';
import { configJsonSchemaText, configKeys } from '../../src/config/json-schema.js';
import { parseConfig } from '../../src/config/load.js';
import { defaultNodeId } from '../../src/config/names.js';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const example = read('config/samwire.yaml');

/**
 * The example with every switched-off setting switched on (`#key:`, no blank after the `#`). Where one is another
 * value of the key on the line before it, it takes that line's place.
 */
function everythingOn(text: string): string {
  const lines: string[] = [];
  for (const line of text.split('\n')) {
    const [, indent, rest] = /^( *)#([A-Za-z].*)$/.exec(line) ?? [];
    if (indent === undefined || rest === undefined) {
      lines.push(line);
      continue;
    }
    const key = `${indent}${rest.split(':')[0]}:`;
    const same = lines.findIndex((before, index) => index > lines.length - 3 && before.startsWith(key));
    if (same >= 0) lines.splice(same, 1);
    lines.push(`${indent}${rest}`);
  }
  return lines.join('\n');
}

/** Every key path in the values of a config text, cameras under <name>. */
function keysIn(value: unknown, place: readonly string[] = []): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([key, child]) => {
    const isCamera = place.length === 1 && place[0] === 'cameras';
    const path = [...place, isCamera ? '<name>' : key];
    return [...(isCamera ? [] : [path.join('.')]), ...keysIn(child, path)];
  });
}

describe('config/schema.json', () => {
  it('is what the schema that validates makes (else run node dist/config/generate.js)', () => {
    expect(read('config/schema.json')).toBe(configJsonSchemaText());
  });

  it('says nothing of the machine that it was made on', () => {
    expect(configJsonSchemaText()).not.toContain(`"${defaultNodeId()}"`);
  });
});

describe('config/samwire.yaml', () => {
  it('is valid as it stands, on any machine, and warns of nothing', () => {
    const { config, warnings } = parseConfig(example, '/etc/samwire/samwire.yaml');
    expect(warnings).toEqual([]);
    expect(config.mqtt.url).toBe('mqtt://127.0.0.1:1883');
    expect(config.cameras.front?.source).toBe('test://pattern');
  });

  it('shows the defaults: it is the smallest config, but for the camera', () => {
    const minimal = parseConfig(
      "version: 1\nmqtt: { url: mqtt://127.0.0.1:1883 }\ncameras: { front: { source: 'test://pattern', width: 1280, height: 720, fps: 15 } }",
      '/etc/samwire/samwire.yaml',
    );
    expect(parseConfig(example, '/etc/samwire/samwire.yaml').config).toEqual(minimal.config);
  });

  it('is valid with everything switched on that it offers', () => {
    const { config } = parseConfig(everythingOn(example), '/etc/samwire/samwire.yaml');
    expect(config.mqtt.url).toBe('mqtts://broker.local:8883');
    expect(config.mqtt.tls?.key).toBe('/etc/samwire/node.key');
    expect(Object.keys(config.cameras)).toEqual([
      'front',
      'csi',
      'usb',
      'gate',
      'clip',
      'shared',
      'anything',
    ]);
    expect(config.cameras.front?.detections?.frameSize).toEqual([1280, 720]);
  });

  it('shows every key of the schema', () => {
    const { config } = parseConfig(everythingOn(example), '/etc/samwire/samwire.yaml');
    const shown = new Set(keysIn(config));
    expect(
      configKeys()
        .map(({ path }) => path)
        .filter((path) => !shown.has(path)),
    ).toEqual([]);
    for (const { path } of configKeys()) expect(example).toMatch(new RegExp(`\\b${path.split('.').at(-1)}:`));
  });
});

describe('docs/config.md', () => {
  const page = read('docs/config.md');

  it('has the table that the schema makes (else run node dist/config/generate.js)', () => {
    expect(page).toBe(withConfigTable(page));
  });

  it('has a row for every key, each with a meaning', () => {
    for (const { path, schema } of configKeys()) {
      expect(page).toContain(`| \`${path}\` |`);
      expect(schema.description, path).toBeTruthy();
    }
  });

  it('has YAML that is valid', () => {
    const blocks = [...page.matchAll(/```yaml\n(.*?)```/gs)].map(([, block]) => block ?? '');
    expect(blocks.length).toBeGreaterThan(0);
    for (const block of blocks) parseConfig(block, '/etc/samwire/samwire.yaml');
  });
});
