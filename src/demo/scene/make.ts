/**
 * Makes the demo's clip and its truth: `node dist/demo/scene/make.js [OUT_DIR]`. Run once, by whoever changes the
 * scene; the result is committed (docs/demo.md). Needs GStreamer's vp8enc and webmmux, and 900 MB for a while.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { RenderedFrame } from './make-worker.js';
import {
  placeObjects,
  SCENE_FPS,
  SCENE_FRAMES,
  SCENE_HEIGHT,
  SCENE_PERIOD_MS,
  SCENE_WIDTH,
} from './scene.js';
import { TRUTH_COLUMNS, type Truth } from './truth.js';

/** Traces all frames on all cores into one file of packed RGB frames; resolves to their truth, in order. */
export async function renderClip(rawPath: string, onFrame: (done: number) => void): Promise<Truth['frames']> {
  const file = await open(rawPath, 'w');
  const truth: Truth['frames'] = [];
  let next = 0;
  let done = 0;
  const work = async (): Promise<void> => {
    const worker = new Worker(new URL('./make-worker.js', import.meta.url));
    try {
      while (next < SCENE_FRAMES) {
        worker.postMessage(next++);
        const [frame] = (await once(worker, 'message')) as [RenderedFrame];
        await file.write(frame.rgb, 0, frame.rgb.length, frame.index * frame.rgb.length);
        truth[frame.index] = frame.truth;
        onFrame(++done);
      }
    } finally {
      await worker.terminate();
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(availableParallelism(), 8) }, work));
  } finally {
    await file.close();
  }
  return truth;
}

/** One pass of vp8enc over the raw frames. */
async function encodePass(rawPath: string, outPath: string, pass: string, statsPath: string): Promise<void> {
  const caps = `video/x-raw,format=I420,colorimetry=bt709`;
  const child = spawn(
    'gst-launch-1.0',
    [
      ...['-q', 'filesrc', `location=${rawPath}`, 'blocksize=4194304', '!', 'rawvideoparse', 'format=rgb'],
      ...[`width=${SCENE_WIDTH}`, `height=${SCENE_HEIGHT}`, `framerate=${SCENE_FPS}/1`],
      ...['!', 'videoconvert', '!', caps, '!', 'vp8enc', `multipass-mode=${pass}`],
      ...[`multipass-cache-file=${statsPath}`, 'deadline=0', 'cpu-used=0', 'target-bitrate=880000'],
      ...['end-usage=vbr', 'min-quantizer=2', 'max-quantizer=56', 'lag-in-frames=25', 'auto-alt-ref=true'],
      ...['keyframe-max-dist=100', 'threads=2', '!', 'webmmux', '!', 'filesink', `location=${outPath}`],
    ],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  );
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`gst-launch-1.0 (${pass}) ended with ${code}`);
}

/** Two passes: the first measures, the second spends the bits where the picture moves. */
export async function encodeClip(rawPath: string, outPath: string, workDir: string): Promise<void> {
  const statsPath = join(workDir, 'vp8-stats');
  await encodePass(rawPath, join(workDir, 'first-pass.webm'), 'first-pass', statsPath);
  await encodePass(rawPath, outPath, 'last-pass', statsPath);
}

export function truthFile(frames: Truth['frames']): string {
  const truth: Truth = {
    version: 1,
    clip: 'scene.webm',
    width: SCENE_WIDTH,
    height: SCENE_HEIGHT,
    fps: SCENE_FPS,
    durationMs: SCENE_PERIOD_MS,
    objects: placeObjects(0).map(({ object }) => ({ id: object.id, label: object.label })),
    columns: [...TRUTH_COLUMNS],
    frames: [],
  };
  const rows = frames.map((frame) => JSON.stringify(frame)).join(',\n');
  return `${JSON.stringify(truth).slice(0, -2)}\n${rows}\n]}\n`;
}

/** Renders, encodes and writes `scene.webm` and `truth.json` into `outDir`. */
export async function makeClip(outDir: string): Promise<void> {
  await mkdir(outDir, { recursive: true });
  const workDir = await mkdtemp(join(tmpdir(), 'samwire-scene-'));
  try {
    const rawPath = join(workDir, 'frames.rgb');
    const frames = await renderClip(rawPath, (done) => {
      if (done % 25 === 0) process.stderr.write(`${done} of ${SCENE_FRAMES} frames\n`);
    });
    await encodeClip(rawPath, join(outDir, 'scene.webm'), workDir);
    await writeFile(join(outDir, 'truth.json'), truthFile(frames));
  } finally {
    await rm(workDir, { recursive: true, force: true });
  }
}

if (process.argv[1]?.endsWith('make.js') || process.argv[1]?.endsWith('make.ts')) {
  await makeClip(process.argv[2] ?? 'assets/demo');
}
