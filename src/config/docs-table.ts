import { type ConfigKey, configKeys, type JsonSchema } from './json-schema.js';

const BEGIN = '<!-- keys: begin (made by dist/config/generate.js) -->';
const END = '<!-- keys: end -->';

/** docs/config.md with its table of keys made anew from the schema. */
export function withConfigTable(page: string): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`Expected the lines ${BEGIN} and ${END} in the page.`);
  return `${page.slice(0, begin + BEGIN.length)}\n\n${configTable()}\n${page.slice(end)}`;
}

/** One row a key: path, type and range, default, meaning. */
function configTable(): string {
  const rows = configKeys().map(
    (key) =>
      `| \`${key.path}\` | ${cell(typeText(key))} | ${cell(defaultText(key))} | ${cell(key.schema.description ?? '')} |`,
  );
  return ['| key | type and range | default | meaning |', '|---|---|---|---|', ...rows, ''].join('\n');
}

function cell(text: string): string {
  return text.replace(/\|/g, '\\|');
}

function defaultText({ schema, required }: ConfigKey): string {
  if (required) return '**required**';
  if (schema.default === undefined || schema.type === 'object') return '';
  return `\`${JSON.stringify(schema.default).replace(/^"(.*)"$/, '$1')}\``;
}

function typeText({ path, schema }: ConfigKey): string {
  const [number, text] = schema.anyOf ?? [];
  const isDuration = text?.type === 'string' && (number?.type === 'integer' || number?.const === 0);
  if (isDuration) return `duration${rangeText(number, unitOf(path))}`;
  return plainType(schema, unitOf(path));
}

function plainType(schema: JsonSchema, unit: string): string {
  if (schema.anyOf?.every((one) => one.enum || one.const !== undefined)) {
    // YAML's number 5 and the text "5" are one choice to a reader.
    const values = schema.anyOf.flatMap((one) => one.enum ?? [one.const]).map(String);
    return plainType({ enum: [...new Set(values)] }, unit);
  }
  if (schema.anyOf) return schema.anyOf.map((one) => plainType(one, unit)).join(' or ');
  if (schema.enum) return schema.enum.map((value) => `\`${value}\``).join(', ');
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (Array.isArray(schema.items)) {
    const whole = schema.items.every(({ type }: JsonSchema) => type === 'integer');
    return `list of ${schema.items.length} ${whole ? 'integers' : 'numbers'}`;
  }
  if (schema.items) return `list of ${plainType(schema.items as JsonSchema, unit)}`;
  const types = [schema.type ?? ''].flat().map((type) => TYPE_NAMES[type] ?? type);
  return `${types.join(' or ')}${rangeText(schema, unit)}`;
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'text',
  object: 'mapping',
  boolean: '`true`, `false`',
  null: '`null`',
};

function rangeText({ minimum, maximum }: JsonSchema, unit: string): string {
  return minimum === undefined ? '' : `, ${minimum} to ${maximum}${unit}`;
}

function unitOf(path: string): string {
  const [, suffix] = /(PerSec|Ms|Sec|Px|Bytes|Pixels)$/.exec(path) ?? [];
  const units: Record<string, string> = {
    PerSec: ' a second',
    Ms: ' ms',
    Sec: ' s',
    Px: ' pixels',
    Bytes: ' bytes',
    Pixels: ' pixels',
  };
  return suffix ? (units[suffix] ?? '') : '';
}
