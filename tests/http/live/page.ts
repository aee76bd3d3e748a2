/** A page as the tests drive it: a `ws` client that remembers what it was told, and says `seen` where it is to. */
import { WebSocket } from 'ws';
import type {
  ClientMessage,
  FrameHeader,
  Held,
  Hello,
  Masks,
  ServerMessage,
  Status,
} from '../../../src/http/live/protocol.js';
import { owe, waitFor } from '../../integration/mqtt/harness.js';

export interface SeenFrame {
  readonly header: FrameHeader;
  readonly jpeg: Buffer;
}

export type Told = SeenFrame | ServerMessage;

export interface TestPage {
  readonly socket: WebSocket;
  /** All that came, in order. */
  readonly told: Told[];
  readonly frames: SeenFrame[];
  readonly masks: Masks[];
  readonly statuses: Status[];
  readonly held: Held[];
  readonly closed: { readonly code: number; readonly reason: string } | null;
  hello(): Promise<Hello>;
  say(message: ClientMessage): void;
  /** Each frame is `seen` at once (at the start), or none. */
  look(seeing: boolean): void;
  watch(camera: string, more?: { maxWidth?: number; maxFps?: number }): void;
  /** Resolves when as many more frames have come. */
  nextFrames(count: number): Promise<void>;
  end(): Promise<{ readonly code: number; readonly reason: string }>;
}

export interface PageOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly seeing?: boolean;
}

/** A page of the server at `url`; closed at the end of the test. */
export async function openPage(
  url: string,
  { headers = {}, seeing = true }: PageOptions = {},
): Promise<TestPage> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/api/live`, {
    headers: { origin: url, ...headers },
  });
  owe(async () => socket.terminate());
  const told: Told[] = [];
  const of = <T extends ServerMessage['type']>(type: T): Extract<ServerMessage, { type: T }>[] =>
    told.filter((each): each is Extract<ServerMessage, { type: T }> => 'type' in each && each.type === type);
  const frames: SeenFrame[] = [];
  let isSeeing = seeing;
  let closed: TestPage['closed'] = null;
  const say = (message: ClientMessage): void => socket.send(JSON.stringify(message));
  const saw = ({ header: { camera, seq } }: SeenFrame): void => say({ type: 'seen', camera, seq });
  socket.on('message', (data: Buffer, isBinary) => {
    if (!isBinary) {
      told.push(JSON.parse(data.toString()) as ServerMessage);
      return;
    }
    const headerBytes = data.readUInt32LE(0);
    const header = JSON.parse(data.subarray(4, 4 + headerBytes).toString()) as FrameHeader;
    const frame = { header, jpeg: data.subarray(4 + headerBytes) };
    told.push(frame);
    frames.push(frame);
    if (isSeeing) saw(frame);
  });
  socket.on('close', (code, reason) => {
    closed = { code, reason: reason.toString() };
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('open', () => resolve());
    socket.once('error', reject);
  });
  return {
    socket,
    told,
    frames,
    get masks() {
      return of('masks');
    },
    get statuses() {
      return of('status');
    },
    get held() {
      return of('held');
    },
    get closed() {
      return closed;
    },
    async hello() {
      await waitFor(() => of('hello').length > 0, 'a hello');
      return of('hello')[0] as Hello;
    },
    say,
    look(now) {
      isSeeing = now;
      if (now) for (const frame of frames.slice(-2)) saw(frame);
    },
    watch: (name, { maxWidth = 640, maxFps = 30 } = {}) =>
      say({ type: 'watch', cameras: [{ name, maxWidth, maxFps }] }),
    async nextFrames(count) {
      const wanted = frames.length + count;
      await waitFor(() => frames.length >= wanted, `${count} more frames`);
    },
    async end() {
      await waitFor(() => closed !== null, 'the end of the connection');
      return closed as { code: number; reason: string };
    },
  };
}
