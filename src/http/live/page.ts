import type { WebSocket } from 'ws';
import { SamwireError, toSamwireError } from '../../errors.js';
import type { Camera } from '../../frames/camera.js';
import type { RecentError } from '../../health/recent-errors.js';
import type { MaskSource } from '../../masks/types.js';
import { RateLimiter } from '../../pipeline/schedule/rate-limiter.js';
import { readClientMessage } from './client-message.js';
import { CLOSE, closeSocket } from './close.js';
import type { Feed } from './feed.js';
import type { Holds } from './holds.js';
import type { ClientMessage, Held, ServerMessage, Watch } from './protocol.js';
import { View, type ViewOptions } from './view.js';

/** What waits in a socket before no more frames and masks are added to it. */
const CONGESTED_BYTES = 1024 * 1024;
/** Beyond this, reached by what can not be left out, the page is given up. */
const MAX_BUFFERED_BYTES = 8 * 1024 * 1024;
/** Messages a second, and as many at once; `seen` of a frame that was sent is not counted. */
const MAX_MESSAGES_PER_SECOND = 50;
const PING_MS = 10_000;
/** A page that answers no ping for so long has gone without a word, or takes nothing in. */
const SILENT_MS = 30_000;
/** Errors that wait for a congested socket. */
const MAX_WAITING_ERRORS = 50;

export interface PageOptions {
  readonly socket: WebSocket;
  readonly cameras: ReadonlyMap<string, Camera>;
  readonly feeds: ReadonlyMap<string, Feed>;
  readonly holds: Holds;
  /** A picture is on its way. */
  readonly onFrame: () => void;
  /** Masks of a camera were left out, since newer ones came before the socket was free. */
  readonly onMasksDropped: () => void;
  readonly onClosed: () => void;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

interface WaitingMasks {
  readonly text: string;
  readonly camera: string;
}

/** One browser page: what it says, and what it is sent as fast as it takes it. */
export class Page {
  readonly #options: PageOptions;
  readonly #socket: WebSocket;
  readonly #now: () => number;
  readonly #rate = new RateLimiter(MAX_MESSAGES_PER_SECOND, { maxKeys: 1 });
  readonly #views = new Map<string, View>();
  /** The held frame of a camera is let go of by the function. */
  readonly #holds = new Map<string, () => void>();
  /** By camera and source: the newest masks that the socket was too full for. */
  readonly #masks = new Map<string, WaitingMasks>();
  readonly #errors = new Map<number, RecentError>();
  #closed = false;
  #pings = 0;
  #pingedAt: number;
  #answeredAt: number;

  constructor(options: PageOptions) {
    this.#options = options;
    this.#socket = options.socket;
    this.#now = options.now ?? (() => performance.now());
    this.#pingedAt = this.#now();
    this.#answeredAt = this.#pingedAt;
    this.#socket.on('message', (data, isBinary) => this.#received(data as Buffer, isBinary));
    this.#socket.on('ping', (data) => {
      // A closed one still hears what comes, for a second: tens of thousands of pings from who floods it.
      if (!this.#closed && this.#isWithinRate()) this.#socket.pong(data);
    });
    this.#socket.on('pong', (data) => {
      // One that nobody asked for says nothing of what the page has taken in.
      if (data.toString() === String(this.#pings)) this.#answeredAt = this.#now();
    });
    this.#socket.once('close', () => this.#close());
  }

  watches(camera: string): boolean {
    return this.#views.has(camera);
  }

  /** What can not be left out; a page that takes none of it in is given up. */
  send(message: ServerMessage): void {
    this.#write(JSON.stringify(message));
  }

  /** A status; there is another one in a second. */
  sendIfFree(text: string): void {
    if (this.#isFree()) this.#write(text);
  }

  sendMasks(camera: string, source: MaskSource, text: string): void {
    const key = `${camera}/${source}`;
    if (this.#masks.delete(key)) this.#options.onMasksDropped();
    if (this.#isFree()) this.#write(text);
    else this.#masks.set(key, { text, camera });
  }

  sendError(error: RecentError): void {
    this.#errors.delete(error.number);
    this.#errors.set(error.number, error);
    const [oldest] = this.#errors.keys();
    if (this.#errors.size > MAX_WAITING_ERRORS && oldest !== undefined) this.#errors.delete(oldest);
    this.#flush();
  }

  /** To be called about once a second: pings, and gives up a page that answers none. */
  keepAlive(): void {
    const now = this.#now();
    if (now - this.#answeredAt >= SILENT_MS) {
      this.#socket.terminate();
      this.#close();
    } else if (now - this.#pingedAt >= PING_MS) {
      this.#pingedAt = now;
      this.#pings += 1;
      this.#socket.ping(String(this.#pings));
    }
  }

  /** With a WebSocket close code and why, which the page shows. */
  end(code: number, reason: string): void {
    closeSocket(this.#socket, code, reason);
    this.#close();
  }

  #received(data: Buffer, isBinary: boolean): void {
    if (this.#closed) return;
    try {
      if (isBinary) {
        this.end(CLOSE.unsupported, 'Expected text messages of JSON, got a binary one.');
        return;
      }
      const message = readClientMessage(data, this.#options.cameras);
      if (this.#acknowledges(message) || this.#isWithinRate()) this.#obey(message);
    } catch (thrown) {
      const { code, message } = toSamwireError(thrown);
      this.end(code === 'too_large' ? CLOSE.tooLarge : CLOSE.badMessage, message);
    }
  }

  #isWithinRate(): boolean {
    if (this.#rate.take('')) return true;
    this.end(CLOSE.badMessage, `Expected at most ${MAX_MESSAGES_PER_SECOND} messages a second.`);
    return false;
  }

  #acknowledges(message: ClientMessage): boolean {
    if (message.type !== 'seen' || !this.#views.get(message.camera)?.seen(message.seq)) return false;
    this.#options.feeds.get(message.camera)?.turn();
    return true;
  }

  #obey(message: ClientMessage): void {
    switch (message.type) {
      case 'watch':
        this.#watch(message);
        return;
      case 'hold':
        this.#hold(message.camera, message.seq);
        return;
      case 'release':
        this.#release(message.camera);
        return;
      case 'seen':
        // Of a frame of a camera that is not watched any more, or was watched anew.
        return;
    }
  }

  #watch({ cameras }: Watch): void {
    const wanted = new Map(cameras.map((camera) => [camera.name, camera]));
    for (const name of this.#views.keys()) if (!wanted.has(name)) this.#unwatch(name);
    for (const { name, maxWidth, maxFps } of wanted.values()) {
      const options: ViewOptions = {
        maxWidth,
        maxFps,
        isOpen: () => this.#isFree(),
        send: (packet) => {
          this.#options.onFrame();
          this.#write(packet);
        },
      };
      const view = this.#views.get(name);
      if (view) {
        view.change(options);
        this.#options.feeds.get(name)?.turn();
        continue;
      }
      const added = new View(options);
      this.#views.set(name, added);
      this.#options.feeds.get(name)?.add(added);
    }
  }

  #unwatch(name: string): void {
    const view = this.#views.get(name);
    this.#views.delete(name);
    if (view) this.#options.feeds.get(name)?.remove(view);
    for (const [key, { camera }] of this.#masks) if (camera === name) this.#masks.delete(key);
  }

  #hold(name: string, seq: number): void {
    this.#release(name);
    const camera = this.#options.cameras.get(name);
    if (!camera) throw new SamwireError('unknown_camera', `Expected a camera, got "${name}".`);
    const answer: Held = { type: 'held', camera: name, seq };
    const held = this.#options.holds.hold({
      camera,
      seq,
      onExpired: (problem) => {
        this.#holds.delete(name);
        this.send({ ...answer, problem });
      },
    });
    if (typeof held === 'function') this.#holds.set(name, held);
    this.send(typeof held === 'function' ? answer : { ...answer, ...held });
  }

  #release(name: string): void {
    this.#holds.get(name)?.();
    this.#holds.delete(name);
  }

  #isFree(): boolean {
    return this.#socket.readyState === this.#socket.OPEN && this.#socket.bufferedAmount < CONGESTED_BYTES;
  }

  #write(data: string | Buffer): void {
    if (this.#closed) return;
    this.#socket.send(data, () => this.#flush());
    if (this.#socket.bufferedAmount > MAX_BUFFERED_BYTES) {
      this.#socket.terminate();
      this.#close();
    }
  }

  /** What waited, as far as the socket takes it. */
  #flush(): void {
    if (this.#closed) return;
    for (const [number, error] of this.#errors) {
      if (!this.#isFree()) return;
      this.#errors.delete(number);
      this.send({ type: 'error', error });
    }
    for (const [key, { text }] of this.#masks) {
      if (!this.#isFree()) return;
      this.#masks.delete(key);
      this.#write(text);
    }
    for (const name of this.#views.keys()) this.#options.feeds.get(name)?.turn();
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const name of [...this.#views.keys()]) this.#unwatch(name);
    for (const name of [...this.#holds.keys()]) this.#release(name);
    this.#masks.clear();
    this.#errors.clear();
    this.#options.onClosed();
  }
}
