/** What the browser remembers of this page. A browser that refuses storage remembers nothing, and nothing fails. */

const PREFIX = 'samwire.';

export function remembered(key: string): string | null {
  try {
    return localStorage.getItem(PREFIX + key);
  } catch {
    return null;
  }
}

/** Null forgets it. */
export function remember(key: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(PREFIX + key);
    else localStorage.setItem(PREFIX + key, value);
  } catch {
    // Private windows of some browsers: it holds until the page is left.
  }
}
