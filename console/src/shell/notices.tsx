import type { ComponentChildren, JSX } from 'preact';
import type { LiveState } from '../live/state.js';
import { percent } from './format.js';
import { Mark } from './mark.js';
import { Marked } from './marked.js';
import { useNow } from './now.js';
import { brokerWords, connectionWords, nodeWords, type Tone } from './words.js';

export interface NoticesProps {
  readonly state: LiveState;
  readonly onRetry: () => void;
}

/** What is not as it should be, across the page: only that, and the worst first. */
export function Notices({ state, onRetry }: NoticesProps): JSX.Element {
  const { connection, status, hello } = state;
  return (
    <div class="notices">
      {connection === 'lost' && <Lost state={state} onRetry={onRetry} />}
      {connection === 'open' && status && (
        <>
          <NodeNotice status={status} />
          <BrokerNotice status={status} />
        </>
      )}
      {connection === 'connecting' && hello === null && (
        <Notice name="connecting" tone="busy" title="Connecting to the node …" />
      )}
    </div>
  );
}

function Lost({ state: { retryAt, problem, hello }, onRetry }: NoticesProps): JSX.Element {
  const now = useNow();
  const secondsLeft = retryAt === null ? null : Math.ceil((retryAt - now) / 1000);
  const words = connectionWords('lost', secondsLeft, problem);
  return (
    <Notice name="lost" tone="bad" title={words.name}>
      <p>
        {/* Not read aloud again with each second. */}
        <span aria-live="off">{words.text}</span> {hello && 'What you see is old; it goes on by itself.'}
      </p>
      <button type="button" onClick={onRetry}>
        Try now
      </button>
    </Notice>
  );
}

type WithStatus = { readonly status: NonNullable<LiveState['status']> };

function NodeNotice({ status: { node } }: WithStatus): JSX.Element | null {
  const words = nodeWords(node);
  if (words.tone === 'good') return null;
  return (
    <Notice name="node" tone={words.tone} title={words.name}>
      <p>{words.text}</p>
      {node.progress !== undefined && (
        <progress max={1} value={node.progress} aria-label="Building engines">
          {percent(node.progress)}
        </progress>
      )}
    </Notice>
  );
}

function BrokerNotice({ status: { broker } }: WithStatus): JSX.Element | null {
  const words = brokerWords(broker);
  if (words.tone !== 'bad') return null;
  return (
    <Notice name="broker" tone="warn" title="Broker away">
      <p>
        <Marked text={words.text ?? ''} />
      </p>
    </Notice>
  );
}

export interface NoticeProps {
  readonly name: string;
  readonly tone: Tone;
  readonly title: string;
  readonly children?: ComponentChildren;
}

export function Notice({ name, tone, title, children }: NoticeProps): JSX.Element {
  return (
    <section
      class={`notice ${tone}`}
      role={tone === 'bad' ? 'alert' : 'status'}
      data-testid={`notice-${name}`}
    >
      <Mark tone={tone} />
      <div class="body">
        <h2>{title}</h2>
        {children}
      </div>
    </section>
  );
}
