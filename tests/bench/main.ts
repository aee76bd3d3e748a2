import '../../src/onnx/no-telemetry.js';
import { parseArgs } from 'node:util';
import { depth } from './depth.js';
import { endToEnd } from './end-to-end.js';
import { eventLoop } from './event-loop.js';
import { everything } from './everything.js';
import { jobs } from './jobs.js';
import { live } from './live.js';
import { describeMachine } from './measure.js';
import { metrics } from './metrics.js';
import { ROOT } from './models.js';
import { nativeCode } from './native-code.js';
import { describe, printLimits, writeReport } from './report.js';
import { scheduler } from './scheduler.js';
import { tracks } from './tracks.js';

const BENCHES = {
  image: nativeCode('image'),
  mask: nativeCode('mask'),
  depth,
  'event-loop': eventLoop,
  'end-to-end': endToEnd,
  everything,
  jobs,
  live,
  metrics,
  scheduler,
  tracks,
};
type BenchName = keyof typeof BENCHES;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false } },
});
const names = positionals.length > 0 ? positionals : Object.keys(BENCHES);
const unknown = names.filter((name) => !(name in BENCHES));
if (unknown.length > 0) {
  console.error(`Expected some of ${Object.keys(BENCHES).join(', ')}, got ${unknown.join(', ')}`);
  process.exit(2);
}

const startedAt = new Date().toISOString();
const machine = describeMachine(ROOT);
console.log(describe(machine));
let held = true;
for (const name of names as BenchName[]) {
  const { limits, results } = await BENCHES[name](values.quick);
  const command = `npm run bench -- ${name}${values.quick ? ' --quick' : ''}`;
  const path = writeReport(ROOT, { bench: name, command, startedAt, machine, limits, results });
  console.log();
  held = printLimits(limits) && held;
  console.log(`Written to ${path}`);
}
process.exitCode = held ? 0 : 1;
