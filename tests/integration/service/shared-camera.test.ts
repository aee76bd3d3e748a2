import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { loadAddon } from '../../../src/native/addon.js';
import { closeAll, owe, waitFor } from '../mqtt/harness.js';
import { directory } from './harness.js';
import { frames, open, type Watched } from './watched-camera.js';

const addon = loadAddon();
const LAUNCH_MISSING = spawnSync('gst-launch-1.0', ['--version']).status !== 0;

/** What the owner shows: GStreamer's pattern and its colour. */
const RED = { pattern: 'red', rgb: [255, 0, 0] } as const;
const BLUE = { pattern: 'blue', rgb: [0, 0, 255] } as const;

interface Owner {
  readonly child: ChildProcess;
  kill(): Promise<void>;
}

/** Another process's camera, as docs/cameras.md has it. */
async function owner(
  socket: string,
  { pattern = 'red', width = 160, height = 120, format = 'NV12' } = {},
): Promise<Owner> {
  const text =
    `videotestsrc is-live=true pattern=${pattern} ! ` +
    `video/x-raw,format=${format},width=${width},height=${height},framerate=20/1 ! ` +
    `shmsink socket-path=${socket} wait-for-connection=false shm-size=4000000`;
  const child = spawn('gst-launch-1.0', ['-q', ...text.split(' ')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
    // Killed, it leaves its memory behind.
    const memory = `shmpipe.${String(child.pid).padStart(5)}.`;
    for (const name of await readdir('/dev/shm'))
      if (name.startsWith(memory)) await rm(join('/dev/shm', name));
  };
  owe(kill);
  return { child, kill };
}

const shared = (socket: string, query = '?width=160&height=120&fps=20'): Watched =>
  open(`shm://${socket}${query}`);

/** The colour in the middle of the newest frame. */
function colour({ camera }: Watched): number[] {
  const frame = camera.acquire('latest');
  if (!frame) throw new Error('no frame');
  const at = 3 * ((frame.height / 2) * frame.width + frame.width / 2);
  const rgb = [...addon.frameRgb(frame.id).subarray(at, at + 3)];
  addon.releaseFrame(frame.id);
  return rgb;
}

function expectColour(camera: Watched, { rgb }: { readonly rgb: readonly number[] }): void {
  colour(camera).forEach((value, i) => {
    expect(Math.abs(value - (rgb[i] ?? 0))).toBeLessThan(8);
  });
}

describe.skipIf(LAUNCH_MISSING)("another process's camera", () => {
  afterEach(closeAll);

  it('is waited for, read by several at a time, and found again with what it shows then', async () => {
    const socket = join(await directory(), 'camera');
    const first = shared(socket);
    const second = shared(socket);
    expect((await first.until('failed')).error?.message).toMatch(/No process shares a camera there yet/);
    const before = await owner(socket);
    await Promise.all([first.until('streaming'), second.until('streaming')]);
    await Promise.all([frames(first.camera, 5), frames(second.camera, 5)]);
    for (const camera of [first, second]) expectColour(camera, RED);

    // Killed, it leaves its socket behind.
    await before.kill();
    expect((await first.until('failed')).error?.message).toMatch(/shmsrc/);
    expect(existsSync(socket)).toBe(true);
    await waitFor(
      () => first.camera.state.error?.message.includes('left it behind') === true,
      `the reason; got ${JSON.stringify(first.camera.state)}`,
    );
    await rm(socket);
    await owner(socket, BLUE);
    await Promise.all([first.until('streaming'), second.until('streaming')]);
    await frames(first.camera, 5);
    expectColour(first, BLUE);
    expect(addon.framesInUse()).toBe(0);
  });

  it('fails with both sizes, and shows nothing, where one side is wrong about size or format', async () => {
    const socket = join(await directory(), 'camera');
    await owner(socket);
    await waitFor(() => existsSync(socket), 'the socket');
    const wrong = [
      { query: '?width=320&height=240', expected: '115200 bytes, which is 320x240 NV12' },
      { query: '?width=128&height=96', expected: '18432 bytes, which is 128x96 NV12' },
      { query: '?width=160&height=120&format=RGB', expected: '57600 bytes, which is 160x120 RGB' },
      { query: '?width=160&height=120&format=GRAY8', expected: '19200 bytes, which is 160x120 GRAY8' },
    ];
    await Promise.all(
      wrong.map(async ({ query, expected }) => {
        const camera = shared(socket, query);
        const { error } = await camera.until('failed');
        expect(error?.message).toContain(`Expected shared frames of ${expected}, got one of 28800`);
        expect(camera.camera.stats().frames).toBe(0);
      }),
    );
  });

  it('that is frozen is stalled, and streams on when it is thawed', async () => {
    const socket = join(await directory(), 'camera');
    const { child } = await owner(socket);
    const camera = shared(socket);
    await camera.until('streaming');
    child.kill('SIGSTOP');
    await camera.until('stalled');
    child.kill('SIGCONT');
    await camera.until('streaming');
    await frames(camera.camera, 3);
    expectColour(camera, RED);
  });
});
