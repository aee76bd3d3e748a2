import { useEffect, useRef, useState } from 'preact/hooks';

/** A value that the page follows. What is put in is not changed afterwards. */
export interface Store<T> {
  get(): T;
  set(next: T): void;
  /** With each new value, until the returned function is called. */
  subscribe(listener: (value: T) => void): () => void;
}

export function createStore<T>(initial: T): Store<T> {
  let value = initial;
  const listeners = new Set<(value: T) => void>();
  return {
    get: () => value,
    set: (next) => {
      if (Object.is(next, value)) return;
      value = next;
      for (const listener of [...listeners]) listener(value);
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/**
 * Draws the component again when what it selects is another (`Object.is`): select a part of the value, build nothing
 * new.
 */
export function useStore<T, S>(store: Store<T>, select: (value: T) => S): S {
  const selected = select(store.get());
  const [, redraw] = useState<S>(selected);
  // The last drawing's: what it selects by, such as a camera's name, may be another than at the first.
  const latest = useRef(select);
  latest.current = select;
  useEffect(() => {
    // Also what changed between the first drawing and this effect.
    redraw(() => latest.current(store.get()));
    return store.subscribe((value) => redraw(() => latest.current(value)));
  }, [store]);
  return selected;
}
