import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { KEYS_HELP } from '../stage/keys.js';

/** A button that opens a dialog, and the key `?`; the browser keeps the focus in it and Escape closes it. */
export function KeysHelp({ onWelcome }: { readonly onWelcome: () => void }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const close = (): void => dialog.current?.close();
  useEffect(() => {
    const onKey = ({ key, target }: KeyboardEvent): void => {
      if (key === '?' && !(target instanceof HTMLInputElement) && !dialog.current?.open)
        dialog.current?.showModal();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
  return (
    <>
      <button
        type="button"
        class="icon"
        aria-label="Help: mouse and keys"
        title="Help: mouse and keys"
        onClick={() => dialog.current?.showModal()}
      >
        <svg viewBox="0 0 16 16" aria-hidden="true">
          <path class="stroke" d="M5 5.6a3 3 0 1 1 4.6 2.5C8.5 8.9 8 9.4 8 10.5M8 13.6v.1" />
        </svg>
      </button>
      <dialog ref={dialog} aria-labelledby="keys-title" class="help">
        {/* First of what can have the focus, so that the dialog opens at its top. */}
        <div class="row">
          <h2 id="keys-title">Mouse and keys</h2>
          <button type="button" class="primary" onClick={close}>
            Close
          </button>
        </div>
        <dl>
          {KEYS_HELP.map(([how, what]) => (
            <div key={how}>
              <dt>{how}</dt>
              <dd>{what}</dd>
            </div>
          ))}
        </dl>
        <button
          type="button"
          onClick={() => {
            close();
            onWelcome();
          }}
        >
          Show the introduction
        </button>
      </dialog>
    </>
  );
}
