// The demo with its console on a port of the caller's choosing, so that it can be stopped and started again there. The
// command line takes the first free one from 8080 on, which is another as soon as something else has come or gone.
import { runDemo } from '../../dist/demo/demo.js';
import { createLogger } from '../../dist/log.js';

const [port, out] = process.argv.slice(2);
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
await runDemo({
  source: undefined,
  once: false,
  out,
  port: Number(port),
  log: createLogger({ level: 'warn', pretty: false }),
  print: () => undefined,
  onConsole: (url) => console.log(`console ${url}`),
  onFatal: () => stop.abort(),
  signal: stop.signal,
});
