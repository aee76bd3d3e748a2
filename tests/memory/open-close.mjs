/**
 * Opens and closes what a plan names, again and again, and prints what the process held before and after as lines of
 * JSON: `node --expose-gc open-close.mjs PLAN.json`. The plan, by tests/memory/plan.ts:
 *   root     the package whose dist/ and addon are used
 *   parts    names of turns.mjs, each with `every`: in which turns it is opened (1: in each)
 *   turns, warmUp   how many are counted, and how many before the first count; samples: how many counts between
 *   engines, clip, model, service, broker   what the parts need
 */
import { readFileSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { settled } from './census.mjs';
import { PARTS } from './turns.mjs';

const plan = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const load = (file) => import(pathToFileURL(`${plan.root}/dist/${file}`).href);
const parts = Object.keys(plan.parts);
const needs = (...names) => names.some((name) => parts.includes(name));

const modules = {
  native: await load('native/addon.js'),
  backend: needs('onnx') && (await load('segment/onnx/backend.js')),
  runTask: needs('build') && (await load('build/run-task.js')),
  tasks: needs('build') && (await load('build/tasks.js')),
  config: needs('service') && (await load('config/load.js')),
  main: needs('service') && (await load('main.js')),
};
const require = createRequire(`${plan.root}/package.json`);
const log = require('pino').pino({ level: plan.log ?? 'fatal' });
const client = needs('service') && (await require('mqtt').connectAsync(plan.broker));
if (client) await client.subscribeAsync('samwire/n1/front/masks');
const kit = { ...plan, addon: modules.native.loadAddon(), modules, log, client, serviceConfig: plan.service };

async function turn(number) {
  for (const [name, every] of Object.entries(plan.parts))
    if (number % every === 0) await PARTS[name](kit, number / every);
}

// Cameras alone keep no process alive.
const alive = setInterval(() => {}, 60_000);
const tell = (message) => writeSync(1, `${JSON.stringify(message)}\n`);
for (let i = 0; i < plan.warmUp; i++) await turn(i);
const before = await settled(kit.addon);
tell({ turn: 0, ...before });
const limits = { fds: before.fds, threads: before.threads, handles: before.handles, frames: 0 };
const step = Math.max(1, Math.floor(plan.turns / plan.samples));
for (let i = 1; i <= plan.turns; i++) {
  await turn(plan.warmUp + i);
  if (i % step === 0 || i === plan.turns) tell({ turn: i, ...(await settled(kit.addon, limits)) });
}
clearInterval(alive);
if (client) await client.endAsync();
