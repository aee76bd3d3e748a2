import type { JSX } from 'preact';
import { partsOf } from './parts.js';

/** A text whose names of keys and commands stand out. */
export function Marked({ text }: { readonly text: string }): JSX.Element {
  return <>{partsOf(text).map((part) => (part.code ? <code>{part.text}</code> : part.text))}</>;
}
