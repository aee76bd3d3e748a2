import type { JSX } from 'preact';
import type { Status } from '../../../src/http/live/protocol.js';
import { Chart } from './chart.js';
import { milliseconds } from './format.js';
import { lastPercentiles, stageMs } from './history.js';
import { type StageWords, stagesOf, TOTAL } from './stages.js';

/** Where the time of an answer goes: a bar of the stages' medians, and each stage over the last minutes. */
export function Latency({ history }: { readonly history: readonly Status[] }): JSX.Element {
  const told = history.findLast(({ stages }) =>
    Object.values(stages).some((stage) => stage !== null),
  )?.stages;
  const total = lastPercentiles(history, TOTAL.key);
  return (
    <section aria-labelledby="latency-title" data-testid="latency">
      <h3 id="latency-title">Where the time goes</h3>
      {told === undefined ? (
        <p class="dim">Nothing was asked yet: click on something in the picture.</p>
      ) : (
        <>
          {total && (
            <p>
              <strong class="large">{milliseconds(total.p50)}</strong> {TOTAL.text}; 19 of 20 within{' '}
              {milliseconds(total.p95)}.
            </p>
          )}
          <Bar history={history} stages={stagesOf(told)} />
          <table class="stages">
            <thead>
              <tr>
                <th scope="col">Stage</th>
                <td />
                <th scope="col">
                  <abbr title="Half of the answers took less (median, p50)">half</abbr>
                </th>
                <th scope="col">
                  <abbr title="95 % of the answers took less (p95)">95 %</abbr>
                </th>
              </tr>
            </thead>
            <tbody>
              {stagesOf(told).map((stage) => (
                <Row key={stage.key} history={history} stage={stage} />
              ))}
            </tbody>
          </table>
        </>
      )}
    </section>
  );
}

/** The medians side by side. The table below says the same in numbers. */
function Bar({
  history,
  stages,
}: {
  readonly history: readonly Status[];
  readonly stages: readonly StageWords[];
}): JSX.Element {
  return (
    <div class="bar" aria-hidden="true">
      {stages.map(({ key, name }) => {
        const ms = lastPercentiles(history, key)?.p50 ?? 0;
        return (
          <span key={key} data-stage={key} title={`${name}: ${milliseconds(ms)}`} style={{ flexGrow: ms }} />
        );
      })}
    </div>
  );
}

function Row({
  history,
  stage: { key, name, text },
}: {
  readonly history: readonly Status[];
  readonly stage: StageWords;
}): JSX.Element {
  const last = lastPercentiles(history, key);
  return (
    <tr data-stage={key} title={text}>
      <th scope="row">
        <i class="swatch" data-stage={key} />
        {name}
        <span class="unseen">: {text}</span>
      </th>
      <td>
        <Chart values={stageMs(history, key, 'p50')} upper={stageMs(history, key, 'p95')} least={5} />
      </td>
      <td>{last ? milliseconds(last.p50) : '–'}</td>
      <td>{last ? milliseconds(last.p95) : '–'}</td>
    </tr>
  );
}
