import type { JSX } from 'preact';
import { useStore } from '../state/store.js';
import type { EverythingChoice } from './asking.js';
import { download } from './downloads.js';
import type { StageModel } from './model.js';
import { canUndo, maskOf } from './session.js';

/** How everything is looked for, as a person chooses it. */
export const EVERYTHING_WAYS: readonly { readonly name: string; readonly choice: EverythingChoice }[] = [
  { name: 'As configured', choice: {} },
  { name: 'Quick: few points first', choice: { strategy: 'hierarchical', grid: 16 } },
  { name: 'Thorough: 32 × 32 points', choice: { strategy: 'grid', grid: 32 } },
];

export interface ToolbarProps {
  readonly model: StageModel;
  readonly way: number;
  readonly onWay: (way: number) => void;
}

/** What can be done, each with its key. */
export function Toolbar({ model, way, onWay }: ToolbarProps): JSX.Element {
  return (
    <div class="tools" role="toolbar" aria-label="What to do with the picture">
      <ObjectTools model={model} />
      <EverythingTools model={model} way={way} onWay={onWay} />
      <fieldset class="group">
        <legend class="unseen">Download</legend>
        <Tool name="Mask PNG" keys="D" onClick={() => void download(model, 'png')} />
        <Tool name="COCO JSON" onClick={() => void download(model, 'coco')} />
        <Tool name="Overlay PNG" onClick={() => void download(model, 'overlay')} />
      </fieldset>
    </div>
  );
}

function ObjectTools({ model }: { readonly model: StageModel }): JSX.Element {
  const { session, multimask, background, busy, label } = useStore(model.state, (state) => state);
  const hasMask = session !== null && maskOf(session) !== null;
  const canFollow = hasMask || (session !== null && session.kept.length + session.chosen.length > 0);
  return (
    <fieldset class="group">
      <legend class="unseen">Object</legend>
      <Tool
        name="Live"
        keys="Escape"
        title="Back to the moving picture"
        primary={session !== null && !canFollow}
        disabled={session === null}
        onClick={() => model.live()}
      />
      <Tool
        name="Undo"
        keys="U"
        title="Takes back the last point or box"
        disabled={!canUndo(session)}
        onClick={() => model.undo()}
      />
      <Tool
        name="Background"
        keys="G"
        title="While it is on, clicks say what does not belong to the object"
        pressed={background}
        onClick={() => model.setBackground(!background)}
      />
      <Tool
        name="3 candidates"
        keys="C"
        title="The model proposes three masks to choose from"
        pressed={multimask}
        onClick={() => model.setMultimask(!multimask)}
      />
      <label class="label">
        <span>Label</span>
        <input
          type="text"
          maxLength={64}
          placeholder="such as cup"
          autocomplete="off"
          value={session ? session.draft.label : label}
          onInput={(event) => model.setLabel(event.currentTarget.value)}
        />
      </label>
      <Tool
        name="Keep"
        keys="K"
        title="Keeps this mask; the next click begins another object"
        disabled={!hasMask}
        onClick={() => void model.keep()}
      />
      <Tool
        name="Follow"
        keys="T"
        title="Follows the objects over the frames that come"
        primary={canFollow}
        disabled={!canFollow || busy?.what === 'follow'}
        onClick={() => void model.follow()}
      />
    </fieldset>
  );
}

function EverythingTools({ model, way, onWay }: ToolbarProps): JSX.Element {
  const isBusy = useStore(model.state, ({ busy }) => busy?.what === 'everything');
  return (
    <fieldset class="group">
      <legend class="unseen">Everything</legend>
      <Tool
        name="Everything"
        keys="E"
        title="Finds all masks of the picture"
        disabled={isBusy}
        onClick={() => void model.everything(EVERYTHING_WAYS[way]?.choice ?? {})}
      />
      <label>
        <span class="unseen">How everything is found</span>
        <select value={way} onChange={(event) => onWay(Number(event.currentTarget.value))}>
          {EVERYTHING_WAYS.map(({ name }, i) => (
            <option key={name} value={i}>
              {name}
            </option>
          ))}
        </select>
      </label>
      {isBusy && <Tool name="Stop" title="Waits no longer" onClick={() => model.stopEverything()} />}
    </fieldset>
  );
}

interface ToolProps {
  readonly name: string;
  readonly keys?: string;
  readonly title?: string;
  /** Of a switch. */
  readonly pressed?: boolean;
  readonly primary?: boolean;
  readonly disabled?: boolean;
  readonly onClick: () => void;
}

function Tool({ name, keys, title, pressed, primary, disabled, onClick }: ToolProps): JSX.Element {
  return (
    <button
      type="button"
      class={primary ? 'primary' : undefined}
      title={[title, keys && `(${keys})`].filter(Boolean).join(' ') || undefined}
      aria-keyshortcuts={keys}
      aria-pressed={pressed}
      // Not `disabled`: the focus of who pressed it by the keyboard would be lost.
      aria-disabled={disabled}
      onClick={() => {
        if (!disabled) onClick();
      }}
    >
      {name}
    </button>
  );
}
