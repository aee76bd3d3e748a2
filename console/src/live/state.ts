import type { RecentError } from '../../../src/health/recent-errors.js';
import type { Hello, ServerMessage, Status } from '../../../src/http/live/protocol.js';
import type { ConnectionState } from './connection.js';

/** What the page knows of the node. Frames and masks are too many for it: see {@link LiveClient}. */
export interface LiveState {
  readonly connection: ConnectionState;
  /** When a lost connection is tried again, ms since the Unix epoch. */
  readonly retryAt: number | null;
  /** What the node said when it ended the connection. */
  readonly problem: string | null;
  /** Of the last connection; stays while it is lost. */
  readonly hello: Hello | null;
  /** The newest of `history`. */
  readonly status: Status | null;
  /** Oldest first, one a second, at most {@link MAX_HISTORY}; goes on over lost connections. */
  readonly history: readonly Status[];
  /** The one that happened last first, at most {@link MAX_ERRORS}. */
  readonly errors: readonly RecentError[];
}

export const MAX_HISTORY = 180;
export const MAX_ERRORS = 50;

export const INITIAL_STATE: LiveState = {
  connection: 'connecting',
  retryAt: null,
  problem: null,
  hello: null,
  status: null,
  history: [],
  errors: [],
};

/** The state after a message. */
export function heard(state: LiveState, message: ServerMessage): LiveState {
  switch (message.type) {
    case 'hello':
      return { ...state, hello: message, errors: message.errors.slice(0, MAX_ERRORS) };
    case 'status':
      return { ...state, status: message, history: [...state.history, message].slice(-MAX_HISTORY) };
    case 'error': {
      const others = state.errors.filter(({ number }) => number !== message.error.number);
      return { ...state, errors: [message.error, ...others].slice(0, MAX_ERRORS) };
    }
    case 'masks':
    case 'held':
      return state;
  }
}
