/** A piece of a text: as it is, or a name of something in the config, in a command, or a page. */
export interface Part {
  readonly text: string;
  readonly code: boolean;
}

const MARK = /`([^`]+)`|\[([^\]]+)\]\(([^)]+)\)/g;

/**
 * Takes the text of src/remedies.ts apart: `names` between backticks, and [links](page.md), which become the page's
 * name, since the pages are not served.
 */
export function partsOf(text: string): readonly Part[] {
  const parts: Part[] = [];
  let end = 0;
  for (const match of text.matchAll(MARK)) {
    const [whole, name, label] = match;
    if (match.index > end) parts.push({ text: text.slice(end, match.index), code: false });
    parts.push(name === undefined ? { text: label ?? '', code: false } : { text: name, code: true });
    end = match.index + whole.length;
  }
  if (end < text.length) parts.push({ text: text.slice(end), code: false });
  return parts;
}
