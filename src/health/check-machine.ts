import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { Check } from './check.js';
import { type Host, onHost } from './host.js';

/** Before this nothing of Samwire existed: a machine without a clock battery that has no network time yet. */
const EARLIEST_NOW = Date.UTC(2025, 0, 1);

/** Jetson Linux (L4T) releases and the JetPack that brought them. */
const JETPACKS: readonly (readonly [l4t: RegExp, jetpack: string])[] = [
  [/^35\./, '5.1'],
  [/^36\.3/, '6.0'],
  [/^36\.[45]/, '6.1 or 6.2'],
  [/^38\.2/, '7.0'],
  [/^38\.4/, '7.1'],
  [/^39\.2/, '7.2'],
];

const LIBRARY_FOLDERS = [
  '/usr/lib/aarch64-linux-gnu',
  '/usr/lib/x86_64-linux-gnu',
  '/usr/lib64',
  '/usr/lib',
  '/usr/local/lib',
  '/usr/local/cuda/lib64',
  '/usr/local/tensorrt/lib',
];

/** The machine itself: hardware, Jetson and JetPack, clock, GPU, TensorRT. */
export async function checkMachine(host: Host): Promise<Check[]> {
  return [
    machine(host),
    await jetson(host),
    clock(host),
    await gpu(host),
    tensorrt(host),
    await service(host),
  ];
}

function machine(host: Host): Check {
  const system = /^PRETTY_NAME="?([^"\n]*)/m.exec(textOf(host, '/etc/os-release'))?.[1] ?? 'unknown system';
  const found = `${system}, ${host.arch}, ${host.cores} cores, ${gigabytes(host.memoryBytes)} memory`;
  if (host.arch === 'x64' || host.arch === 'arm64') return { name: 'machine', status: 'ok', found };
  return { name: 'machine', status: 'fail', found, remedy: 'Use a 64-bit x86 or ARM machine and system.' };
}

async function jetson(host: Host): Promise<Check> {
  const board = textOf(host, '/proc/device-tree/model').replaceAll('\0', '').trim();
  const release = /R(\d+) \(release\), REVISION: ([\d.]+)/.exec(textOf(host, '/etc/nv_tegra_release'));
  if (!release && !/jetson|tegra|nvidia/i.test(board)) {
    return { name: 'Jetson', status: 'skipped', found: 'this is no Jetson' };
  }
  const l4t = release ? `${release[1]}.${release[2]}` : undefined;
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the placeholder is dpkg-query's
  const installed = await host.output('dpkg-query', ['-W', '-f', '${Version}', 'nvidia-jetpack']);
  const jetpack = installed || JETPACKS.find(([form]) => l4t !== undefined && form.test(l4t))?.[1];
  const found = `${board || 'Jetson'}, Jetson Linux ${l4t ?? 'unknown'}, JetPack ${jetpack ?? 'unknown'}`;
  if (l4t === undefined || Number(release?.[1]) >= 35) return { name: 'Jetson', status: 'ok', found };
  return {
    name: 'Jetson',
    status: 'fail',
    found,
    remedy: 'Flash JetPack 5.1 or newer (JetPack 6 is the best tried).',
  };
}

function clock(host: Host): Check {
  const found = new Date(host.now()).toISOString();
  if (host.now() >= EARLIEST_NOW) return { name: 'clock', status: 'ok', found };
  const remedy = 'Timestamps and TLS need the right time. Run: sudo timedatectl set-ntp true';
  return { name: 'clock', status: 'warn', found, remedy };
}

async function gpu(host: Host): Promise<Check> {
  const listed = await host.output('nvidia-smi', ['-L']);
  if (listed?.startsWith('GPU ')) {
    return {
      name: 'GPU',
      status: 'ok',
      found: listed.replace(/ \(UUID:[^)]*\)/g, '').replaceAll('\n', '; '),
    };
  }
  const device = ['/dev/nvhost-gpu', '/dev/nvgpu', '/dev/nvidia0'].find((path) =>
    existsSync(onHost(host, path)),
  );
  if (device) return { name: 'GPU', status: 'ok', found: `NVIDIA GPU (${device})` };
  return { name: 'GPU', status: 'skipped', found: 'no NVIDIA GPU: models run on the CPU' };
}

function tensorrt(host: Host): Check {
  const libraries = LIBRARY_FOLDERS.flatMap((folder) => {
    const names = namesIn(onHost(host, folder)).filter((name) => /^libnvinfer\.so\.\d+$/.test(name));
    return names.map((name) => `${folder}/${name}`);
  });
  if (libraries.length === 0)
    return { name: 'TensorRT', status: 'skipped', found: 'not installed; the onnx backend is used' };
  return {
    name: 'TensorRT',
    status: 'ok',
    found: `${libraries.join(', ')}; this version runs the onnx backend only`,
  };
}

/** How the last run of the systemd service ended: 78 is a faulty config, or another node that took over its id. */
async function service(host: Host): Promise<Check> {
  const shown = await host.output('systemctl', [
    'show',
    'samwire.service',
    '--property=LoadState,ActiveState,ExecMainStatus',
  ]);
  const property = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(shown ?? '')?.[1];
  if (property('LoadState') !== 'loaded') {
    return { name: 'service', status: 'skipped', found: 'samwire.service is not installed' };
  }
  const found = `samwire.service is ${property('ActiveState')}`;
  const status = property('ExecMainStatus');
  if (property('ActiveState') === 'active' || status === '0') return { name: 'service', status: 'ok', found };
  const why =
    status === '78' ? ': faulty config, or a second node with the same node.id took over its session' : '';
  return {
    name: 'service',
    status: 'warn',
    found: `${found}, its last run ended with ${status}${why}`,
    remedy: 'Run: journalctl -u samwire -n 50',
  };
}

function textOf(host: Host, path: string): string {
  try {
    return readFileSync(onHost(host, path), 'utf8');
  } catch {
    return '';
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

export function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
