import type { JSX } from 'preact';
import type { Status } from '../../../src/http/live/protocol.js';
import { Chart } from './chart.js';
import { bytes, milliseconds, rate, span, whole } from './format.js';
import { answersPerSec, dropped, dropsPerStatus, framesPerSec, steady, windowMs } from './history.js';
import { Latency } from './latency.js';
import { Marked } from './marked.js';
import type { Value } from './sparkline.js';
import { dropWords } from './stages.js';

export interface SpeedProps {
  readonly history: readonly Status[];
  /** Whose frames a second are shown. */
  readonly camera: string | null;
  /** Numbers come. */
  readonly live: boolean;
}

/** How fast the node is and what it leaves out: the last minutes. */
export function Speed({ history, camera, live }: SpeedProps): JSX.Element {
  const shown = steady(history);
  const newest = shown.at(-1);
  if (newest === undefined) return <p class="dim">No numbers yet: they come every second.</p>;
  return (
    <>
      <p class="dim">
        {live
          ? `The last ${span(windowMs(shown))}; the right edge is now.`
          : 'How it was until the connection was lost.'}
      </p>
      <div class="gauges">
        {camera !== null && (
          <Gauge
            name="Frames/s"
            title={`Frames a second of camera ${camera}`}
            values={framesPerSec(shown, camera)}
            least={10}
            text={rate}
          />
        )}
        <Gauge
          name="Answers/s"
          title="Answers a second, of all cameras"
          values={answersPerSec(shown)}
          least={1}
          text={rate}
        />
        <Gauge
          name="Waiting"
          title="Requests that wait for the model"
          values={valuesOf(shown, 'queue')}
          least={4}
          text={whole}
        />
      </div>
      <Latency history={shown} />
      <Drops history={shown} />
      <h3>The process</h3>
      <div class="gauges">
        <Gauge
          name="Memory"
          title="Memory of the process (RSS)"
          values={valuesOf(shown, 'rssBytes')}
          least={1}
          text={bytes}
        />
        <Gauge
          name="Late by"
          title="How late the main thread's timers are: it is busy where this grows"
          values={valuesOf(shown, 'eventLoopDelayMs')}
          least={20}
          text={milliseconds}
        />
      </div>
    </>
  );
}

function valuesOf(
  history: readonly Status[],
  key: 'queue' | 'rssBytes' | 'eventLoopDelayMs',
): readonly Value[] {
  return history.map((status) => ({ at: status.at, value: status[key] }));
}

interface GaugeProps {
  readonly name: string;
  /** The name in full. */
  readonly title: string;
  readonly values: readonly Value[];
  readonly least: number;
  readonly text: (value: number) => string;
}

/** A number, and how it came to it. */
function Gauge({ name, title, values, least, text }: GaugeProps): JSX.Element {
  const now = values.at(-1)?.value ?? null;
  const highest = Math.max(...values.map(({ value }) => value ?? 0));
  const current = now === null ? '–' : text(now);
  return (
    <figure class="gauge" title={title}>
      <figcaption>{name}</figcaption>
      <strong>{current}</strong>
      <Chart
        values={values}
        least={least}
        label={`${title}: now ${now === null ? 'none' : current}, at most ${text(highest)} in the last ${span(windowMs(values))}`}
      />
    </figure>
  );
}

function Drops({ history }: { readonly history: readonly Status[] }): JSX.Element {
  const reasons = dropped(history).filter(({ total }) => total > 0);
  return (
    <section aria-labelledby="drops-title" data-testid="drops">
      <h3 id="drops-title">Left out</h3>
      {reasons.length === 0 ? (
        <p class="dim">Nothing: every request was served.</p>
      ) : (
        <>
          <Chart values={dropsPerStatus(history)} least={4} />
          <table>
            <thead>
              <tr>
                <th scope="col">Because</th>
                <th scope="col">Lately</th>
                <th scope="col">Since the start</th>
              </tr>
            </thead>
            <tbody>
              {reasons.map(({ reason, recent, total }) => (
                <tr key={reason}>
                  <th scope="row">
                    <Marked text={dropWords(reason)} />
                  </th>
                  <td>{whole(recent)}</td>
                  <td>{whole(total)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </>
      )}
    </section>
  );
}
