import type { ClientMessage } from '../../../src/http/live/protocol.js';

export type ConnectionState = 'connecting' | 'open' | 'lost' | 'unauthorized';

export interface ConnectionOptions {
  readonly onOpen: () => void;
  readonly onMessage: (data: string | ArrayBuffer) => void;
  /** `retryAt`: when it is tried again, ms since the Unix epoch. `problem`: what the node said when it ended it. */
  readonly onState: (state: ConnectionState, retryAt: number | null, problem: string | null) => void;
}

export interface Connection {
  /** Says nothing while it is not open. */
  send(message: ClientMessage): void;
  /** Now, and with the shortest pauses again. */
  retry(): void;
  close(): void;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 5000;
/** A connection that lasted so long was a good one: the next pause is the shortest. */
const STEADY_MS = 10_000;
/** The node sends its status every second: silence for so long is a dead connection that no packet has ended. */
const SILENCE_MS = 8000;

/** The WebSocket to the node, opened again for as long as the page is there. */
export function connect(options: ConnectionOptions): Connection {
  let socket: WebSocket | null = null;
  let pauseMs = FIRST_PAUSE_MS;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let silence: ReturnType<typeof setTimeout> | undefined;
  let closed = false;

  const heard = (of: WebSocket): void => {
    clearTimeout(silence);
    silence = setTimeout(() => lost(of), SILENCE_MS);
  };
  const lost = (of: WebSocket, openedAt?: number, problem = ''): void => {
    if (of !== socket) return;
    socket = null;
    clearTimeout(silence);
    of.close();
    if (closed) return;
    if (openedAt !== undefined && Date.now() - openedAt > STEADY_MS) pauseMs = FIRST_PAUSE_MS;
    const waitMs = pauseMs * (0.8 + 0.4 * Math.random());
    pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
    options.onState('lost', Date.now() + waitMs, problem === '' ? null : problem);
    timer = setTimeout(open, waitMs);
    void refused().then((isRefused) => {
      if (!isRefused || socket || closed) return;
      clearTimeout(timer);
      options.onState('unauthorized', null, null);
    });
  };
  const open = (): void => {
    clearTimeout(timer);
    const { protocol, host } = location;
    const opened = new WebSocket(`${protocol === 'https:' ? 'wss' : 'ws'}://${host}/api/live`);
    let openedAt: number | undefined;
    opened.binaryType = 'arraybuffer';
    opened.onopen = () => {
      openedAt = Date.now();
      options.onState('open', null, null);
      options.onOpen();
    };
    opened.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      heard(opened);
      options.onMessage(data);
    };
    opened.onclose = ({ reason }) => lost(opened, openedAt, reason);
    socket = opened;
    heard(opened);
  };
  const retry = (): void => {
    if (closed || socket?.readyState === WebSocket.OPEN) return;
    pauseMs = FIRST_PAUSE_MS;
    const before = socket;
    socket = null;
    before?.close();
    options.onState('connecting', null, null);
    open();
  };
  options.onState('connecting', null, null);
  open();
  addEventListener('online', retry);
  return {
    send: (message) => {
      if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
    },
    retry,
    close: () => {
      closed = true;
      removeEventListener('online', retry);
      clearTimeout(timer);
      clearTimeout(silence);
      socket?.close();
    },
  };
}

/** A refused WebSocket does not say why; the same token is asked for here. */
async function refused(): Promise<boolean> {
  try {
    return (await fetch('/api/info')).status === 401;
  } catch {
    return false;
  }
}
