// Compiles the CUDA kernels for the GPUs that Samwire knows, and says what each takes: registers and shared memory.
// Fails on a warning and on registers that spill into memory. Needs nvcc, no GPU. Exit code 77: no nvcc here.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const FOLDER = 'native/cuda';
// Xavier (up to CUDA 12), Orin, H200 (where the kernels' test program may run), Thor (CUDA 13).
const ARCHITECTURES = ['sm_72', 'sm_87', 'sm_90', 'sm_110'];

function findNvcc() {
  const candidates = [process.env.NVCC, 'nvcc', '/usr/local/cuda/bin/nvcc'].filter(Boolean);
  return candidates.find((command) => spawnSync(command, ['--version']).status === 0);
}

/** `preprocess.cu: tile_kernel<...>` of ptxas' mangled name. */
function readable(mangled) {
  const name = spawnSync('c++filt', [mangled], { encoding: 'utf8' }).stdout?.trim() || mangled;
  return name
    .replace(/\(anonymous namespace\)::|samwire::(cuda::)?|_GLOBAL__N_\w+::/g, '')
    .replace(/\(PixelFormat\)/g, 'format ')
    .replace(/^void /, '')
    .replace(/\((?:[^()]|\([^()]*\))*\)$/, '');
}

function compile(nvcc, source, architecture, output) {
  const args = ['-std=c++17', '-O3', `-arch=${architecture}`, '-cubin', '-Xptxas', '-v', '-Inative'];
  // The host's compiler checks the shared functions as it checks the rest of the addon.
  args.push('-Xcompiler', '-Wall,-Wextra', '-o', output, join(FOLDER, source));
  const { status, stdout, stderr } = spawnSync(nvcc, args, { encoding: 'utf8' });
  return { ok: status === 0, lines: `${stdout}${stderr}`.split('\n') };
}

/** One row for each kernel of ptxas' report. */
function kernelsOf(lines) {
  const kernels = [];
  for (const line of lines) {
    const entry = /Compiling entry function '(\w+)'/.exec(line);
    if (entry) kernels.push({ kernel: readable(entry[1]), registers: 0, shared: 0, stack: 0, spilled: 0 });
    const kernel = kernels.at(-1);
    if (!kernel) continue;
    const frame = /(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads/.exec(line);
    if (frame)
      Object.assign(kernel, { stack: Number(frame[1]), spilled: Number(frame[2]) + Number(frame[3]) });
    const used = /Used (\d+) registers/.exec(line);
    if (!used) continue;
    kernel.registers = Number(used[1]);
    kernel.shared = Number(/(\d+) bytes smem/.exec(line)?.[1] ?? 0);
  }
  return kernels;
}

function main() {
  const nvcc = findNvcc();
  if (!nvcc) {
    console.log(
      'SKIPPED: no nvcc here (put it on the PATH, or name it in NVCC); the kernels were not compiled',
    );
    return 77;
  }
  const known = spawnSync(nvcc, ['--list-gpu-code'], { encoding: 'utf8' }).stdout.split('\n');
  const sources = readdirSync(FOLDER).filter((file) => file.endsWith('.cu'));
  const folder = mkdtempSync(join(tmpdir(), 'samwire-kernels-'));
  const rows = [];
  const problems = [];
  for (const architecture of ARCHITECTURES.filter((one) => known.includes(one))) {
    for (const source of sources) {
      const { ok, lines } = compile(nvcc, source, architecture, join(folder, 'kernels.cubin'));
      const warnings = lines.filter((line) => /\bwarning\b|\berror\b/i.test(line));
      if (!ok || warnings.length > 0)
        problems.push(`${source}, ${architecture}:`, ...(ok ? warnings : lines));
      const kernels = kernelsOf(lines);
      if (ok && kernels.length === 0) problems.push(`${source}, ${architecture}: ptxas named no kernel`);
      rows.push(...kernels.map((kernel) => ({ architecture, source, ...kernel })));
    }
  }
  rmSync(folder, { recursive: true });
  console.table(rows);
  const left = ARCHITECTURES.filter((one) => !known.includes(one));
  if (left.length > 0) console.log(`This nvcc does not know ${left.join(', ')}: not compiled.`);
  for (const row of rows) {
    if (row.spilled > 0 || row.stack > 0)
      problems.push(
        `${row.source}, ${row.architecture}: ${row.kernel} keeps ${row.stack} bytes of its registers in memory`,
      );
  }
  if (rows.length === 0)
    problems.push(`No kernel was compiled: ${existsSync(FOLDER) ? 'no architecture in common' : FOLDER}`);
  for (const problem of problems) console.log(problem);
  console.log(`${rows.length} kernels compiled, ${problems.length === 0 ? 'none spills' : 'with problems'}`);
  return problems.length === 0 ? 0 : 1;
}

process.exitCode = main();
