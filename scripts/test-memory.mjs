// `npm run test:memory`: the long form of what docs/native-checks.md lists. Native tests under valgrind; everything opened and
// closed 1,000 times; 200 threads torn down at each kind of work. Arguments name the steps to run: valgrind node threads (all
// when none is named). An hour on two cores.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const TURNS = 1000;
const THREADS = 200;
const GLIB = '/usr/share/glib-2.0/valgrind/glib.supp';

function run(command, args, env = {}) {
  console.log(`> ${[command, ...args].join(' ')}`);
  return spawnSync(command, args, { stdio: 'inherit', env: { ...process.env, ...env } }).status === 0;
}

const build = () =>
  run('cmake', ['--preset', 'tests']) && run('cmake', ['--build', 'build/tests', '--parallel', '2']);

/** Tests that measure times are left out: a program is twenty times as slow there. */
const PROGRAMS = [
  ['native_tests', '-*InTime*:*Captured*:Camera.DeliversFrames*:Camera.IsNotHeldUp*:*Rtsp*'],
  ['device_tests', '*'],
];

function valgrind() {
  if (spawnSync('valgrind', ['--version']).status !== 0) {
    console.error('Expected valgrind: apt-get install valgrind');
    return false;
  }
  const options = [
    '--quiet',
    '--error-exitcode=9',
    '--leak-check=full',
    '--show-leak-kinds=definite,indirect',
    '--errors-for-leak-kinds=definite,indirect',
    '--num-callers=40',
    '--suppressions=tests/native/suppressions/valgrind.supp',
    ...(existsSync(GLIB) ? [`--suppressions=${GLIB}`] : []),
  ];
  return PROGRAMS.map(([name, filter]) =>
    run('valgrind', [
      ...options,
      `build/tests/tests/native/${name}`,
      '--gtest_brief=1',
      `--gtest_filter=${filter}`,
    ]),
  ).every(Boolean);
}

const vitest = (file, env) => run('npx', ['vitest', 'run', `tests/memory/${file}`], env);
const steps = {
  valgrind,
  node: () => vitest('open-close.test.ts', { SAMWIRE_MEMORY_TURNS: String(TURNS) }),
  threads: () => vitest('teardown.test.ts', { SAMWIRE_MEMORY_WORKERS: String(THREADS) }),
};

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in steps));
if (unknown.length > 0) {
  console.error(`Unknown step ${unknown.join(', ')}; there are: ${Object.keys(steps).join(', ')}`);
  process.exit(2);
}
if (!build()) process.exit(1);
const results = (asked.length > 0 ? asked : Object.keys(steps)).map((name) => [name, steps[name]()]);
for (const [name, passed] of results) console.log(`${name}: ${passed ? 'clean' : 'FAILED'}`);
process.exitCode = results.every(([, passed]) => passed) ? 0 : 1;
