/** Debian's Chromium, driven by playwright-core, and what a page did besides what it shows. */
import { existsSync } from 'node:fs';
import {
  type Browser,
  type BrowserContextOptions,
  chromium,
  type Page,
  type WebSocket,
} from 'playwright-core';
import type { Masks, ServerMessage } from '../../src/http/live/protocol.js';
import { parseFrame } from './live-messages.js';

const PATHS = ['/usr/bin/chromium', '/usr/bin/google-chrome'];
const PATH = PATHS.find((path) => existsSync(path));

/** Why no page can be tested here, or null. */
export const NO_CHROMIUM =
  PATH === undefined ? `no browser at ${PATHS.join(' or ')} (Debian: apt install chromium)` : null;
if (NO_CHROMIUM) console.warn(`The console is not tested in a browser: ${NO_CHROMIUM}`);

/** In a new, empty profile that goes away with it. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: PATH ?? '',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      // Docker's /dev/shm has 64 MB.
      '--disable-dev-shm-usage',
    ],
  });
}

export const DESKTOP: BrowserContextOptions = { viewport: { width: 1280, height: 800 } };
export const PHONE: BrowserContextOptions = {
  viewport: { width: 360, height: 740 },
  deviceScaleFactor: 2,
  isMobile: true,
  hasTouch: true,
};

/** A page of the console, and what it did. */
export interface Watched {
  readonly page: Page;
  /** Requests to any host but the node's own; they are blocked. */
  readonly foreign: readonly string[];
  /** Errors of scripts, and what the console says as an error, refused styles and scripts too. */
  readonly faults: readonly string[];
  /** What it said over `/api/live`, in order. */
  readonly said: readonly { readonly type: string; readonly camera?: string; readonly seq?: number }[];
  /** A frame's JPEG as it came over `/api/live`; the last {@link KEPT} are kept. */
  readonly jpegOf: (seq: number) => Buffer | undefined;
  /** The last {@link KEPT} masks messages that came over `/api/live`, the newest last. */
  readonly masks: () => readonly Masks[];
  close(): Promise<void>;
}

const KEPT = 200;

/** Opens the console in a profile of its own; pages do not see each other's cookies. */
export async function openConsole(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = DESKTOP,
): Promise<Watched> {
  const context = await browser.newContext({ acceptDownloads: true, ...options });
  const page = await context.newPage();
  const { host } = new URL(url);
  const foreign: string[] = [];
  const faults: string[] = [];
  const said: { type: string; camera?: string; seq?: number }[] = [];
  const jpegs = new Map<number, Buffer>();
  const masks: Masks[] = [];
  const isOwn = (to: string): boolean => /^(?:blob|data):/.test(to) || new URL(to).host === host;
  await context.route(
    (to) => !isOwn(to.href),
    (route) => route.abort(),
  );
  context.on('request', (request) => {
    if (!isOwn(request.url())) foreign.push(request.url());
  });
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (message) => {
    // What Chromium itself says of an answer that is an error, or of a node that is gone, is no fault of the page.
    const isNetwork = /^(?:Failed to load resource|WebSocket connection to)/.test(message.text());
    if (message.type() === 'error' && !isNetwork) faults.push(message.text());
  });
  page.on('websocket', (socket: WebSocket) => {
    if (!isOwn(socket.url().replace(/^ws/, 'http'))) foreign.push(socket.url());
    socket.on('framesent', ({ payload }) => said.push(JSON.parse(String(payload))));
    socket.on('framereceived', ({ payload }) => {
      if (typeof payload === 'string') {
        const message = JSON.parse(payload) as ServerMessage;
        if (message.type === 'masks') masks.push(message);
        if (masks.length > KEPT) masks.shift();
        return;
      }
      const { header, jpeg } = parseFrame(payload);
      jpegs.set(header.seq, jpeg);
      for (const seq of jpegs.keys()) if (jpegs.size > KEPT) jpegs.delete(seq);
    });
  });
  await page.goto(url);
  return {
    page,
    foreign,
    faults,
    said,
    jpegOf: (seq) => jpegs.get(seq),
    masks: () => masks,
    close: () => context.close(),
  };
}
