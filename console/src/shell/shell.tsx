import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { LiveClient } from '../live/client.js';
import type { LiveState } from '../live/state.js';
import { useStore } from '../state/store.js';
import { CameraNotice, NoCamera } from './camera-notice.js';
import { Cameras } from './cameras.js';
import { Header } from './header.js';
import { statusOf } from './history.js';
import { Log } from './log.js';
import { Login } from './login.js';
import { Notices } from './notices.js';
import { Panel, type Tab } from './panel.js';
import { reloadIfChanged } from './reload.js';
import { Speed } from './speed.js';
import { Welcome, wasWelcomed } from './welcome.js';
import { brokerWords, cameraWords, connectionWords, nodeWords, pageTitle, type Words } from './words.js';
import './shell.css';
import './panel.css';

export interface ShellProps {
  readonly live: LiveClient;
  /** That the stage shows. */
  readonly camera: string | null;
  readonly onCamera: (name: string) => void;
  /** What the side panel shows of the stage: the objects that were asked for and those that are followed. */
  readonly objects?: ComponentChildren;
  readonly children: ComponentChildren;
}

/** What is around the stage: which node this is and how it is, its cameras, its numbers, its errors. */
export function Shell({ live, camera, onCamera, objects, children }: ShellProps): JSX.Element {
  const state = useStore(live.state, (all) => all);
  const [welcome, setWelcome] = useState(() => !wasWelcomed());
  useTitle(state, camera);
  useReload(state.hello);
  const again = (): void => {
    live.close();
    live.start();
  };
  const { hello, status, connection } = state;
  return (
    <div class="shell" data-testid="shell" data-connection={connection}>
      <Header state={state} onLogout={again} onWelcome={() => setWelcome(true)} />
      {connection === 'unauthorized' ? (
        <Login onDone={() => live.retry()} />
      ) : (
        <>
          <Notices state={state} onRetry={() => live.retry()} />
          <main data-stale={connection !== 'open'}>
            {welcome && hello?.cameras.length !== 0 && <Welcome onDone={() => setWelcome(false)} />}
            {hello && (
              <Cameras
                live={live}
                names={hello.cameras}
                statuses={connection === 'open' ? (status?.cameras ?? {}) : {}}
                chosen={camera}
                onChoose={onCamera}
              />
            )}
            {camera !== null && connection === 'open' && (
              <CameraNotice
                key={camera}
                name={camera}
                status={statusOf(status?.cameras, camera)}
                at={status?.at}
              />
            )}
            {hello?.cameras.length === 0 ? <NoCamera /> : <div class="stage">{children}</div>}
          </main>
          <Details state={state} camera={camera} objects={objects} />
        </>
      )}
    </div>
  );
}

interface DetailsProps {
  readonly state: LiveState;
  readonly camera: string | null;
  readonly objects: ComponentChildren;
}

/** The side panel. Errors that came while its log was not shown are counted on its tab. */
function Details({ state, camera, objects }: DetailsProps): JSX.Element {
  const [shown, show] = useState('objects');
  const [seenAt, setSeenAt] = useState(0);
  const newestAt = state.errors[0]?.lastAt ?? 0;
  useEffect(() => {
    if (shown === 'log') setSeenAt(newestAt);
  }, [shown, newestAt]);
  const tabs: readonly Tab[] = [
    ...(objects ? [{ id: 'objects', name: 'Objects', content: () => objects }] : []),
    {
      id: 'speed',
      name: 'Speed',
      content: () => <Speed history={state.history} camera={camera} live={state.connection === 'open'} />,
    },
    {
      id: 'log',
      name: 'Log',
      news: shown === 'log' ? 0 : state.errors.filter(({ lastAt }) => lastAt > seenAt).length,
      content: () => <Log errors={state.errors} at={state.status?.at} />,
    },
  ];
  return <Panel tabs={tabs} shown={shown} onShow={show} />;
}

/** The window's title says what is wrong. */
function useTitle({ connection, hello, status }: LiveState, camera: string | null): void {
  const words =
    connection === 'open' && status
      ? [
          nodeWords(status.node),
          ...(camera === null ? [] : [of(`Camera ${camera}`, cameraWords(statusOf(status.cameras, camera)))]),
          of('Broker', brokerWords(status.broker)),
        ]
      : [connectionWords(connection)];
  const title = pageTitle(hello?.node ?? null, words);
  useEffect(() => {
    document.title = title;
  }, [title]);
}

function of(what: string, { tone, name }: Words): Words {
  return { tone, name: `${what}: ${name.toLowerCase()}` };
}

/** With each connection after the first: the service may have been started with another version of this page. */
function useReload(hello: LiveState['hello']): void {
  const first = useRef<LiveState['hello']>(null);
  useEffect(() => {
    if (hello === null) return;
    if (first.current === null) first.current = hello;
    else void reloadIfChanged();
  }, [hello]);
}
