import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Jetson Linux (L4T) releases, the JetPack that brought them, and its CUDA and TensorRT (docs/tensorrt.md). */
export const JETPACKS = [
  { l4t: /^35\./, jetpack: '5.1', cuda: '11.4', tensorrt: '8.5.2' },
  { l4t: /^36\.3/, jetpack: '6.0', cuda: '12.2', tensorrt: '8.6.2' },
  { l4t: /^36\.[45]/, jetpack: '6.1 or 6.2', cuda: '12.6', tensorrt: '10.3.0' },
  { l4t: /^38\.2/, jetpack: '7.0', cuda: '13.0', tensorrt: '10.13.3' },
  { l4t: /^38\.4/, jetpack: '7.1', cuda: '13.0', tensorrt: '10.13.3' },
  { l4t: /^39\.2/, jetpack: '7.2', cuda: '13.2', tensorrt: '10.16.2' },
] as const;

export type JetPack = (typeof JETPACKS)[number];

/** What decides how TensorRT comes onto a machine. */
export interface Platform {
  /** Of Jetson Linux, such as `36.4.3`; undefined elsewhere. */
  readonly l4t: string | undefined;
  readonly jetpack: JetPack | undefined;
  readonly arch: string;
  /** As NVIDIA's package repository names it, such as `ubuntu2404`; undefined for a distribution that it does not serve. */
  readonly repository: string | undefined;
  /** `usable`: its driver is loaded. */
  readonly gpu: 'usable' | 'without driver' | 'none';
}

/** NVIDIA's TensorRT packages for x86 and ARM servers are made for these. */
const REPOSITORIES = ['ubuntu2204', 'ubuntu2404', 'debian12'];
const GPU_DEVICES = ['dev/nvidia0', 'dev/nvhost-gpu', 'dev/nvgpu'];

/** `root` is where the file system begins: `/`, or the folder of a made machine. */
export function readPlatform(arch: string, root = '/'): Platform {
  const l4t = l4tOf(root);
  const release = textOf(join(root, 'etc/os-release'));
  const field = (name: string) => new RegExp(`^${name}="?([^"\n]*)`, 'm').exec(release)?.[1] ?? '';
  const repository = `${field('ID')}${field('VERSION_ID').replace('.', '')}`;
  return {
    l4t,
    jetpack: JETPACKS.find((row) => l4t !== undefined && row.l4t.test(l4t)),
    arch,
    repository: REPOSITORIES.find((name) => name === repository),
    gpu: gpuOf(root),
  };
}

function l4tOf(root: string): string | undefined {
  const release = /R(\d+) \(release\), REVISION: ([\d.]+)/.exec(textOf(join(root, 'etc/nv_tegra_release')));
  if (release) return `${release[1]}.${release[2]}`;
  const packages = textOf(join(root, 'var/lib/dpkg/status'));
  return /^Package: nvidia-l4t-core\n(?:.+\n)*?Version: ([\d.]+)/m.exec(packages)?.[1];
}

function gpuOf(root: string): Platform['gpu'] {
  if (GPU_DEVICES.some((path) => existsSync(join(root, path)))) return 'usable';
  const devices = join(root, 'sys/bus/pci/devices');
  const isNvidia = (name: string): boolean =>
    textOf(join(devices, name, 'vendor')).trim() === '0x10de' &&
    textOf(join(devices, name, 'class')).startsWith('0x03');
  return namesIn(devices).some(isNvidia) ? 'without driver' : 'none';
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
