/** A campaign on a thread of its own, which can be ended when an input never ends. */
import { parentPort, workerData } from 'node:worker_threads';
import { blownUp } from './blown-up.js';
import { campaign } from './campaign.js';
import type { WorkerMessage, WorkerTask } from './protocol.js';
import { seedsOf } from './seeds.js';
import { TARGETS } from './targets.js';
import { treeOf } from './tree.js';

const task = workerData as WorkerTask;
const target = TARGETS.find(({ name }) => name === task.target);
if (target === undefined) throw new Error(`there is no target ${task.target}`);
const numbers = new Uint32Array(task.current, 0, 2);
const bytes = new Uint8Array(task.current, 8);
const post = (message: WorkerMessage): void => parentPort?.postMessage(message);

function* made(makers: Iterable<() => Uint8Array>): Generator<Uint8Array> {
  for (const make of makers) yield make();
}

const seeds = task.only === undefined ? [...seedsOf(target.name).values()] : [task.only];
const { maxBytes } = target;
const large =
  target.form === 'json' && task.only === undefined
    ? seeds.flatMap((seed) => {
        const tree = treeOf(Buffer.from(seed).toString());
        return tree === undefined ? [] : [() => made(blownUp(tree, maxBytes))];
      })
    : [];

const result = await campaign(target, {
  seeds,
  large,
  seed: task.seed,
  runs: task.only === undefined ? task.runs : 0,
  ...(task.seconds === undefined ? {} : { untilMs: performance.now() + task.seconds * 1000 }),
  guided: task.only === undefined,
  onInput: (input) => {
    bytes.set(input.subarray(0, bytes.length));
    numbers[1] = input.length;
    Atomics.add(numbers, 0, 1);
  },
  onKept: (input) => post({ kind: 'kept', input }),
});
const { finding, ...facts } = result;
const { thrown, input } = finding ?? {};
post({
  kind: 'done',
  result: facts,
  ...(input === undefined
    ? {}
    : {
        finding: { input, text: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown) },
      }),
});
