/** `<base>/stats`: strict, and tests hold what real nodes publish against it. docs/mqtt.md says what each figure means. */
import { z } from 'zod';
import { ERROR_CODES } from '../../errors.js';
import { TRACK_ENDS } from '../../masks/types.js';
import { createCounters } from '../../mqtt/counters.js';
import { idSchema } from '../../prompts/message.js';

const count = z.int().min(0);
const milliseconds = z.number().min(0);
/** Of the last 512; null before the first. */
const latency = z.strictObject({ p50: milliseconds, p95: milliseconds, p99: milliseconds }).nullable();

function counts<const K extends string>(...keys: K[]): z.ZodObject<Record<K, typeof count>, z.core.$strict> {
  return z.strictObject(Object.fromEntries(keys.map((key) => [key, count])) as Record<K, typeof count>);
}

const KINDS = ['prompt', 'detections', 'track', 'job'] as const;
const byKind = counts(...KINDS);

const everythingSchema = z.strictObject({
  ...counts('runs', 'masks', 'prompts').shape,
  skipped: counts('busy', 'noFrame'),
  latencyMs: latency,
});

const tracksSchema = z.strictObject({
  ...counts('active', 'started', 'refused', 'runs', 'failedRuns', 'framesSkipped').shape,
  ended: counts(...TRACK_ENDS),
  latencyMs: latency,
});

const detectionsSchema = z.strictObject({
  ...counts('messages', 'answers', 'detections', 'masks').shape,
  ...counts('belowScore', 'otherClass', 'overMax', 'refused', 'superseded').shape,
  latencyMs: latency,
});

const schedulerSchema = z.strictObject({
  waiting: byKind,
  waitingForFrame: count,
  served: counts(...KINDS, 'everything'),
  refused: counts('overload', 'queueFull', 'expired', 'superseded', 'withdrawn'),
  waitMs: latency,
  overloaded: z.array(z.enum(KINDS)),
  overloads: byKind,
  runMs: milliseconds.nullable(),
});

const cameraFigures = {
  ...counts('frames', 'reopens', 'longestGapMs', 'held', 'heldBytes', 'untold').shape,
  fps: z.number().min(0),
  lastError: z.strictObject({ message: z.string(), at: z.number() }).nullable(),
};
const depthFigures = counts('matched', 'missed').shape;

const cameraSchema = z.strictObject({
  ...cameraFigures,
  depth: z
    .strictObject({
      ...cameraFigures,
      ...depthFigures,
      state: z.enum(['connecting', 'streaming', 'stalled', 'failed', 'disabled']),
      problem: z.string().nullable(),
    })
    .exactOptional(),
});

const counters = createCounters();
const ownCounters = Object.entries(counters).flatMap(([key, value]) =>
  typeof value === 'number' ? [key] : [],
);

const linkSchema = z.strictObject({
  ...counts(...ownCounters).shape,
  errors: counts(...ERROR_CODES),
  dropped: counts('overflow', 'too_large', 'refused', 'undeliverable'),
  protocol: z.enum(['5', '3.1.1']).nullable(),
  ...counts('retries', 'owedMessages', 'owedBytes').shape,
  jobs: counts('connections', 'atWork', 'taken', 'repeats', 'answered', 'failed', 'returned').exactOptional(),
});

const httpSchema = z.strictObject({
  ...counts('requests', 'repeats', 'answers').shape,
  errors: counts(...ERROR_CODES),
  console: counts('pages', 'frames', 'masksDropped'),
});

const sideOutput = counts('sent', 'dropped', 'tooLarge');

export const statsSchema = z.strictObject({
  version: z.string(),
  uptimeMs: milliseconds,
  rssBytes: count,
  eventLoopDelayMs: z.strictObject({ p50: milliseconds, p99: milliseconds, max: milliseconds }),
  outputs: z.strictObject({ labels: sideOutput, visionMsgs: sideOutput }),
  http: httpSchema,
  ...counts('answers', 'prompts', 'masks', 'embeddingsReused').shape,
  errors: z.partialRecord(z.enum(ERROR_CODES), count),
  everything: everythingSchema,
  jobs: z.strictObject({ ...counts('answers', 'masks', 'prompts').shape, latencyMs: latency }),
  latencyMs: z.strictObject({
    prepareMs: latency,
    encodeMs: latency,
    decodeMs: latency,
    maskMs: latency,
    queueMs: latency,
    captureToPublishMs: latency,
  }),
  tracks: tracksSchema,
  detections: detectionsSchema,
  ...counts('queue', 'backgroundJobs', 'framesInUse').shape,
  scheduler: schedulerSchema.nullable().describe('null until the model is loaded'),
  cameras: z.record(idSchema, cameraSchema),
  mqtt: linkSchema,
});
