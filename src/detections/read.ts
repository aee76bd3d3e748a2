/** From a detector's bytes to detections, whichever of the formats they have (docs/detections.md). */
import { type FaultDetail, SamwireError } from '../errors.js';
import { check, faultsOf, messageText, parseJson, rendered } from '../prompts/json.js';
import type { Adapter, RawDetection } from './adapter.js';
import { coco } from './coco.js';
import { deepstreamFull } from './deepstream-full.js';
import { deepstreamMinimal } from './deepstream-minimal.js';
import { dlstreamer } from './dlstreamer.js';
import { isObject, present } from './fields.js';
import { frigate } from './frigate.js';
import { maskIds } from './ids.js';
import { roboflow } from './roboflow.js';
import { samwire } from './samwire.js';
import type { Detection, Detections, Format, RefusedDetection } from './types.js';
import { ultralytics } from './ultralytics.js';
import { visionMsgs } from './vision-msgs.js';

/** Those that have a shape of their own first; an empty list is the first one's that could mean it. */
const ADAPTERS: readonly Adapter[] = [
  deepstreamFull,
  frigate,
  deepstreamMinimal,
  dlstreamer,
  visionMsgs,
  ultralytics,
  coco,
  roboflow,
  samwire,
];
/** Detections that one message may hold. */
const MAX_DETECTIONS = 4_096;
const MAX_KEYS_NAMED = 8;
/** Arrays within arrays that an error describes. */
const MAX_ARRAYS_NAMED = 3;

export interface ReadOptions {
  readonly format: Format | 'auto';
  /** A larger payload is not read. */
  readonly maxBytes: number;
}

/**
 * @throws SamwireError `too_large`, `invalid_json`, `unsupported_detections` for a shape that is none of these or not the one of `format`,
 *   `invalid_message` for what the payload says besides its boxes, `too_many_prompts`.
 */
export function readDetections(payload: Uint8Array | string, { format, maxBytes }: ReadOptions): Detections {
  const value = parseLeniently(messageText(payload, maxBytes));
  const adapter = adapterFor(value, format);
  const facts = check(adapter.facts, value);
  const items = adapter.items(value) ?? [];
  if (items.length > MAX_DETECTIONS)
    throw new SamwireError(
      'too_many_prompts',
      `Expected at most ${MAX_DETECTIONS} detections, got ${items.length}. Nothing was segmented.`,
    );
  return { ...facts, format: adapter.format, ...readItems(adapter, items) };
}

/** What Python's json writes for numbers that are none is no JSON: they become null, so that their box alone is refused. */
function parseLeniently(text: string): unknown {
  try {
    return parseJson(text);
  } catch (fault) {
    const mended = withoutNonNumbers(text);
    if (mended === text) throw fault;
    return parseJson(mended);
  }
}

/** One walk over the text, however many quotes it has, and whether they close or not. */
function withoutNonNumbers(text: string): string {
  let mended = '';
  let done = 0;
  let at = 0;
  let inText = false;
  for (const { 0: token, index } of text.matchAll(/-?\b(?:NaN|Infinity)\b/g)) {
    for (; at < index; at++) {
      const character = text[at];
      if (character === '"') inText = !inText;
      else if (character === '\\' && inText) at++;
    }
    if (inText) continue;
    mended += `${text.slice(done, index)}null`;
    done = index + token.length;
    at = done;
  }
  return mended + text.slice(done);
}

function adapterFor(value: unknown, format: ReadOptions['format']): Adapter {
  const recognised = ADAPTERS.filter((adapter) => adapter.recognises(value));
  const adapter =
    format === 'auto'
      ? recognised[0]
      : ADAPTERS.find((known) => known.format === format && isReadable(known, value));
  if (adapter) return adapter;
  const got = shapeOf(value);
  if (format === 'auto')
    throw unsupported(
      'the detections of a known format (docs/detections.md), with boxes',
      got,
      `Known are ${ADAPTERS.map((known) => known.format).join(', ')}.`,
    );
  const { shape } = ADAPTERS.find((known) => known.format === format) as Adapter;
  const like = recognised[0] ? ` that looks like ${recognised[0].format}` : '';
  throw unsupported(`${format}: ${shape}`, `${got}${like}`, 'The config fixes the format.');
}

function isReadable({ recognises, items }: Adapter, value: unknown): boolean {
  return recognises(value) || items(value)?.length === 0;
}

function unsupported(expected: string, got: string, more: string): SamwireError {
  return new SamwireError('unsupported_detections', `Expected ${expected}; got ${got}. ${more}`, {
    details: [{ path: '', expected, got }],
  });
}

function shapeOf(value: unknown, arrays = 0): string {
  if (Array.isArray(value)) {
    if (value.length === 0) return 'an empty array';
    const what = `an array of ${value.length}`;
    return arrays === MAX_ARRAYS_NAMED ? what : `${what}, the first of them ${shapeOf(value[0], arrays + 1)}`;
  }
  if (!isObject(value)) return rendered(value);
  const keys = Object.keys(value);
  const named = keys.slice(0, MAX_KEYS_NAMED).map(rendered).join(', ');
  return keys.length === 0
    ? 'an empty object'
    : `an object with ${named}${keys.length > MAX_KEYS_NAMED ? ', …' : ''}`;
}

function readItems(
  { item, list = 'detections' }: Adapter,
  items: readonly unknown[],
): { readonly detections: readonly Detection[]; readonly refused: readonly RefusedDetection[] } {
  const read = items.map((raw): RawDetection | FaultDetail => {
    const result = item.safeParse(raw);
    if (result.success) return result.data;
    const [first] = faultsOf(result.error, raw);
    return first ?? { path: '', expected: 'a detection', got: rendered(raw) };
  });
  const ids = maskIds(read.map((found) => ('box' in found ? found.id : undefined)));
  const detections: Detection[] = [];
  const refused: RefusedDetection[] = [];
  for (const [index, found] of read.entries()) {
    const id = ids[index] ?? { id: String(index), named: false };
    if ('box' in found) {
      const { label, confidence, box } = found;
      detections.push({ ...id, ...present({ label, confidence }), box });
    } else {
      const path = `${list}[${index}]`;
      refused.push({
        id: id.id,
        fault: { ...found, path: `${path}${found.path === '' ? '' : `.${found.path}`}` },
      });
    }
  }
  return { detections, refused };
}
