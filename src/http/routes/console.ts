import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { PACKAGE_ROOT } from '../../native/addon.js';

/** Where `npm run build:console` puts it. */
const CONSOLE_FOLDER = join(PACKAGE_ROOT, 'dist/console');
/** All that a build has: pages and pictures beside index.html, and files with a hash in their name. */
const OURS = /^\/?(?:assets\/)?[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+$/;
const HASHED = /^\/assets\//;
const FOREVER = 'public, max-age=31536000, immutable';
const ASK_FIRST = 'no-cache';

/** The console's files, for everyone: its data are what the token guards. */
export function consoleRoutes(app: FastifyInstance, folder = CONSOLE_FOLDER): void {
  const built = (): boolean => existsSync(join(folder, 'index.html'));
  void app.register(async (scope) => {
    scope.addHook('onRoute', (route) => {
      route.config = { ...route.config, open: true };
    });
    scope.addHook('onSend', async ({ raw }, reply, payload) => {
      if (reply.statusCode === 200 || reply.statusCode === 304)
        reply.header('cache-control', HASHED.test(raw.url ?? '') ? FOREVER : ASK_FIRST);
      return payload;
    });
    await scope.register(fastifyStatic, {
      root: folder,
      index: false,
      dotfiles: 'deny',
      cacheControl: false,
      allowedPath: (path) => OURS.test(path),
    });
    scope.get('/', async (_request, reply) =>
      built()
        ? reply.sendFile('index.html')
        : reply.code(503).type('text/html; charset=utf-8').send(NOT_BUILT),
    );
  });
}

const NOT_BUILT = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Samwire</title>
<h1>The console is not built</h1>
<p>The service runs, and its HTTP API is served. To have this page, run in Samwire's folder:</p>
<pre>npm run build:console</pre>
<p>Then load it again; the service need not be started anew.</p>
</html>
`;
