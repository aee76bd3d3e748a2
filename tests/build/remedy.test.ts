import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { tensorrtMachine } from '../../src/build/machine.js';
import { JETPACKS, type Platform, readPlatform } from '../../src/build/platform.js';
import { tensorrtRemedy } from '../../src/build/remedy.js';
import { page, rows } from '../docs/pages.js';

function machine(files: Readonly<Record<string, string>>, arch = 'arm64'): Platform {
  const root = mkdtempSync(join(tmpdir(), 'samwire-platform-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return readPlatform(arch, root);
}

const release = (text: string) => ({ 'etc/nv_tegra_release': `# ${text}, GCID: 1, BOARD: generic\n` });
const JETPACK_6 = release('R36 (release), REVISION: 4.3');
const UBUNTU = { 'etc/os-release': 'NAME="Ubuntu"\nVERSION_ID="24.04"\nID=ubuntu\n' };
const PCI = {
  'sys/bus/pci/devices/0000:01:00.0/vendor': '0x10de\n',
  'sys/bus/pci/devices/0000:01:00.0/class': '0x030000\n',
};
const missing = (
  piece: 'headers' | 'library' | 'major' | 'device',
  platform: Platform,
  compiled: string | null = null,
) => tensorrtRemedy({ piece, compiled }, platform);

describe('the platform', () => {
  it.each([
    ['R35 (release), REVISION: 6.1', '5.1', '8.5.2'],
    ['R36 (release), REVISION: 3.0', '6.0', '8.6.2'],
    ['R36 (release), REVISION: 4.3', '6.1 or 6.2', '10.3.0'],
    ['R38 (release), REVISION: 2.0', '7.0', '10.13.3'],
    ['R39 (release), REVISION: 2.0', '7.2', '10.16.2'],
    ['R40 (release), REVISION: 1.0', undefined, undefined],
  ])('of %s is JetPack %s', (text, jetpack, tensorrt) => {
    const found = machine(release(text));
    expect([found.jetpack?.jetpack, found.jetpack?.tensorrt]).toEqual([jetpack, tensorrt]);
  });

  it('of a Jetson without a release file is known by its package', () => {
    const status =
      'Package: bash\nVersion: 5.1\n\nPackage: nvidia-l4t-core\nStatus: install ok installed\nVersion: 36.4.3-2025\n';
    expect(machine({ 'var/lib/dpkg/status': status }).l4t).toBe('36.4.3');
  });

  it('of a PC has the GPU that its driver shows, or the one that waits for a driver, or none', () => {
    expect(machine({ 'dev/nvidia0': '' }, 'x64').gpu).toBe('usable');
    expect(machine(PCI, 'x64').gpu).toBe('without driver');
    expect(machine({ ...PCI, 'sys/bus/pci/devices/0000:01:00.0/vendor': '0x8086\n' }, 'x64').gpu).toBe(
      'none',
    );
  });
});

describe('the remedy for a missing piece', () => {
  it('on a machine without an NVIDIA GPU is none: nothing is amiss', () => {
    for (const piece of ['headers', 'library', 'major', 'device'] as const)
      expect(missing(piece, machine(UBUNTU, 'x64'))).toBeUndefined();
  });

  it('on JetPack 6 names its packages with its CUDA, and the set-up after it', () => {
    const text = missing('headers', machine(JETPACK_6));
    expect(text).toContain('sudo apt-get install -y nvidia-jetpack');
    expect(text).toContain('libnvonnxparsers-dev cuda-nvcc-12-6 cuda-cudart-dev-12-6');
    expect(text).toMatch(/rm -rf build \.setup && bash scripts\/setup\.sh$/);
  });

  it('on JetPack 5 says that its compilers are too old, and which are not', () => {
    const text = missing('headers', machine(release('R35 (release), REVISION: 4.1')));
    expect(text).toContain('g++-10');
    expect(text).toContain('CMake 3.21 or newer');
    expect(text).toContain('CXX=g++-10');
  });

  it("on Ubuntu with a GPU sets NVIDIA's repository up first", () => {
    const text = missing('headers', machine({ ...UBUNTU, 'dev/nvidia0': '' }, 'x64'));
    expect(text).toMatch(/^Run: wget \S+\/ubuntu2404\/x86_64\/cuda-keyring\S+ && sudo dpkg -i/);
    expect(text).toContain('libnvinfer-dev libnvonnxparsers-dev');
  });

  it('with a GPU but no driver begins with the driver', () => {
    expect(missing('headers', machine({ ...UBUNTU, ...PCI }, 'x64'))).toMatch(/^Install the NVIDIA driver/);
    expect(missing('device', machine(PCI, 'x64'))).toMatch(/^Install the NVIDIA driver/);
  });

  it('of a distribution that NVIDIA makes no packages for leads to its pages', () => {
    expect(missing('headers', machine({ 'dev/nvidia0': '' }, 'x64'))).toContain('docs.nvidia.com');
  });

  it('for a library that is gone names the packages of the major that the addon was compiled for', () => {
    expect(missing('library', machine(JETPACK_6), '10.3.0')).toContain('libnvinfer10 libnvonnxparsers10');
  });

  it('for another major is a new build, for a device the group, the driver or the container', () => {
    expect(missing('major', machine(JETPACK_6), '8.6.2')).toBe(
      'Run: rm -rf build .setup && bash scripts/setup.sh',
    );
    expect(missing('device', machine(JETPACK_6))).toContain('usermod -aG video');
    expect(missing('device', machine({ 'dev/nvidia0': '' }, 'x64'))).toContain('--gpus all');
  });
});

describe('a machine without TensorRT', () => {
  const status = {
    compiled: null,
    library: null,
    device: null,
    problem: { piece: 'headers', text: 'This addon was compiled without TensorRT.' },
  } as const;

  it('with an NVIDIA GPU lacks something, and is told what brings it', () => {
    expect(tensorrtMachine(status, machine(JETPACK_6))).toEqual({
      why: expect.stringMatching(/compiled without TensorRT\. Run: sudo apt-get install/),
      amiss: true,
      mayAppear: false,
    });
  });

  it('whose GPU does not answer may find it later', () => {
    const silent = { ...status, problem: { piece: 'device', text: 'No CUDA device.' } } as const;
    expect(tensorrtMachine(silent, machine(JETPACK_6))).toMatchObject({ amiss: true, mayAppear: true });
    expect(tensorrtMachine(silent, machine(UBUNTU, 'x64'))).toMatchObject({ amiss: false, mayAppear: false });
  });

  it('without one lacks nothing', () => {
    expect(tensorrtMachine(status, machine(UBUNTU, 'x64'))).toEqual({
      why: expect.stringMatching(/has no NVIDIA GPU: the onnx backend/),
      amiss: false,
      mayAppear: false,
    });
  });
});

describe('docs/tensorrt.md', () => {
  it('has a row for each JetPack, with its CUDA and TensorRT', () => {
    const shown = rows(page('docs/tensorrt.md').prose).filter(([cell]) => /^[567]\.\d/.test(cell ?? ''));
    expect(shown.map(([jetpack, , cuda, tensorrt]) => [jetpack, cuda, tensorrt])).toEqual(
      JETPACKS.map(({ jetpack, cuda, tensorrt }) => [jetpack, cuda, tensorrt]),
    );
  });
});
