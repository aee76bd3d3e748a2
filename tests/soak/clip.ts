import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const SECONDS = 20;

/** Writes 20 s of H.264 in MP4, 1080p, in which a ball moves. @throws Error when GStreamer has no x264enc or mp4mux. */
export async function writeClip(path: string, fps: number): Promise<void> {
  const pipeline = [
    `videotestsrc num-buffers=${SECONDS * fps} pattern=ball animation-mode=frames`,
    `video/x-raw,width=1920,height=1080,framerate=${fps}/1,format=I420`,
    'x264enc speed-preset=superfast bitrate=3000 key-int-max=30',
    'mp4mux',
    `filesink location=${path}`,
  ].join(' ! ');
  await run('gst-launch-1.0', ['-q', ...pipeline.split(' ')]);
}
