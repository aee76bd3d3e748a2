import type { Logger } from 'pino';
import { Counter, Gauge, type Registry } from 'prom-client';

export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A metric whose figures exist elsewhere already and are looked up when somebody scrapes; nothing is counted twice. */
export interface Family<Seen> {
  /** A `counter` only grows, and begins at 0 with the process. */
  readonly kind: 'counter' | 'gauge';
  readonly name: string;
  readonly help: string;
  /** Names of the labels. Their values come from the config and from closed lists, never from a message. */
  readonly labels?: readonly string[];
  readonly samples: (seen: Seen) => readonly Sample[];
}

/** One sample a key of a record, the key being the value of one label. */
export function byKey(label: string, values: Readonly<Record<string, number>>): readonly Sample[] {
  return Object.entries(values).map(([key, value]) => ({ labels: { [label]: key }, value }));
}

/** 1 for the state that holds, 0 for each of the others. */
export function oneOf<S extends string>(
  states: readonly S[],
  now: S,
  labels: Readonly<Record<string, string>> = {},
): readonly Sample[] {
  return states.map((state) => ({ labels: { ...labels, state }, value: state === now ? 1 : 0 }));
}

/**
 * Registers the families. The returned function sets them from what is seen, all at once, and never throws: a family
 * that can't be read is left out, and logged once.
 */
export function registerFamilies<Seen>(
  families: readonly Family<Seen>[],
  { registry, log }: { readonly registry: Registry; readonly log: Pick<Logger, 'warn'> },
): (seen: Seen) => void {
  const logged = new Set<string>();
  const setters = families.map((family) => setter(family, registry));
  return (seen) => {
    for (const [i, set] of setters.entries()) {
      try {
        set(seen);
      } catch (error) {
        const name = families[i]?.name ?? '';
        if (!logged.has(name)) log.warn({ err: error, metric: name }, 'a metric could not be read');
        logged.add(name);
      }
    }
  };
}

function setter<Seen>(
  { kind, name, help, labels = [], samples }: Family<Seen>,
  registry: Registry,
): (seen: Seen) => void {
  const options = { name, help, labelNames: [...labels], registers: [registry] };
  const metric = kind === 'counter' ? new Counter(options) : new Gauge(options);
  // What has no sample now has none: no 0 for a GPU that is not there, nothing of a camera that was.
  const empty = (): void => {
    metric.reset();
    if (labels.length === 0) metric.remove();
  };
  empty();
  return (seen) => {
    empty();
    for (const { labels: of = {}, value } of samples(seen)) metric.inc({ ...of }, value);
  };
}
