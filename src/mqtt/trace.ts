/** W3C Trace Context in MQTT 5 user properties: what a sender's message brings is carried to every answer (docs/mqtt.md). */

/** Both within the standard's form, so that they cost an answer a bounded number of bytes. */
export interface TraceContext {
  /** 55 characters: version, trace id, the sender's span id, flags. */
  readonly traceparent: string;
  /** At most {@link MAX_TRACESTATE_CHARACTERS}. */
  readonly tracestate?: string;
}

const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** What every vendor has to carry; a longer one may be dropped whole (W3C Trace Context, 3.3.1.5). */
export const MAX_TRACESTATE_CHARACTERS = 512;
const MAX_MEMBERS = 32;
const KEY = /^(?:[a-z0-9][a-z0-9_\-*/]{0,255}|[a-z0-9][a-z0-9_\-*/]{0,240}@[a-z][a-z0-9_\-*/]{0,13})$/;
/** Printable ASCII without comma and equals sign; the last one is no space. */
const VALUE = /^[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;

/** The sender's trace context where it has a valid one; a `tracestate` goes with a valid `traceparent` only. */
export function traceOf(userProperties: unknown): TraceContext | undefined {
  const traceparent = own(userProperties, 'traceparent');
  if (typeof traceparent !== 'string' || !TRACEPARENT.test(traceparent)) return undefined;
  const tracestate = tracestateOf(own(userProperties, 'tracestate'));
  return { traceparent, ...(tracestate === undefined ? {} : { tracestate }) };
}

/** As user properties of an answer. */
export function traceProperties(trace: TraceContext | undefined): Readonly<Record<string, string>> {
  if (trace === undefined) return {};
  const { traceparent, tracestate } = trace;
  return { traceparent, ...(tracestate === undefined ? {} : { tracestate }) };
}

function own(properties: unknown, name: string): unknown {
  if (typeof properties !== 'object' || properties === null || !Object.hasOwn(properties, name))
    return undefined;
  return (properties as Readonly<Record<string, unknown>>)[name];
}

/** Several properties of that name are one list, in their order. */
function tracestateOf(value: unknown): string | undefined {
  const list = (Array.isArray(value) ? value : [value]).filter((part) => typeof part === 'string').join(',');
  if (list === '' || list.length > MAX_TRACESTATE_CHARACTERS) return undefined;
  const members = list
    .split(',')
    .map((member) => member.replace(/^[ \t]+|[ \t]+$/g, ''))
    .filter((member) => member !== '');
  const keys = members.map((member) => member.slice(0, member.indexOf('=')));
  const valid =
    members.length > 0 &&
    members.length <= MAX_MEMBERS &&
    new Set(keys).size === keys.length &&
    members.every(
      (member, i) => KEY.test(keys[i] ?? '') && VALUE.test(member.slice(member.indexOf('=') + 1)),
    );
  return valid ? members.join(',') : undefined;
}
