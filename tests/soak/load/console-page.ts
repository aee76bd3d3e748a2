/** A page of the console: looks at both cameras, tells what it has seen, goes away and comes back. */
import { WebSocket } from 'ws';
import type { ClientMessage, FrameHeader } from '../../../src/http/live/protocol.js';
import type { Paced } from '../pace.js';
import { CAMERAS, type Site } from '../site.js';

const STAY_MS = 120_000;
const MAX_FPS = 4;
const MAX_WIDTH = 960;
const AWAY_MS = 2000;

export function consolePage(site: Site): Paced {
  let socket = open(site);
  let stopped = false;
  let comingBack: NodeJS.Timeout | undefined;
  const timer = setInterval(() => {
    socket.close();
    comingBack = setTimeout(() => {
      if (!stopped) socket = open(site);
    }, AWAY_MS);
  }, STAY_MS);
  return {
    stop: async () => {
      stopped = true;
      clearInterval(timer);
      clearTimeout(comingBack);
      socket.close();
    },
  };
}

function open({ httpUrl, tally }: Site): WebSocket {
  const socket = new WebSocket(`${httpUrl.replace('http', 'ws')}/api/live`, { headers: { origin: httpUrl } });
  const say = (message: ClientMessage): void => socket.send(JSON.stringify(message));
  tally.add('console pages opened');
  socket.on('open', () =>
    say({
      type: 'watch',
      cameras: CAMERAS.map((name) => ({ name, maxWidth: MAX_WIDTH, maxFps: MAX_FPS })),
    }),
  );
  socket.on('message', (data: Buffer, isBinary) => {
    if (!isBinary) {
      tally.add('console messages');
      return;
    }
    tally.add('console frames');
    const { camera, seq } = JSON.parse(data.subarray(4, 4 + data.readUInt32LE(0)).toString()) as FrameHeader;
    if (socket.readyState === WebSocket.OPEN) say({ type: 'seen', camera, seq });
  });
  socket.on('close', (code, reason) => {
    // 1005: closed by us, without a code.
    if (code !== 1005 && code !== 1000) tally.fail(`The console page was closed with ${code} ${reason}`);
  });
  socket.on('error', (error) => tally.fail(`The console page: ${error.message}`));
  return socket;
}
