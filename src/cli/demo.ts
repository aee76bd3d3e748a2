import { runDemo } from '../demo/demo.js';
import { masksOf } from '../demo/prompter.js';
import { createLogger } from '../log.js';
import type { MasksMessage } from '../masks/types.js';
import { percentiles } from '../pipeline/counters.js';
import { EXIT } from './exit.js';
import { openBrowser } from './open-browser.js';

export interface DemoCommand {
  readonly source: string | undefined;
  readonly once: boolean;
  readonly out: string;
  /** Whether the console is opened in the browser. */
  readonly open: boolean;
  readonly logLevel: string | undefined;
}

/** `samwire demo`: 0 when masks were published, 70 when the GPU was lost, else 1. */
export async function demoCommand({ source, once, out, open, logLevel }: DemoCommand): Promise<number> {
  const log = createLogger({ level: logLevel ?? 'warn', pretty: process.stderr.isTTY });
  const print = (line: string): void => void process.stdout.write(`${line}\n`);
  const stop = new AbortController();
  // SIGHUP: its terminal was closed. The demo's Mosquitto would outlive it.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop.abort());
  let fatal: number | undefined;
  const onFatal = (exitCode: number): void => {
    fatal ??= exitCode;
    stop.abort();
  };
  const onConsole = (url: string): void => {
    print(`Open ${url} in a browser: click an object and get its mask. Ctrl-C ends the demo.`);
    if (open) openBrowser(url);
  };
  const { signal } = stop;
  const options = { source, once, out, log, print, signal, onFatal, onConsole };
  const summary = await runDemo(options).catch((error) => {
    // Ctrl-C while engines are built or the model is loaded.
    if (!signal.aborted) throw error;
  });
  if (fatal !== undefined) return fatal;
  if (!summary) return EXIT.interrupted;
  const { messages, overlays, errors } = summary;
  const masks = messages.flatMap(masksOf).filter((mask) => mask.area > 0);
  if (once && messages.length > 0) for (const line of summaryLines(messages, overlays, out)) print(line);
  if (masks.length > 0) return EXIT.done;
  print(`No mask was published.${errors[0] === undefined ? '' : ` The first error: ${errors[0]}`}`);
  return EXIT.failed;
}

function summaryLines(messages: readonly MasksMessage[], overlays: number, out: string): string[] {
  const masks = messages.flatMap(masksOf);
  const scores = masks.map((mask) => mask.score);
  const mean = scores.reduce((sum, score) => sum + score, 0) / Math.max(1, scores.length);
  const stage = (name: 'encodeMs' | 'decodeMs' | 'captureToPublishMs'): string =>
    `${percentiles(messages.map(({ timing }) => timing[name]))?.p50.toFixed(0) ?? '-'} ms`;
  const ids = [...new Set(masks.map((mask) => mask.label ?? mask.id))].sort();
  return [
    `${messages.length} frames with ${masks.length} masks of ${ids.join(', ') || 'nothing'}; mean predicted IoU ${mean.toFixed(2)}.`,
    `${messages[0]?.model ?? 'No model'} on ${messages[0]?.backend ?? 'no backend'}, medians: encode ${stage('encodeMs')}, decode ${stage('decodeMs')}, capture to masks ${stage('captureToPublishMs')}.`,
    `Written: ${out}/masks.json and ${overlays} pictures, ${out}/overlay-*.png`,
  ];
}
