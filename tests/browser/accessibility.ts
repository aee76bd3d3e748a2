import axe from 'axe-core';
import type { Page } from 'playwright-core';

/** Axe's serious and critical violations of the page as it is now, one line each. */
export async function violations(page: Page): Promise<string[]> {
  // By the debugger, not by a script element: the page's Content-Security-Policy takes none.
  await page.evaluate(axe.source);
  const found = (await page.evaluate(
    `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations)`,
  )) as axe.Result[];
  return found
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, impact, nodes }) =>
      nodes.map(
        ({ html, failureSummary }) => `${impact} ${id}: ${html.slice(0, 200)} ${failureSummary ?? ''}`,
      ),
    );
}

/** How far the page can be scrolled sideways, CSS pixels. */
export async function sidewaysScroll(page: Page): Promise<number> {
  return (await page.evaluate(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  )) as number;
}
