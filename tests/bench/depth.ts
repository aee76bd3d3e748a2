import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { BIN, build, lines, type Timing } from './native-code.js';
import { type Limit, table } from './report.js';

const ONE_TENTH = '16 masks, a tenth of 1080p, depth 1920x1080';

/** Depth of 16 masks of a 1080p frame, one thread, CPU time. */
export async function depth(quick: boolean): Promise<{ limits: Limit[]; results: unknown }> {
  build('depth_bench');
  const text = execFileSync(join(BIN, 'depth_bench'), [quick ? '0.3' : '2'], { encoding: 'utf8' });
  const timings = lines<Timing>(text);
  console.log('\nDepth of masks, one thread, CPU time');
  console.log(
    table(timings.map(({ name, medianMs }) => ({ case: name, 'ms (median)': medianMs.toFixed(2) }))),
  );
  const measured = timings.find(({ name }) => name === ONE_TENTH)?.medianMs ?? Number.POSITIVE_INFINITY;
  return { limits: [{ what: `depth of ${ONE_TENTH}`, measured, limit: 2, unit: 'ms' }], results: timings };
}
