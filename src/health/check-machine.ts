import { existsSync, readFileSync } from 'node:fs';
import { readPlatform } from '../build/platform.js';
import type { Check } from './check.js';
import { type Host, onHost } from './host.js';

/** Before this nothing of Samwire existed: a machine without a clock battery that has no network time yet. */
const EARLIEST_NOW = Date.UTC(2025, 0, 1);

/** The machine itself: hardware, Jetson and JetPack, clock, GPU. */
export async function checkMachine(host: Host): Promise<Check[]> {
  return [machine(host), await jetson(host), clock(host), await gpu(host), await service(host)];
}

function machine(host: Host): Check {
  const system = /^PRETTY_NAME="?([^"\n]*)/m.exec(textOf(host, '/etc/os-release'))?.[1] ?? 'unknown system';
  const found = `${system}, ${host.arch}, ${host.cores} cores, ${gigabytes(host.memoryBytes)} memory`;
  if (host.arch === 'x64' || host.arch === 'arm64') return { name: 'machine', status: 'ok', found };
  return { name: 'machine', status: 'fail', found, remedy: 'Use a 64-bit x86 or ARM machine and system.' };
}

async function jetson(host: Host): Promise<Check> {
  const board = textOf(host, '/proc/device-tree/model').replaceAll('\0', '').trim();
  const { l4t, jetpack: row } = readPlatform(host.arch, host.root);
  if (l4t === undefined && !/jetson|tegra|nvidia/i.test(board)) {
    return { name: 'Jetson', status: 'skipped', found: 'this is no Jetson' };
  }
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the placeholder is dpkg-query's
  const installed = await host.output('dpkg-query', ['-W', '-f', '${Version}', 'nvidia-jetpack']);
  const jetpack = installed || row?.jetpack;
  const found = `${board || 'Jetson'}, Jetson Linux ${l4t ?? 'unknown'}, JetPack ${jetpack ?? 'unknown'}`;
  if (l4t === undefined || Number.parseInt(l4t, 10) >= 35) return { name: 'Jetson', status: 'ok', found };
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

/** How the last run of the systemd service ended: 78 is a faulty config, or another node that took over its id. */
async function service(host: Host): Promise<Check> {
  const shown = await host.output('systemctl', [
    'show',
    'samwire.service',
    '--property=LoadState,ActiveState,ExecMainStatus',
  ]);
  const property = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(shown ?? '')?.[1];
  if (property('LoadState') !== 'loaded') {
    const found = shown === undefined ? 'systemd does not run here' : 'samwire.service is not installed';
    return { name: 'service', status: 'skipped', found };
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

export function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
