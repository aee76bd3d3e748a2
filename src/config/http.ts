import { z } from 'zod';
import { filePath } from './addresses.js';
import { flag, int, list, text } from './values.js';

const HOST_NAME = { error: 'a host name or address without a port, such as robot.local' };

/** The `http` block of the config (docs/http.md). */
export const http = z
  .strictObject({
    enabled: flag().default(true).describe('`false`: no console, no HTTP API, no `/metrics`.'),
    host: text(253)
      .default('127.0.0.1')
      .describe(
        "Address that the console listens on; another than this machine's own loopback needs a `tokenFile`.",
      ),
    port: int(0, 65_535).default(8080).describe('Its port; 0: one that is free.'),
    tokenFile: filePath
      .nullable()
      .default(null)
      .describe('File with the token that console and API ask for; `null`: none.'),
    allowedHosts: list(
      z.string(HOST_NAME).regex(/^(?:[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,252})|\[[0-9A-Fa-f:.]+\])$/, HOST_NAME),
      32,
      'host names',
    )
      .default([])
      .describe('Names by which it is reached besides its own: those of a reverse proxy (docs/http.md).'),
  })
  .prefault({});

/** Reached from this machine only: an address or name as in `http.host`, or in a Host header without its port. */
export function isLoopback(host: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|::1|\[::1\])$/i.test(host);
}

/** @param block the config's `http`, which may be wrong elsewhere. */
export function isOpenToOthers(block: unknown): boolean {
  const { enabled = true, host, tokenFile = null } = (block ?? {}) as Record<string, unknown>;
  return enabled === true && typeof host === 'string' && tokenFile === null && !isLoopback(host);
}
