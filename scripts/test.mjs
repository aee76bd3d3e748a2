// `npm test`: types, lint, native tests (also under ASan+UBSan, and those with threads of their own under TSan), the CUDA
// kernels where nvcc is, unit and integration tests; the last line counts them all. Arguments name the steps to run:
// types lint native kernels vitest asan tsan (all when none is named). What the sanitizers test is compiled beside vitest,
// whose tests wait for a good part of their time, at the lowest priority; their tests run after it, alone.
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { relative } from 'node:path';

const REPORTS = 'build/reports';
const CLANG_FORMAT_MAJOR = 14; // Debian 12's; other majors lay some lines out differently
const total = { passed: 0, failed: 0, skipped: 0 };
const rows = [];

function run(command, args, env = {}) {
  return spawnSync(command, args, { stdio: 'inherit', env: { ...process.env, ...env } }).status === 0;
}

/** CPU time in seconds of everything that this process has started and seen end, with what those started and waited for. */
function cpuSeconds() {
  const TICKS_PER_SECOND = 100; // Linux's, on every architecture
  try {
    // After the name in brackets, which may hold spaces: cutime and cstime are the 14th and 15th.
    const fields = readFileSync('/proc/self/stat', 'utf8').split(') ').at(-1).split(' ');
    return (Number(fields[13]) + Number(fields[14])) / TICKS_PER_SECOND;
  } catch {
    return Number.NaN;
  }
}

let counted = 0;

/** What a machine is busy with lengthens `seconds`, and `cpu` hardly: compare runs by that. */
function record(name, counts, startedAt) {
  for (const key of Object.keys(total)) total[key] += counts[key];
  const cpu = cpuSeconds();
  rows.push({
    step: name,
    ...counts,
    seconds: Math.round((Date.now() - startedAt) / 100) / 10,
    cpu: Math.round((cpu - counted) * 10) / 10,
  });
  counted = cpu;
}

function check(name, ...commands) {
  const startedAt = Date.now();
  const passed = commands.every(([command, ...args]) => run(command, args));
  record(name, { passed: passed ? 1 : 0, failed: passed ? 0 : 1, skipped: 0 }, startedAt);
}

function clangFormat() {
  const startedAt = Date.now();
  const version = spawnSync('clang-format', ['--version'], { encoding: 'utf8' }).stdout ?? '';
  const major = Number(/version (\d+)/.exec(version)?.[1]);
  if (major !== CLANG_FORMAT_MAJOR) {
    console.log(
      `clang-format ${CLANG_FORMAT_MAJOR} is not here (found ${version.trim() || 'none'}): skipped`,
    );
    record('clang-format', { passed: 0, failed: 0, skipped: 1 }, startedAt);
    return;
  }
  const listed = spawnSync('git', ['ls-files', 'native', 'tests'], { encoding: 'utf8' }).stdout.split('\n');
  const sources = listed.filter((file) => /\.(h|cc)$/.test(file));
  check('clang-format', ['clang-format', '--dry-run', '--Werror', ...sources]);
}

/** The exit code by which a check says that this machine lacks what it needs; it has printed what. */
const SKIPPED = 77;

function kernels() {
  const startedAt = Date.now();
  const { status } = spawnSync('node', ['scripts/check-kernels.mjs'], { stdio: 'inherit' });
  const skipped = status === SKIPPED ? 1 : 0;
  const passed = status === 0 ? 1 : 0;
  record('kernels', { passed, failed: 1 - passed - skipped, skipped }, startedAt);
}

/** The two commands that build a preset, or some programs of it. */
function buildCommands(preset, only) {
  const build = [
    '--build',
    `build/${preset}`,
    '--parallel',
    '2',
    ...(only ? ['--target', ...only.targets] : []),
  ];
  return [['--preset', preset], build];
}

/** Builds that were begun beside other steps, by preset: resolve with whether all went well. */
const begun = new Map();
let lastBegun = Promise.resolve();

/** Builds a preset beside what follows, one preset after the other; what it says is kept until its step comes. */
function buildBeside({ preset, only }) {
  const log = `${REPORTS}/${preset}-build.log`;
  const built = lastBegun.then(async () => {
    const startedAt = Date.now();
    const output = openSync(log, 'w');
    let ok = true;
    for (const args of buildCommands(preset, only)) {
      if (!ok) break;
      ok = await new Promise((resolve) => {
        const child = spawn('nice', ['-n', '19', 'cmake', ...args], { stdio: ['ignore', output, output] });
        child.once('error', () => resolve(false));
        child.once('close', (status) => resolve(status === 0));
      });
    }
    closeSync(output);
    return { ok, log, seconds: Math.round((Date.now() - startedAt) / 1000) };
  });
  begun.set(preset, built);
  lastBegun = built;
}

/** Whether the preset is built, now or beside the steps before. */
async function build(preset, only) {
  const beside = begun.get(preset);
  if (beside === undefined) return buildCommands(preset, only).every((args) => run('cmake', args));
  const { ok, log, seconds } = await beside;
  process.stdout.write(readFileSync(log));
  console.log(`native (${preset}): built beside other steps, in ${seconds} s`);
  return ok;
}

/**
 * Builds one CMake preset, or some programs of it, and counts its tests from CTest's JUnit report.
 * @param only `{targets, tests}`: what to build, and the pattern of the tests to run.
 */
async function native(preset, env, only) {
  const startedAt = Date.now();
  const dir = `build/${preset}`;
  const junit = `${process.cwd()}/${REPORTS}/${preset}.xml`;
  rmSync(junit, { force: true });
  // Cameras wait more than they compute, so four at a time on two cores; one at a time took three times as long.
  const test = ['--test-dir', dir, '--parallel', '4', '--output-on-failure', '--timeout', '300'];
  const built = await build(preset, only);
  const chosen = only ? ['--tests-regex', only.tests] : [];
  if (built) run('ctest', [...test, '--output-junit', junit, ...chosen], env);
  let report = '';
  try {
    report = readFileSync(junit, 'utf8');
  } catch {
    record(`native (${preset})`, { passed: 0, failed: 1, skipped: 0 }, startedAt);
    return;
  }
  const attribute = (name) => Number(new RegExp(`<testsuite[^>]*\\s${name}="(\\d+)"`).exec(report)?.[1] ?? 0);
  const failed = attribute('failures');
  const skipped = attribute('skipped') + attribute('disabled');
  const tests = attribute('tests');
  // A build that ran no test has proven nothing.
  const counts = { passed: tests - failed - skipped, failed: tests === 0 ? 1 : failed, skipped };
  record(`native (${preset})`, counts, startedAt);
}

const SLOWEST = 12;

/** Prints which test files take the longest: where to look when the whole of it takes too long. */
function slowest(files) {
  const timed = files.map(({ name, startTime, endTime }) => ({
    file: relative(process.cwd(), name),
    seconds: Math.round((endTime - startTime) / 100) / 10,
  }));
  const sum = timed.reduce((seconds, file) => seconds + file.seconds, 0);
  console.log(
    `The slowest of ${timed.length} test files, which take ${Math.round(sum)} s one after the other:`,
  );
  for (const { file, seconds } of timed.sort((a, b) => b.seconds - a.seconds).slice(0, SLOWEST))
    console.log(`${seconds.toFixed(1).padStart(8)} s  ${file}`);
}

/** A test file that failed, though no single test of it did. */
function failedAsAWhole({ status, assertionResults }) {
  return status === 'failed' && assertionResults.every((test) => test.status !== 'failed');
}

async function vitest() {
  const startedAt = Date.now();
  const file = `${REPORTS}/vitest.json`;
  rmSync(file, { force: true });
  const args = ['vitest', 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  // Not spawnSync: the builds beside it go on to their next command.
  const succeeded = await new Promise((resolve) => {
    const child = spawn('npx', args, { stdio: 'inherit' });
    child.once('error', () => resolve(false));
    child.once('close', (status) => resolve(status === 0));
  });
  let counts = { passed: 0, failed: 1, skipped: 0 };
  try {
    const report = JSON.parse(readFileSync(file, 'utf8'));
    counts = {
      passed: report.numPassedTests,
      failed: report.numFailedTests,
      skipped: report.numPendingTests + report.numTodoTests,
    };
    slowest(report.testResults);
    // What failed to load or to set up has tests that are told as skipped.
    counts.failed += report.testResults.filter(failedAsAWhole).length;
    // An error outside of any test.
    if (!succeeded && counts.failed === 0) counts.failed = 1;
  } catch {
    // No report: vitest itself failed, and the count above says so.
  }
  record('vitest', counts, startedAt);
}

const sanitizers = {
  ASAN_OPTIONS: 'detect_leaks=1:halt_on_error=1:fast_unwind_on_malloc=0',
  LSAN_OPTIONS: `suppressions='${process.cwd()}/tests/native/suppressions/lsan.txt':print_suppressions=0`,
  UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
};
const threads = {
  TSAN_OPTIONS: `suppressions='${process.cwd()}/tests/native/suppressions/tsan.txt':ignore_noninstrumented_modules=1:halt_on_error=1`,
};
// What has threads of its own; the kernels' tests have one. docs/native-checks.md has the rest by hand.
const THREADED = {
  targets: ['device_tests', 'thread_tests'],
  tests: '^(device_tests.runtime|thread_tests)$',
};
const steps = {
  types: () =>
    check(
      'types',
      ...['tsconfig.tests.json', 'console', 'tests/console'].map((project) => ['npx', 'tsc', '-p', project]),
    ),
  lint: () => {
    check('lint', ['npx', 'biome', 'ci', '--error-on-warnings', '.']);
    clangFormat();
  },
  native: () => native('tests', {}),
  kernels,
  vitest,
  asan: () => native('asan', sanitizers),
  tsan: () => native('tsan', threads, THREADED),
};

mkdirSync(REPORTS, { recursive: true });
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in steps));
if (unknown.length > 0) {
  console.error(`Unknown step ${unknown.join(', ')}; there are: ${Object.keys(steps).join(', ')}`);
  process.exit(2);
}
const names = asked.length > 0 ? asked : Object.keys(steps);
for (const [i, name] of names.entries()) {
  if (name === 'vitest') {
    const later = names.slice(i + 1);
    if (later.includes('asan')) buildBeside({ preset: 'asan' });
    if (later.includes('tsan')) buildBeside({ preset: 'tsan', only: THREADED });
  }
  await steps[name]();
}
console.table(rows);
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed > 0 ? 1 : 0;
