import type { JSX } from 'preact';
import type { Tone, Words } from './words.js';

/** A shape for each tone: who sees no colours tells them apart too. */
const SHAPES: Readonly<Record<Tone, JSX.Element>> = {
  good: (
    <>
      <circle cx="8" cy="8" r="7" fill="currentColor" />
      <path class="cut" d="M4.6 8.2 7 10.6 11.4 5.8" />
    </>
  ),
  busy: <path class="stroke turning" d="M8 2a6 6 0 1 1-5.7 4.1" />,
  warn: (
    <>
      <path d="M8 1 15.5 14.5H.5Z" fill="currentColor" stroke="currentColor" stroke-linejoin="round" />
      <path class="cut" d="M8 6v4M8 12.4v.1" />
    </>
  ),
  bad: (
    <>
      <path d="M5 1h6l4 4v6l-4 4H5l-4-4V5Z" fill="currentColor" />
      <path class="cut" d="m5.5 5.5 5 5m0-5-5 5" />
    </>
  ),
  off: <path class="stroke" d="M2 8h12" />,
};

export function Mark({ tone }: { readonly tone: Tone }): JSX.Element {
  return (
    <svg class={`mark ${tone}`} viewBox="0 0 16 16" aria-hidden="true" data-tone={tone}>
      {SHAPES[tone]}
    </svg>
  );
}

/** A state: its shape and its name. */
export function StateOf({ words }: { readonly words: Words }): JSX.Element {
  return (
    <span class={`state ${words.tone}`}>
      <Mark tone={words.tone} />
      {words.name}
    </span>
  );
}
