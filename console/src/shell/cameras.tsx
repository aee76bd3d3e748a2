import type { JSX } from 'preact';
import type { CameraStatus } from '../../../src/http/live/protocol.js';
import type { LiveClient } from '../live/client.js';
import { rate, span } from './format.js';
import { statusOf } from './history.js';
import { Mark } from './mark.js';
import { Thumbnail } from './thumbnail.js';
import { cameraWords } from './words.js';

export interface CamerasProps {
  readonly live: LiveClient;
  readonly names: readonly string[];
  readonly statuses: Readonly<Record<string, CameraStatus>>;
  /** In the main view. */
  readonly chosen: string | null;
  readonly onChoose: (name: string) => void;
}

/** Every camera with its picture and its state; one of them is in the main view. */
export function Cameras({ live, names, statuses, chosen, onChoose }: CamerasProps): JSX.Element {
  return (
    <nav class="cameras" aria-label="Cameras">
      <ul>
        {names.map((name) => (
          <li key={name}>
            <Tile
              live={live}
              name={name}
              status={statusOf(statuses, name)}
              chosen={name === chosen}
              picture={names.length > 1}
              onChoose={onChoose}
            />
          </li>
        ))}
      </ul>
    </nav>
  );
}

interface TileProps {
  readonly live: LiveClient;
  readonly name: string;
  readonly status: CameraStatus | undefined;
  readonly chosen: boolean;
  readonly picture: boolean;
  readonly onChoose: (name: string) => void;
}

function Tile({ live, name, status, chosen, picture, onChoose }: TileProps): JSX.Element {
  const words = cameraWords(status);
  return (
    <button
      type="button"
      class={picture ? 'tile' : 'tile alone'}
      aria-pressed={chosen}
      data-testid={`camera-${name}`}
      data-state={status?.state ?? 'unknown'}
      title={words.text}
      onClick={() => onChoose(name)}
    >
      {picture && <Thumbnail live={live} camera={name} streaming={status?.state === 'streaming'} />}
      <span class="words">
        <span class="title">{name}</span>{' '}
        <span class={`state ${words.tone}`}>
          <Mark tone={words.tone} /> {words.name}
        </span>{' '}
        <span class="figures">{figures(status)}</span> <span class="figures">{outages(status)}</span>
      </span>
    </button>
  );
}

/** What it gives: "30 fps · 1280 × 720". */
function figures(status: CameraStatus | undefined): string {
  if (status === undefined || status.state === 'disabled') return '';
  const { state, fps, width, height } = status;
  return [
    ...(state === 'streaming' && fps > 0 ? [`${rate(fps)} fps`] : []),
    ...(width > 0 ? [`${width} × ${height}`] : []),
  ].join(' · ');
}

/** The longest time that it gave nothing, and how often it had to be opened again: "gap 2.1 s · reopened 3 ×". */
function outages(status: CameraStatus | undefined): string {
  if (status === undefined || status.state === 'disabled') return '';
  const { longestGapMs, reopens } = status;
  return [
    ...(longestGapMs >= 1000 ? [`longest gap ${span(longestGapMs)}`] : []),
    ...(reopens > 0 ? [`reopened ${reopens} ×`] : []),
  ].join(' · ');
}
