// `npm test`: types, lint, native tests (also under ASan+UBSan, and those of the TensorRT backend under TSan), the CUDA
// kernels where nvcc is, unit and integration tests; the last line counts them all. Arguments name the steps to run:
// types lint native asan tsan kernels vitest (all when none is named).
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';

const REPORTS = 'build/reports';
const CLANG_FORMAT_MAJOR = 14; // Debian 12's; other majors lay some lines out differently
const total = { passed: 0, failed: 0, skipped: 0 };
const rows = [];

function run(command, args, env = {}) {
  return spawnSync(command, args, { stdio: 'inherit', env: { ...process.env, ...env } }).status === 0;
}

function record(name, counts, startedAt) {
  for (const key of Object.keys(total)) total[key] += counts[key];
  rows.push({ step: name, ...counts, seconds: Math.round((Date.now() - startedAt) / 100) / 10 });
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

/**
 * Builds one CMake preset, or one program of it, and counts its tests from CTest's JUnit report.
 * @param only `{target, tests}`: what to build, and the pattern of the tests to run.
 */
function native(preset, env, only) {
  const startedAt = Date.now();
  const dir = `build/${preset}`;
  const junit = `${process.cwd()}/${REPORTS}/${preset}.xml`;
  rmSync(junit, { force: true });
  const build = ['--build', dir, '--parallel', '2', ...(only ? ['--target', only.target] : [])];
  // Cameras wait more than they compute, so four at a time on two cores; one at a time took three times as long.
  const test = ['--test-dir', dir, '--parallel', '4', '--output-on-failure', '--timeout', '300'];
  const built = run('cmake', ['--preset', preset]) && run('cmake', build);
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

function vitest() {
  const startedAt = Date.now();
  const file = `${REPORTS}/vitest.json`;
  rmSync(file, { force: true });
  const args = ['vitest', 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const succeeded = run('npx', args);
  let counts = { passed: 0, failed: 1, skipped: 0 };
  try {
    const report = JSON.parse(readFileSync(file, 'utf8'));
    counts = {
      passed: report.numPassedTests,
      failed: report.numFailedTests,
      skipped: report.numPendingTests + report.numTodoTests,
    };
    // A test file that failed to load, or an error outside of any test.
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
  asan: () => native('asan', sanitizers),
  // The kernels' tests have one thread.
  tsan: () => native('tsan', threads, { target: 'device_tests', tests: '^device_tests.runtime' }),
  kernels,
  vitest,
};

mkdirSync(REPORTS, { recursive: true });
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in steps));
if (unknown.length > 0) {
  console.error(`Unknown step ${unknown.join(', ')}; there are: ${Object.keys(steps).join(', ')}`);
  process.exit(2);
}
for (const name of asked.length > 0 ? asked : Object.keys(steps)) steps[name]();
console.table(rows);
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed > 0 ? 1 : 0;
