import type { Description } from './metrics.js';

const BEGIN = '<!-- metrics: written by `npm run generate` -->';
const END = '<!-- metrics: end -->';

/** docs/metrics.md with its table made anew. */
export function withMetricsTable(page: string, metrics: readonly Description[]): string {
  const from = page.indexOf(BEGIN);
  const to = page.indexOf(END);
  if (from < 0 || to < from) throw new Error(`Expected "${BEGIN}" and "${END}" in the page.`);
  const rows = [...metrics]
    .sort((a, b) => a.name.localeCompare(b.name, 'en'))
    .map(({ name, type, labels, help }) => {
      const named = labels.map((label) => `\`${label}\``).join(', ');
      return `| \`${name}\` | ${type} | ${named} | ${help.replaceAll('|', '\\|')} |`;
    });
  const table = ['| metric | type | labels | what it is |', '|---|---|---|---|', ...rows].join('\n');
  return `${page.slice(0, from)}${BEGIN}\n${table}\n${page.slice(to)}`;
}
