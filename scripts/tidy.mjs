// `npm run tidy`: clang-tidy with the checks of .clang-tidy over native/ and tests/native/, as many files at a time as there
// are cores. Arguments: parts of paths, to look at those files alone; `--quick` leaves out the path-sensitive analyzer, which
// takes two thirds of the time. Exits with 1 where something is found.
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { relative } from 'node:path';

const MAJOR = 14; // Debian 12's; others have other checks
const PROGRAM = `clang-tidy-${MAJOR}`;
const BUILD = 'build/tidy';
const quick = process.argv.includes('--quick');
const wanted = process.argv.slice(2).filter((argument) => argument !== '--quick');

if (spawnSync(PROGRAM, ['--version']).status !== 0) {
  console.error(`Expected ${PROGRAM}: apt-get install clang-tidy-${MAJOR}`);
  process.exit(2);
}
// The compile commands alone; nothing is built.
if (spawnSync('cmake', ['--preset', 'tidy'], { stdio: ['ignore', 'ignore', 'inherit'] }).status !== 0)
  process.exit(2);

/** Each source once: some are compiled for three versions of TensorRT. */
const commands = JSON.parse(readFileSync(`${BUILD}/compile_commands.json`, 'utf8'));
const sources = [...new Set(commands.map(({ file }) => relative('.', file)))]
  .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
  .sort();

/** Findings in headers come with each source that includes them. */
const found = new Set();
let failed = false;

function look(file) {
  const options = [
    ...(quick ? ['--checks=-clang-analyzer-*'] : []),
    // GCC's warnings that Clang does not know.
    '--extra-arg=-Wno-unknown-warning-option',
  ];
  return new Promise((resolve) => {
    const child = spawn(PROGRAM, ['-p', BUILD, '--quiet', ...options, file], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout.on('data', (text) => {
      output += text;
    });
    child.stderr.on('data', () => {});
    child.once('close', (status) => {
      if (status !== 0) failed = true;
      for (const finding of output.split(/^(?=\S+:\d+:\d+: (?:error|warning):)/m)) {
        const text = finding.trim();
        if (text === '' || found.has(text)) continue;
        found.add(text);
        console.log(text);
      }
      resolve();
    });
  });
}

const startedAt = Date.now();
const left = [...sources];
async function work() {
  for (let file = left.shift(); file !== undefined; file = left.shift()) await look(file);
}
await Promise.all(Array.from({ length: availableParallelism() }, work));
const seconds = Math.round((Date.now() - startedAt) / 1000);
console.log(`clang-tidy: ${sources.length} files, ${found.size} findings, ${seconds} s`);
process.exitCode = failed || found.size > 0 ? 1 : 0;
