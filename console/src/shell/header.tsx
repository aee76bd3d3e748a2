import type { JSX } from 'preact';
import type { LiveState } from '../live/state.js';
import { KeysHelp } from './keys-help.js';
import { Logout } from './login.js';
import { StateOf } from './mark.js';
import { ThemeSwitch } from './theme-switch.js';
import { brokerWords, connectionWords, nodeWords, type Words } from './words.js';

export interface HeaderProps {
  readonly state: LiveState;
  readonly onLogout: () => void;
  readonly onWelcome: () => void;
}

/** Which node this is, what it runs, and how it is. */
export function Header({ state, onLogout, onWelcome }: HeaderProps): JSX.Element {
  const { hello, status, connection } = state;
  return (
    <header class="head">
      <div class="name">
        <Logo />
        <h1>
          <span class="brand">Samwire</span> {hello?.node}
        </h1>
      </div>
      <dl class="facts">
        <Fact name="Connection" words={connectionWords(connection)} />
        {status && connection === 'open' && (
          <>
            <Fact name="Node" words={nodeWords(status.node)} />
            <Fact name="Broker" words={brokerWords(status.broker)} />
            <div>
              <dt>Model</dt>
              <dd data-testid="model">{modelText(status.node)}</dd>
            </div>
          </>
        )}
        {hello && (
          <div class="minor">
            <dt>Version</dt>
            <dd>{hello.version}</dd>
          </div>
        )}
      </dl>
      <div class="switches">
        <ThemeSwitch />
        <KeysHelp onWelcome={onWelcome} />
        <Logout connection={connection} onLogout={onLogout} />
      </div>
    </header>
  );
}

function Fact({ name, words }: { readonly name: string; readonly words: Words }): JSX.Element {
  const key = name.toLowerCase();
  return (
    <div data-testid={key} data-tone={words.tone}>
      <dt>{name}</dt>
      <dd>
        <StateOf words={words} />
        {words.tone === 'good' && words.text && <span class="minor"> {words.text}</span>}
      </dd>
    </div>
  );
}

function modelText({
  model,
  backend,
}: {
  readonly model: string | null;
  readonly backend: string | null;
}): string {
  if (model === null) return 'being loaded';
  return backend === null ? model : `${model} on ${backend}`;
}

/** A shape with a point on it: what Samwire does. */
function Logo(): JSX.Element {
  return (
    <svg class="logo" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="7" class="ground" />
      <path class="shape" d="M6 17c0-6 4-10 9-10 4 0 6 2 10 3 2 1 2 8-1 12s-8 4-12 2-6-3-6-7z" />
      <circle cx="16" cy="16" r="3" class="point" />
    </svg>
  );
}
