/** The real server over one real camera of GStreamer. */
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import type { WebSocketServer } from 'ws';
import type { Camera } from '../../../src/frames/camera.js';
import { createApp } from '../../../src/http/app.js';
import { loadAddon } from '../../../src/native/addon.js';
import { owe } from '../../integration/mqtt/harness.js';
import { open } from '../../integration/service/watched-camera.js';
import { type TestView, testView } from '../view.js';

export const addon = loadAddon();

export interface Site {
  readonly url: string;
  /** `front`. */
  readonly camera: Camera;
  readonly view: TestView;
  readonly app: FastifyInstance & { readonly websocketServer: WebSocketServer };
}

const HTTP = { host: '127.0.0.1', tokenFile: null, allowedHosts: [] };

/** Closed at the end of the test, after its pages and before its camera. */
export async function site(size = { width: 320, height: 180 }): Promise<Site> {
  const { camera, until } = open('test://ball', { ...size, historyMs: 1000 });
  await until('streaming');
  const view = testView({ addon, cameras: new Map([['front', camera]]) });
  const app = createApp({ http: HTTP, node: view, log: pino({ level: 'silent' }) });
  await app.listen({ host: '127.0.0.1', port: 0 });
  owe(() => app.close());
  const { port } = app.server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, camera, view, app: app as unknown as Site['app'] };
}
