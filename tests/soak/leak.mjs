// A fault to be found: loaded into the service by `npm run soak -- --minutes 4 --preload tests/soak/leak.mjs`, it keeps
// 100 kB more each 100 ms and opens a file every 5 s.
import { openSync } from 'node:fs';

const kept = [];
setInterval(() => kept.push(Buffer.alloc(100_000, kept.length)), 100).unref();
setInterval(() => kept.push(openSync('/dev/null', 'r')), 5000).unref();
