import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const SERVER = process.env.SAMWIRE_CONSOLE ?? 'http://127.0.0.1:8080';

/** `npm run build:console`; `npx vite --config console/vite.config.ts` serves the sources, with the API of a node that runs. */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../dist/console',
    emptyOutDir: true,
    target: 'es2022',
    // The server's Content-Security-Policy takes files of its own only: nothing inline, no data: URLs.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: {
      // The node refuses foreign Host and Origin headers: the proxy speaks as the page of its own address would.
      '/api': { target: SERVER, ws: true, changeOrigin: true, headers: { origin: SERVER } },
    },
  },
});
