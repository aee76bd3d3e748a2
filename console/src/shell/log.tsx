import type { JSX } from 'preact';
import type { RecentError } from '../../../src/health/recent-errors.js';
import { ago, clockTime, whole } from './format.js';
import { Mark } from './mark.js';
import { Marked } from './marked.js';
import { useNodeNow } from './now.js';
import { placeOf, remedyOf } from './remedy.js';

export interface LogProps {
  readonly errors: readonly RecentError[];
  /** The node's time in its newest status. */
  readonly at: number | undefined;
}

/** The last errors: when, how often, where, what, and what to do. The newest first. */
export function Log({ errors, at }: LogProps): JSX.Element {
  const now = useNodeNow(at);
  if (errors.length === 0) return <p class="dim">No errors since the service was started.</p>;
  return (
    <ol class="log">
      {errors.map((error) => (
        <li key={error.number}>
          <Entry error={error} now={now} />
        </li>
      ))}
    </ol>
  );
}

function Entry({ error, now }: { readonly error: RecentError; readonly now: number }): JSX.Element {
  const { firstAt, lastAt, count, code, message } = error;
  const often = count > 1 ? ` · ${whole(count)} times since ${clockTime(firstAt, now)}` : '';
  return (
    <article data-testid="error" data-code={code}>
      <h3>
        <Mark tone="bad" />
        {placeOf(error)}
        {code && <code>{code}</code>}
      </h3>
      <p class="dim">
        <time dateTime={new Date(lastAt).toISOString()} title={clockTime(lastAt, now)}>
          {ago(now - lastAt)}
        </time>
        {often}
      </p>
      <p class="message">{message}</p>
      <p class="remedy">
        <b>What to do:</b> <Marked text={remedyOf(error)} />
      </p>
    </article>
  );
}
