import { afterEach, describe, expect, it } from 'vitest';
import { checkMachine } from '../../src/health/check-machine.js';
import { checkAddon, checkSoftware } from '../../src/health/check-software.js';
import { missingElements, pipelineElements } from '../../src/health/gst-elements.js';
import { type MadeMachine, type MadeMachineOptions, madeMachine } from './machine.js';

const made: MadeMachine[] = [];
afterEach(() => {
  for (const machine of made.splice(0)) machine.remove();
});

function machineOf(options: MadeMachineOptions): MadeMachine {
  const machine = madeMachine(options);
  made.push(machine);
  return machine;
}

async function look(options: MadeMachineOptions) {
  const checks = await checkMachine(machineOf(options).host);
  return (name: string) => checks.find((check) => check.name === name);
}

const ORIN = {
  'proc/device-tree/model': 'NVIDIA Jetson Orin Nano Developer Kit\0',
  'etc/nv_tegra_release': '# R36 (release), REVISION: 4.3, GCID: 38968081, BOARD: generic, EABI: aarch64\n',
  'etc/os-release': 'NAME="Ubuntu"\nPRETTY_NAME="Ubuntu 22.04.5 LTS"\n',
  'dev/nvhost-gpu': '',
};

describe('a Jetson', () => {
  it('is told with its board, release, JetPack and GPU', async () => {
    const check = await look({ files: ORIN, programs: { 'dpkg-query': '6.2+b77' } });
    expect(check('machine')?.found).toBe('Ubuntu 22.04.5 LTS, arm64, 6 cores, 8.0 GB memory');
    expect(check('Jetson')).toEqual({
      name: 'Jetson',
      status: 'ok',
      found: 'NVIDIA Jetson Orin Nano Developer Kit, Jetson Linux 36.4.3, JetPack 6.2+b77',
    });
    expect(check('GPU')).toMatchObject({ status: 'ok', found: 'NVIDIA GPU (/dev/nvhost-gpu)' });
  });

  it.each([
    ['R35 (release), REVISION: 6.1', '5.1'],
    ['R36 (release), REVISION: 3.0', '6.0'],
    ['R36 (release), REVISION: 5.0', '6.1 or 6.2'],
    ['R38 (release), REVISION: 2.0', '7.0'],
    ['R39 (release), REVISION: 2.0', '7.2'],
    ['R40 (release), REVISION: 1.0', 'unknown'],
  ])('without the nvidia-jetpack package is known by its release: %s', async (release, jetpack) => {
    const check = await look({ files: { ...ORIN, 'etc/nv_tegra_release': `# ${release}, GCID: 1` } });
    expect(check('Jetson')?.found).toContain(`JetPack ${jetpack}`);
    expect(check('Jetson')?.status).toBe('ok');
  });

  it('with JetPack 4 is too old, and told what to flash', async () => {
    const check = await look({
      files: { ...ORIN, 'etc/nv_tegra_release': '# R32 (release), REVISION: 7.1, x' },
    });
    expect(check('Jetson')).toMatchObject({ status: 'fail', remedy: expect.stringContaining('JetPack 5.1') });
  });
});

describe('another machine', () => {
  it('is no Jetson, and lacks nothing without a GPU', async () => {
    const check = await look({ arch: 'x64' });
    for (const name of ['Jetson', 'GPU', 'service']) expect(check(name)?.status).toBe('skipped');
    expect(check('machine')?.status).toBe('ok');
  });

  it('has the GPU that nvidia-smi names, without its serial number', async () => {
    const check = await look({ programs: { 'nvidia-smi': 'GPU 0: NVIDIA RTX A2000 (UUID: GPU-1234)' } });
    expect(check('GPU')?.found).toBe('GPU 0: NVIDIA RTX A2000');
  });

  it('of 32 bits fails; a clock in the past is warned of', async () => {
    const check = await look({ arch: 'arm', now: () => 0 });
    expect(check('machine')?.status).toBe('fail');
    expect(check('clock')).toMatchObject({ status: 'warn', remedy: expect.stringContaining('timedatectl') });
  });
});

describe('the service', () => {
  const shown = (active: string, status: number) => ({
    systemctl: `LoadState=loaded\nActiveState=${active}\nExecMainStatus=${status}`,
  });

  it('that runs is ok', async () => {
    const check = await look({ programs: shown('active', 0) });
    expect(check('service')).toMatchObject({ status: 'ok', found: 'samwire.service is active' });
  });

  it('that ended with 78 may have lost its id to a second node', async () => {
    const check = await look({ programs: shown('failed', 78) });
    expect(check('service')?.status).toBe('warn');
    expect(check('service')?.found).toContain('a second node with the same node.id');
    expect(check('service')?.remedy).toContain('journalctl -u samwire');
  });
});

describe('the software', () => {
  it('without the addon fails with what to run', () => {
    const { check, addon } = checkAddon(machineOf({}).host);
    expect(addon).toBeUndefined();
    expect(check).toMatchObject({ status: 'fail', remedy: 'Run: bash scripts/setup.sh' });
  });

  it('names the elements that the cameras need and lack, with the packages that hold them', async () => {
    const { host } = machineOf({
      elements: ['appsink', 'videoconvert', 'rtspsrc', 'decodebin', 'h264parse'],
      programs: { node: '1.30.0' },
    });
    const { addon } = checkAddon(host);
    const checks = await checkSoftware(host, addon, ['rtsp://h/x', 'shm:///x']);
    expect(checks.find(({ name }) => name === 'GStreamer elements')).toMatchObject({
      status: 'fail',
      found: 'missing: shmsrc, rtph264depay, nvv4l2decoder or avdec_h264 or openh264dec',
      remedy:
        'Run: sudo apt-get install -y gstreamer1.0-libav gstreamer1.0-plugins-bad gstreamer1.0-plugins-good',
      of: 'configured',
    });
  });

  it('that lacks a decoder only is warned of: the camera may send something else', async () => {
    const { host } = machineOf({
      elements: ['appsink', 'videoconvert', 'rtspsrc', 'decodebin', 'rtph264depay', 'h264parse'],
    });
    const checks = await checkSoftware(host, checkAddon(host).addon, ['rtsp://h/x']);
    const check = checks.find(({ name }) => name === 'GStreamer elements');
    expect(check).toMatchObject({
      status: 'warn',
      remedy: 'Run: sudo apt-get install -y gstreamer1.0-libav',
    });
  });

  it('with an old Node.js or an onnxruntime that does not load fails', async () => {
    const { host } = machineOf({ nodeVersion: '18.19.0', elements: [] });
    const checks = await checkSoftware(host, undefined, []);
    expect(checks.find(({ name }) => name === 'Node.js')?.status).toBe('fail');
    expect(checks.find(({ name }) => name === 'onnxruntime')).toMatchObject({
      status: 'fail',
      remedy: expect.stringContaining('npm ci'),
    });
  });
});

describe('the elements of a gst:// pipeline', () => {
  it('are the first words of its parts, without caps, references and quoted text', () => {
    const source =
      'gst://rtspsrc location="rtsp://h/a!b" name=s s. ! rtph264depay ! video/x-h264 ! queue max-size-time=1 ! s.';
    expect(pipelineElements(source)).toEqual(['rtspsrc', 'rtph264depay', 'queue']);
  });

  it('are looked for like those of any source', () => {
    const missing = missingElements(['gst://thermalsrc ! videoconvert'], (names) =>
      Object.fromEntries(names.map((name) => [name, name !== 'thermalsrc'])),
    );
    expect(missing).toEqual({ must: ['thermalsrc'], decoders: [], packages: [] });
  });
});
