import type { WebSocket } from 'ws';
import type { SamwireError } from '../../errors.js';
import type { MasksMessage } from '../../masks/types.js';
import { FrameJpegs } from '../../pipeline/frame-jpeg.js';
import type { NodeView } from '../node-view.js';
import { CLOSE, closeSocket } from './close.js';
import { Feed } from './feed.js';
import { Holds, MAX_HOLDS } from './holds.js';
import { Page } from './page.js';
import { Pictures } from './picture.js';
import type { Hello, Masks } from './protocol.js';
import { Slots } from './slots.js';
import { StatusReport } from './status.js';

const MAX_PAGES = 16;
/** Frames that pages see now and may hold, beside those of the history: 75 MB of 1080p. */
const MAX_PICTURES = 24;
/** JPEGs made at a time: half of libuv's pool. */
const MAX_ENCODING = 2;
const JPEG_QUALITY = 75;
const TICK_MS = 1000;

export interface LiveOptions {
  readonly node: NodeView;
  /** Frames can't be made JPEGs: once for an outage. */
  readonly onProblem: (camera: string, error: SamwireError) => void;
}

/** All pages, and what they see. It works only while there are some. */
export class Live {
  readonly #node: NodeView;
  readonly #pages = new Set<Page>();
  readonly #sockets = new Set<WebSocket>();
  readonly #feeds: ReadonlyMap<string, Feed>;
  readonly #holds = new Holds();
  readonly #jpegs: FrameJpegs;
  readonly #status: StatusReport;
  readonly #stops: (() => void)[] = [];
  #closed = false;

  constructor({ node, onProblem }: LiveOptions) {
    this.#node = node;
    this.#status = new StatusReport(node);
    const pictures = new Pictures(MAX_PICTURES);
    const slots = new Slots(MAX_ENCODING);
    const { addon } = node;
    this.#jpegs = new FrameJpegs(addon);
    this.#feeds = new Map(
      [...node.cameras].map(([name, camera]) => [
        name,
        new Feed({
          camera,
          releaseFrame: (id) => addon.releaseFrame(id),
          encode: (frame, width) => this.#jpegs.make(frame, { width, quality: JPEG_QUALITY }),
          pictures,
          slots,
          onProblem: (error) => onProblem(name, error),
        }),
      ]),
    );
  }

  /** A browser has connected. */
  join(socket: WebSocket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    if (this.#closed) {
      closeSocket(socket, CLOSE.stopping, 'The node is stopping.');
      return;
    }
    if (this.#pages.size >= MAX_PAGES) {
      const reason = `Expected at most ${MAX_PAGES} pages at a time; close one of the others, then load this one again.`;
      closeSocket(socket, CLOSE.tooManyPages, reason);
      return;
    }
    const { console } = this.#node.counters;
    const page: Page = new Page({
      socket,
      cameras: this.#node.cameras,
      feeds: this.#feeds,
      holds: this.#holds,
      onFrame: () => {
        console.frames += 1;
      },
      onMasksDropped: () => {
        console.masksDropped += 1;
      },
      onClosed: () => this.#left(page),
    });
    this.#pages.add(page);
    console.pages = this.#pages.size;
    if (this.#pages.size === 1) this.#start();
    page.send(this.#hello());
  }

  /** Tells the pages that the node stops, and resolves when they have gone, after about a second at most. */
  async close(): Promise<void> {
    this.#closed = true;
    const gone = [...this.#sockets].map(
      (socket) => new Promise<void>((resolve) => socket.once('close', () => resolve())),
    );
    for (const page of [...this.#pages]) page.end(CLOSE.stopping, 'The node is stopping.');
    await Promise.all(gone);
  }

  #start(): void {
    const { onMasks, errors } = this.#node;
    const timer = setInterval(() => this.#tick(), TICK_MS);
    timer.unref();
    this.#status.start();
    this.#stops.push(
      () => clearInterval(timer),
      () => this.#status.stop(),
      () => this.#jpegs.rest(),
      onMasks((camera, message) => this.#masked(camera, message)),
      errors.onError((error) => {
        for (const page of this.#pages) page.sendError(error);
      }),
    );
  }

  #left(page: Page): void {
    this.#pages.delete(page);
    this.#node.counters.console.pages = this.#pages.size;
    if (this.#pages.size > 0) return;
    for (const stop of this.#stops.splice(0)) stop();
  }

  #tick(): void {
    this.#holds.expire();
    const status = this.#status.next();
    const { masksDropped } = this.#node.counters.console;
    const drops = masksDropped > 0 ? { ...status.drops, 'console.masks': masksDropped } : status.drops;
    const text = JSON.stringify({ ...status, drops });
    for (const page of [...this.#pages]) {
      page.sendIfFree(text);
      page.keepAlive();
    }
  }

  #masked(camera: string, message: MasksMessage): void {
    this.#status.answered(message);
    const isHeld = this.#holds.used(camera, message.frame.seq);
    const watching = [...this.#pages].filter((page) => page.watches(camera));
    if (watching.length === 0) return;
    const { masks: _, ...rest } = message;
    const told: Masks = { type: 'masks', camera, message: rest, masks: this.#node.drawable(message) };
    const text = JSON.stringify(told);
    for (const page of watching) page.sendMasks(camera, message.source, text);
    // Who holds the frame sees it; how late its masks are says nothing of those of the frames that follow.
    if (!isHeld) this.#feeds.get(camera)?.masked(message.frame);
  }

  #hello(): Hello {
    const { id, version, cameras, limits, errors } = this.#node;
    const { maxPrompts, maxPoints } = limits;
    return {
      type: 'hello',
      node: id,
      version,
      cameras: [...cameras.keys()],
      limits: { maxPrompts, maxPoints, held: Math.min(cameras.size, MAX_HOLDS) },
      errors: errors.list(),
    };
  }
}
