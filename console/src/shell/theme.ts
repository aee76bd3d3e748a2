import { remember, remembered } from './remembered.js';

/** `system`: as the machine is set, also when that changes. */
export type Theme = 'system' | 'light' | 'dark';

const ORDER: readonly Theme[] = ['system', 'light', 'dark'];
const KEY = 'theme';

export function chosenTheme(): Theme {
  const theme = remembered(KEY);
  return ORDER.find((known) => known === theme) ?? 'system';
}

export function nextTheme(theme: Theme): Theme {
  return ORDER[(ORDER.indexOf(theme) + 1) % ORDER.length] ?? 'system';
}

export function chooseTheme(theme: Theme): void {
  remember(KEY, theme === 'system' ? null : theme);
  show();
}

/** Colours the page before anything is drawn, and again whenever the machine changes its mind. */
export function startTheme(): void {
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', show);
  show();
}

function show(): void {
  const theme = chosenTheme();
  const dark = theme === 'dark' || (theme === 'system' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
}
