/** What was asked and what became of it. Bounded: kinds come from closed lists, of complaints the first are kept. */

const COMPLAINTS_KEPT = 20;

export interface Complaint {
  readonly at: string;
  readonly what: string;
}

export class Tally {
  readonly counts = new Map<string, number>();
  readonly complaints: Complaint[] = [];
  failures = 0;

  add(what: string, by = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + by);
  }

  of(what: string): number {
    return this.counts.get(what) ?? 0;
  }

  /** Of all kinds that begin so. */
  sum(prefix: string): number {
    let sum = 0;
    for (const [what, count] of this.counts) if (what.startsWith(prefix)) sum += count;
    return sum;
  }

  /** Something that must not be: the run fails. Said at once, since a run may last for hours. */
  fail(what: string): void {
    this.failures += 1;
    if (this.complaints.length >= COMPLAINTS_KEPT) return;
    const at = new Date().toISOString();
    this.complaints.push({ at, what });
    console.error(`${at}: ${what}`);
  }
}
