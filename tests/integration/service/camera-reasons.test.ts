import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { freePort } from '../broker.js';
import { closeAll } from '../mqtt/harness.js';
import { directory } from './harness.js';
import { clip, frames, open } from './watched-camera.js';

afterEach(closeAll);

describe('a camera that can not be opened', () => {
  it('fails with what is wrong and what to do, whatever its source', async () => {
    const dir = await directory();
    await mkdir(join(dir, 'folder'));
    await writeFile(join(dir, 'empty.mp4'), '');
    await writeFile(join(dir, 'noise.mp4'), Buffer.alloc(5000, 7));
    await writeFile(join(dir, 'notes.txt'), 'no camera\n');
    const cases: readonly (readonly [source: string, reason: RegExp])[] = [
      [`file://${dir}/none.mp4`, /No such file.*none\.mp4.*as soon as it is there/],
      [`file://${dir}/folder`, /is a directory/],
      [`file://${dir}/empty.mp4`, /contains no data/],
      [`file://${dir}/noise.mp4`, /Expected a video file/],
      ['v4l2:///dev/video97', /No such file or directory.*not plugged in/],
      [`v4l2://${dir}/notes.txt`, /Expected a camera's device/],
      ['v4l2:///dev/null', /Expected a camera's device/],
      [`rtsp://127.0.0.1:${await freePort()}/x`, /Failed to connect.*Nobody answers there/],
      ['rtsp://no-such-host.invalid/x', /Nobody answers there/],
      ['rtsp://127.0.0.1/x?transport=pigeon', /transport=tcp or transport=udp/],
      [`shm://${dir}/none?width=64&height=48`, /No process shares a camera there yet/],
      [`shm://${dir}/none`, /width and height/],
      ['gst://videotestsrc ! ! x', /syntax error.*gst-launch-1\.0/],
      ['gst://nosuchsrc', /no element "nosuchsrc".*samwire doctor/],
      ['gst://videotestsrc patern=ball', /no property "patern"/],
      ['gst://audiotestsrc', /could not link/],
      ['test://nothing', /test:\/\/ and one of/],
    ];
    await Promise.all(
      cases.map(async ([source, reason]) => {
        const { error } = await open(source).until('failed');
        expect(error?.message, source).toMatch(reason);
      }),
    );
  });

  it('plays a file that appears later', async () => {
    const path = await clip();
    const late = join(await directory(), 'late.avi');
    const { camera, until } = open(`file://${late}?loop=1`);
    await until('failed');
    await copyFile(path, late);
    await until('streaming');
    await frames(camera, 5);
  });
});
