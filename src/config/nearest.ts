/**
 * Edits between two words: insertions, deletions, replacements and swaps of neighbours, each counted once
 * (Damerau–Levenshtein distance in its optimal string alignment form).
 */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let cost = Math.min(
        at(last, column) + 1,
        at(current, column - 1) + 1,
        at(last, column - 1) + (same ? 0 : 1),
      );
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        cost = Math.min(cost, at(beforeLast, column - 2) + 1);
      }
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return at(last, b.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}

/**
 * The known word that was probably meant, undefined when none is near. Case, `_` and `-` count for nothing, so
 * that max_age_ms finds maxAgeMs.
 */
export function nearest(word: string, known: readonly string[]): string | undefined {
  // A key longer than any known one by far is no slip, and comparing it would cost its length times theirs.
  if (word.length > 80) return undefined;
  let best: { name: string; plain: number; exact: number } | undefined;
  for (const name of known) {
    const plain = editDistance(fold(word), fold(name));
    const exact = editDistance(word, name);
    if (plain > Math.max(1, Math.floor(Math.max(fold(word).length, name.length) / 2.5))) continue;
    if (!best || plain < best.plain || (plain === best.plain && exact < best.exact)) {
      best = { name, plain, exact };
    }
  }
  return best?.name;
}

function fold(word: string): string {
  return word.toLowerCase().replace(/[_-]/g, '');
}
