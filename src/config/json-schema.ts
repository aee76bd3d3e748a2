import { z } from 'zod';
import { ConfigSchema } from './schema.js';

/** The part of JSON Schema (draft 7) that the config's schema uses. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly anyOf?: readonly JsonSchema[];
  readonly items?: JsonSchema | readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly required?: readonly string[];
}

let made: JsonSchema | undefined;

/** The config file's JSON Schema, as config/schema.json holds it for editors. */
function configJsonSchema(): JsonSchema {
  made ??= {
    ...z.toJSONSchema(ConfigSchema, { io: 'input', target: 'draft-7' }),
    title: 'Samwire configuration',
  } as JsonSchema;
  return made;
}

/** config/schema.json's text. */
export function configJsonSchemaText(): string {
  return `${JSON.stringify(configJsonSchema(), null, 2)}\n`;
}

export interface ConfigKey {
  /** As users write it: "cameras.<name>.fps". */
  readonly path: string;
  readonly schema: JsonSchema;
  readonly required: boolean;
}

/** Every key of the config, mappings before what they hold, in the schema's order. */
export function configKeys(): readonly ConfigKey[] {
  return keysOf(configJsonSchema(), '');
}

function keysOf(schema: JsonSchema, prefix: string): ConfigKey[] {
  const keys: ConfigKey[] = [];
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    const path = `${prefix}${name}`;
    keys.push({ path, schema: child, required: schema.required?.includes(name) ?? false });
    keys.push(...keysOf(child, `${path}.`));
  }
  if (typeof schema.additionalProperties === 'object') {
    keys.push(...keysOf(schema.additionalProperties, `${prefix}<name>.`));
  }
  return keys;
}

/** The keys that the mapping at this place may have; empty where the config has no mapping. */
export function knownKeys(place: readonly PropertyKey[]): readonly string[] {
  let schema: JsonSchema | undefined = configJsonSchema();
  for (const step of place) {
    const open: JsonSchema | undefined =
      typeof schema?.additionalProperties === 'object' ? schema.additionalProperties : undefined;
    schema = typeof step === 'string' ? (own(schema?.properties, step) ?? open) : undefined;
  }
  return Object.keys(schema?.properties ?? {});
}

function own<T>(record: Readonly<Record<string, T>> | undefined, key: string): T | undefined {
  return record && Object.hasOwn(record, key) ? record[key] : undefined;
}
