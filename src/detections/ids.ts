/** Ids for the masks of detections: a detector's own made to fit, unique within the message. */

const MAX_CHARACTERS = 64;
/** Of an id that gets a number behind it: room for `:99999`. */
const MAX_STEM = 58;

/** With `-` for what an id can't hold; undefined where nothing is left. */
function fitted(id: string): string | undefined {
  const text = id
    .trim()
    .replaceAll(/[^A-Za-z0-9._:-]+/g, '-')
    .slice(0, MAX_CHARACTERS);
  return /[A-Za-z0-9]/.test(text) ? text : undefined;
}

export interface MaskId {
  readonly id: string;
  /** It is the detector's own. */
  readonly named: boolean;
}

/** `own[i]` is the detector's id of detection i, if it gave one; the second of one id gets `:2` behind it. */
export function maskIds(own: readonly (string | undefined)[]): readonly MaskId[] {
  const taken = new Set<string>();
  const counts = new Map<string, number>();
  const unique = (wanted: string): string => {
    let id = wanted;
    // Counted by the stem: ids that differ in their last characters only would else try each other's numbers all over.
    const stem = wanted.slice(0, MAX_STEM);
    let count = counts.get(stem) ?? 1;
    while (taken.has(id)) {
      count += 1;
      id = `${stem}:${count}`;
    }
    counts.set(stem, count);
    taken.add(id);
    return id;
  };
  // Those that the detector gave go first, so that a place in the payload takes nobody's id.
  const named = own.map((id) => {
    const wanted = id === undefined ? undefined : fitted(id);
    return wanted === undefined ? undefined : unique(wanted);
  });
  return named.map((id, index) =>
    id === undefined ? { id: unique(String(index)), named: false } : { id, named: true },
  );
}
