import type { JSX } from 'preact';
import { remember, remembered } from './remembered.js';

const KEY = 'welcomed';

export function wasWelcomed(): boolean {
  return remembered(KEY) !== null;
}

/** What to do here, once; `onDone` after it was put away. */
export function Welcome({ onDone }: { readonly onDone: () => void }): JSX.Element {
  // As the line above the picture says it.
  const click = matchMedia('(pointer: coarse)').matches ? 'Tap' : 'Click';
  return (
    <section class="welcome" aria-labelledby="welcome-title" data-testid="welcome">
      <h2 id="welcome-title">This is what the camera sees. Ask for anything in it:</h2>
      <ol>
        <li>
          <b>{click}</b> on a thing: its outline appears.
        </li>
        <li>
          <b>Drag a box</b> round it where a {click.toLowerCase()} finds too much or too little.
        </li>
        <li>
          <b>Follow</b> it: the outline stays on it while it moves.
        </li>
      </ol>
      <button
        type="button"
        class="primary"
        onClick={() => {
          remember(KEY, 'yes');
          onDone();
        }}
      >
        Got it
      </button>
    </section>
  );
}
