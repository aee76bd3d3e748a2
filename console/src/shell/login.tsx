import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, request } from '../api/request.js';
import type { ConnectionState } from '../live/connection.js';
import { remember, remembered } from './remembered.js';

/** Set when this browser has logged in: the cookie itself is hidden from scripts. */
const LOGGED_IN = 'loggedIn';

/** What a refused login says. */
function refusal(error: unknown): string {
  if (!(error instanceof ApiError)) return 'The login failed. Try again.';
  if (error.code === 'unauthorized')
    return 'That is not the token. It stands in the file that http.tokenFile names.';
  return error.message;
}

/** Asks for the token; `onDone` after the node has taken it. */
export function Login({ onDone }: { readonly onDone: () => void }): JSX.Element {
  const field = useRef<HTMLInputElement>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => field.current?.focus(), []);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const token = field.current?.value.trim() ?? '';
    if (token === '') return setProblem('Type the token in.');
    setBusy(true);
    setProblem(null);
    try {
      await request('/api/login', { body: { token } });
      remember(LOGGED_IN, 'yes');
      onDone();
    } catch (error) {
      setProblem(refusal(error));
      field.current?.select();
    } finally {
      setBusy(false);
    }
  };
  return (
    <main class="login">
      <form onSubmit={(event) => void submit(event)} aria-labelledby="login-title">
        <h2 id="login-title">Log in</h2>
        <p>
          This node asks for its token: the content of the file that <code>http.tokenFile</code> names in its
          config.
        </p>
        <label for="token">Token</label>
        <input
          id="token"
          ref={field}
          type="password"
          autocomplete="current-password"
          aria-invalid={problem !== null}
          aria-describedby="login-problem"
        />
        <p id="login-problem" class="problem" role="alert">
          {problem}
        </p>
        <button type="submit" class="primary" disabled={busy}>
          {busy ? 'Logging in …' : 'Log in'}
        </button>
      </form>
    </main>
  );
}

export interface LogoutProps {
  readonly connection: ConnectionState;
  readonly onLogout: () => void;
}

/** Only where this browser has logged in. */
export function Logout({ connection, onLogout }: LogoutProps): JSX.Element | null {
  if (connection === 'unauthorized' || remembered(LOGGED_IN) === null) return null;
  const logout = async (): Promise<void> => {
    try {
      await request('/api/logout', { method: 'POST' });
    } catch (error) {
      // A cookie that is no good any more is as good as none.
      if (error instanceof ApiError && error.status === 0) return;
    }
    remember(LOGGED_IN, null);
    onLogout();
  };
  return (
    <button type="button" onClick={() => void logout()}>
      Log out
    </button>
  );
}
