import type { ComponentChildren, JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';

export interface Tab {
  readonly id: string;
  readonly name: string;
  /** How much in it is new; 0: nothing to tell. */
  readonly news?: number;
  /** Called while the tab is shown only. */
  readonly content: () => ComponentChildren;
}

export interface PanelProps {
  readonly tabs: readonly Tab[];
  readonly shown: string;
  readonly onShow: (id: string) => void;
}

/** The side panel; on a phone a sheet at the lower edge, which its button opens and closes. */
export function Panel({ tabs, shown, onShow }: PanelProps): JSX.Element {
  const [open, setOpen] = useState(false);
  const list = useRef<HTMLDivElement>(null);
  const current = tabs.find(({ id }) => id === shown) ?? tabs[0];
  const show = (id: string): void => {
    onShow(id);
    setOpen(true);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const to = target(event.key, current ? tabs.indexOf(current) : 0, tabs.length);
    const tab = to === null ? undefined : tabs[to];
    if (to === null || tab === undefined) return;
    event.preventDefault();
    show(tab.id);
    list.current?.querySelectorAll<HTMLElement>('[role=tab]')[to]?.focus();
  };
  return (
    <aside class="panel" aria-label="Details" data-open={open}>
      <div class="tabs">
        <div role="tablist" aria-label="Details" ref={list} onKeyDown={onKeyDown}>
          {tabs.map(({ id, name, news = 0 }) => (
            <button
              type="button"
              role="tab"
              key={id}
              id={`tab-${id}`}
              aria-selected={id === current?.id}
              aria-controls="panel-content"
              tabIndex={id === current?.id ? 0 : -1}
              onClick={() => show(id)}
            >
              {name}
              {news > 0 && (
                <span class="news">
                  {news}
                  <span class="unseen"> new</span>
                </span>
              )}
            </button>
          ))}
        </div>
        <button
          type="button"
          class="icon sheet"
          aria-expanded={open}
          aria-controls="panel-content"
          aria-label={open ? 'Close the details' : 'Open the details'}
          onClick={() => setOpen(!open)}
        >
          <svg viewBox="0 0 16 16" aria-hidden="true">
            <path class="stroke" d={open ? 'm3 6 5 5 5-5' : 'm3 10 5-5 5 5'} />
          </svg>
        </button>
      </div>
      <div
        id="panel-content"
        class="content"
        role="tabpanel"
        aria-labelledby={`tab-${current?.id}`}
        // It may have nothing to focus in it, and must be scrolled by keys all the same.
        // biome-ignore lint/a11y/noNoninteractiveTabindex: ARIA's own pattern for a tab panel that scrolls
        tabIndex={0}
      >
        <h2 class="unseen">{current?.name}</h2>
        {current?.content()}
      </div>
    </aside>
  );
}

/** The tab that a key goes to; null: the key is not ours. */
function target(key: string, from: number, count: number): number | null {
  switch (key) {
    case 'ArrowRight':
      return (from + 1) % count;
    case 'ArrowLeft':
      return (from + count - 1) % count;
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
    default:
      return null;
  }
}
