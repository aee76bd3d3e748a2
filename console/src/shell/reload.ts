/** The page's scripts, as a built index.html names them. */
export function scriptsOf(html: string): readonly string[] {
  return [...html.matchAll(/<script\b[^>]*\bsrc="([^"]+)"/g)].map(([, src = '']) => src);
}

/** Whether a page, as it is served, has a script that the shown one has not. A page without any is none of ours. */
export function isAnother(html: string, shown: readonly string[]): boolean {
  return scriptsOf(html).some((src) => !shown.includes(src));
}

/**
 * Loads the page anew when the node serves another one than this: it was restarted with another version. Its files have
 * their content's hash in their names.
 */
export async function reloadIfChanged(): Promise<void> {
  let html: string;
  try {
    const response = await fetch('/', { cache: 'no-store' });
    if (!response.ok) return;
    html = await response.text();
  } catch {
    return;
  }
  const shown = [...document.querySelectorAll('script[src]')].map(
    (script) => script.getAttribute('src') ?? '',
  );
  if (isAnother(html, shown)) location.reload();
}
