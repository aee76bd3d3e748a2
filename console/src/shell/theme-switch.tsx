import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { chooseTheme, chosenTheme, nextTheme, type Theme } from './theme.js';

const NAMES: Readonly<Record<Theme, string>> = {
  system: 'as the system',
  light: 'light',
  dark: 'dark',
};

const ICONS: Readonly<Record<Theme, string>> = {
  system: 'M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Zm0 2v10A5 5 0 0 1 8 3Z',
  light:
    'M8 4.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7ZM7.3 0h1.4v3H7.3zm0 13h1.4v3H7.3zM0 7.3h3v1.4H0zm13 0h3v1.4h-3zM2 3l1-1 2.1 2.1-1 1zm8.9 8.9 1-1L14 13l-1 1zM3 14l-1-1 2.1-2.1 1 1zM11.9 5.1l-1-1L13 2l1 1z',
  dark: 'M6.2 1.2A7 7 0 1 0 14.8 10 5.8 5.8 0 0 1 6.2 1.2Z',
};

/** System, light, dark, and round again; remembered. */
export function ThemeSwitch(): JSX.Element {
  const [theme, setTheme] = useState(chosenTheme);
  const next = nextTheme(theme);
  const label = `Colours: ${NAMES[theme]}. Switch to ${NAMES[next]}`;
  return (
    <button
      type="button"
      class="icon"
      aria-label={label}
      title={label}
      data-testid="theme"
      data-state={theme}
      onClick={() => {
        chooseTheme(next);
        setTheme(next);
      }}
    >
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d={ICONS[theme]} fill="currentColor" />
      </svg>
    </button>
  );
}
