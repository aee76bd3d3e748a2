import { z } from 'zod';
import { duration } from './duration.js';

const MAX_TRACKS = 256;
const wholeNumber = { error: `a whole number from 1 to ${MAX_TRACKS}` };

/** The config's `tracks`. */
export const tracks = z
  .strictObject({
    maxPerCamera: z
      .int(wholeNumber)
      .min(1, wholeNumber)
      .max(MAX_TRACKS, wholeNumber)
      .default(16)
      .describe('Objects followed at a time on one camera; a prompt to follow one more is refused.'),
    lostMs: duration({ unit: 'ms', min: 100, max: 600_000 })
      .prefault(3000)
      .describe(
        'An object that is hidden, or whose camera is away, for longer is given up. One from detections also when detections leave it out for longer.',
      ),
    logits: z
      .boolean({ error: 'true or false' })
      .default(false)
      .describe(
        "Start from the last answer's low-res logits, every other frame, where the model's decoder takes a mask (docs/tracks.md). It spoils samwire-tiny's masks; try it with others.",
      ),
  })
  .prefault({});
