import { z } from 'zod';
import { cameraSource, sourceScheme } from './addresses.js';
import { duration } from './duration.js';
import { lacksSize } from './shared-memory.js';
import { DAY_MS, int, number } from './values.js';

/** What carries pictures of 8 bits only. */
const LOSSY: readonly string[] = ['csi', 'rtsp', 'rtsps'];

const source = cameraSource.refine((text) => !LOSSY.includes(sourceScheme(text)), {
  error:
    'a source of 16-bit depth: gst://pipeline, shm:///path, v4l2:///dev/video2 or file:///depth-%05d.png (csi and rtsp carry pictures of 8 bits)',
});

const focal = () => number(0.001, 1_000_000);
const metres = () => number(0, 100_000);
const RANGE = 'the nearest and the farthest distance in metres, such as [0.3, 6]';

const settings = z.strictObject({
  source: source.describe(
    'Depth aligned with the camera, 16 bits a pixel: `gst://`, `shm://`, `v4l2://`, or `file://` of PNGs.',
  ),
  width: int(16, 16_384)
    .optional()
    .describe("Width of the depth picture to ask for, in pixels. Default: the source's own."),
  height: int(16, 16_384)
    .optional()
    .describe("Height of the depth picture to ask for, in pixels. Default: the source's own."),
  fps: number(1, 240).optional().describe("Depth pictures per second to ask for. Default: the source's own."),
  intrinsics: z
    .strictObject({
      fx: focal().describe('Focal length, pixels, along x.'),
      fy: focal().describe('Focal length, pixels, along y.'),
      cx: number(-100_000, 100_000).describe(
        'Principal point, pixels, x; the middle of the first pixel is 0.',
      ),
      cy: number(-100_000, 100_000).describe(
        'Principal point, pixels, y; the middle of the first pixel is 0.',
      ),
    })
    .describe("The pinhole model, in pixels of the depth picture (ROS' `camera_info`)."),
  scale: number(1e-9, 1000).default(0.001).describe('Metres per unit of the depth picture.'),
  range: z
    .tuple([metres(), metres()], { error: RANGE })
    .refine(([nearest, farthest]) => nearest < farthest, { error: RANGE })
    .optional()
    .describe('Nearest and farthest distance in metres that count. Default: all but 0 and 65535 units.'),
  toleranceMs: duration({ unit: 'ms', min: 0, max: 10_000 })
    .prefault(33)
    .describe('How far in capture time a depth picture may be from the frame.'),
  clockOffsetMs: duration({ unit: 'ms', min: -DAY_MS, max: DAY_MS })
    .prefault(0)
    .describe('Added to capture times of depth, where it comes later than the frame of the same instant.'),
});

export const depth = settings.check(
  z.refine((value) => !lacksSize(value), {
    path: ['source'],
    error:
      'the width and height of a shm:// source (its pictures do not carry them), as the keys width and height or as ?width=848&height=480',
    when: () => true,
  }),
);
