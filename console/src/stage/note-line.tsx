import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { useStore } from '../state/store.js';
import type { StageModel } from './model.js';
import type { Busy } from './state.js';

/** Answers that come at once need no word about waiting. */
const SHOWN_AFTER_MS = 300;

/** What came about, for eyes and for screen readers; and that something is awaited. */
export function NoteLine({ model }: { readonly model: StageModel }): JSX.Element {
  const { note, busy } = useStore(model.state, (state) => state);
  const error = note?.kind === 'error' ? note : null;
  return (
    <div class="notes">
      <p class="note" role="status" data-testid="result">
        {note && !error ? note.text : ''}
      </p>
      <p class="note error" role="alert" data-testid="stage-error">
        {error && (
          <>
            <strong>{error.text}</strong> {error.remedy}
          </>
        )}
      </p>
      {busy && <Waiting key={busy.since} busy={busy} />}
    </div>
  );
}

const WAITING: Readonly<Record<Busy['what'], string>> = {
  prompt: 'Looking for the object',
  everything: 'Looking for everything',
  follow: 'Beginning to follow',
};

function Waiting({ busy }: { readonly busy: Busy }): JSX.Element | null {
  const [elapsedMs, setElapsedMs] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setElapsedMs(Date.now() - busy.since), SHOWN_AFTER_MS);
    return () => clearInterval(timer);
  }, [busy.since]);
  if (elapsedMs < SHOWN_AFTER_MS) return null;
  return (
    <p class="waiting">
      <progress aria-label={WAITING[busy.what]} />
      <span aria-hidden="true">
        {WAITING[busy.what]}… {Math.floor(elapsedMs / 1000)} s
      </span>
    </p>
  );
}
