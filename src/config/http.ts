import { z } from 'zod';
import { filePath } from './addresses.js';
import { flag, int, text } from './values.js';

/** The `http` block of the config (docs/http.md). */
export const http = z
  .strictObject({
    enabled: flag().default(true).describe('`false`: no console, no HTTP API, no `/metrics`.'),
    host: text(253).default('127.0.0.1').describe('Address that the console listens on.'),
    port: int(0, 65_535).default(8080).describe('Its port; 0: one that is free.'),
    tokenFile: filePath
      .nullable()
      .default(null)
      .describe('File with the token that the console asks for; `null`: none.'),
  })
  .prefault({});
