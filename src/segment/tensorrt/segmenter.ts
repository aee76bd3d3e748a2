import type { Logger } from 'pino';
import { UnavailableError } from '../../errors.js';
import { atThreshold, maskSpec } from '../../models/geometry.js';
import type { Manifest } from '../../models/manifest.js';
import type { NativeAddon, NativeTensorrt, NativeTensorrtAnswer } from '../../native/types.js';
import { decoderRuns } from '../decoder-runs.js';
import { embeddingsKept } from '../embeddings-kept.js';
import type {
  DeviceMemory,
  PromptResult,
  Segmenter,
  SegmentRequest,
  SegmentResult,
  SegmentTiming,
} from '../segmenter.js';
import type { BuiltEngines } from './engines.js';
import { type KeptAnswer, KeptLogits, SLOTS } from './kept-logits.js';
import { nativeGroup, resultsOf, type WantedMask, wantedMasks } from './native-groups.js';
import { nativeModel, takesMask } from './native-model.js';

/** The GPU prepares and encodes one request while it decodes the one before; a third would only wait. */
const RUNS_AT_ONCE = 2;
/** Buffers are made for frames of this size at the start; a larger frame makes them anew, once. */
const USUAL_FRAME = { frameWidth: 1920, frameHeight: 1080 } as const;

type SegmenterAddon = Pick<NativeAddon, 'openTensorrt' | 'rleToLogits' | 'exitNow'>;

export interface TensorrtSegmenterOptions {
  readonly manifest: Manifest;
  readonly engines: BuiltEngines;
  readonly addon: SegmenterAddon;
  /** Cameras that the model serves. Default: 1. */
  readonly cameras?: number;
  readonly log: Logger;
  /** Gives the loading up. */
  readonly signal?: AbortSignal;
}

/**
 * Loads two engines onto their device and warms them up, which takes seconds on a thread of the addon.
 * @throws SamwireError `model_failed` where the engines can't be loaded or do not fit, `device_failed` where the GPU is
 *   lost; UnavailableError when `signal` gave it up: what is loaded by then is closed.
 */
export async function createTensorrtSegmenter(options: TensorrtSegmenterOptions): Promise<Segmenter> {
  const { manifest, engines, addon, cameras = 1, log, signal } = options;
  const startedAt = performance.now();
  const opening = addon.openTensorrt(nativeModel(manifest, engines), {
    encoderPlan: engines.encoderPlan,
    decoderPlan: engines.decoderPlan,
    device: engines.device,
    dlaCore: engines.dlaCore,
    embeddingsKept: embeddingsKept(engines.contract.encoder, cameras),
    logitsKept: takesMask(engines.contract) ? SLOTS : 0,
    requestsAtOnce: RUNS_AT_ONCE,
    ...USUAL_FRAME,
  });
  endAtOnceWhile(opening, addon);
  const native = await unlessGivenUp(opening, signal);
  log.info(
    { ...engines.precision, device: engines.device, loadMs: Math.round(performance.now() - startedAt) },
    'engines loaded',
  );
  return new TensorrtSegmenter(options, native);
}

class TensorrtSegmenter implements Segmenter {
  readonly backend = 'tensorrt';
  readonly runsAtOnce = RUNS_AT_ONCE;
  readonly model: string;
  readonly #manifest: Manifest;
  readonly #engines: BuiltEngines;
  readonly #addon: SegmenterAddon;
  readonly #native: NativeTensorrt;
  readonly #kept = new KeptLogits();

  constructor({ manifest, engines, addon }: TensorrtSegmenterOptions, native: NativeTensorrt) {
    this.model = manifest.name;
    this.#manifest = manifest;
    this.#engines = engines;
    this.#addon = addon;
    this.#native = native;
  }

  async segment(request: SegmentRequest): Promise<SegmentResult> {
    const { frame, prompts } = request;
    const { contract, maxPrompts } = this.#engines;
    const { runs, failed } = decoderRuns({
      ...request,
      model: { manifest: this.#manifest, contract },
      addon: this.#addon,
      maxBatch: maxPrompts,
      kept: ({ frameId, maskId }) => this.#kept.find(frameId, maskId),
    });
    const results: PromptResult[] = new Array(prompts.length);
    for (const [index, error] of failed) results[index] = { error: error.toBody() };
    if (runs.length === 0) return { results, timing: NOTHING_DONE };
    const wanted = runs.map((run) => wantedMasks(run, request, this.#manifest.mask));
    const slots = this.#takeSlots(
      frame,
      wanted.flat().filter(({ kept }) => kept),
    );
    const groups = runs.map((run, g) => nativeGroup(run, wanted[g] ?? [], slots));
    const spec = atThreshold(maskSpec(this.#manifest, contract.decoder, frame), request);
    const beganAtMs = performance.now();
    const answer = await this.#native.segment(frame.id, spec, groups).catch((error: unknown) => {
      for (const kept of slots.values()) kept.failed = true;
      throw error;
    });
    for (const [g, run] of runs.entries()) {
      const own = resultsOf({ run, wanted: wanted[g] ?? [], masks: answer.masks[g] ?? [], slots, request });
      for (const [row, index] of run.members.entries()) results[index] = own[row] as PromptResult;
    }
    return { results, timing: timingOf(answer, performance.now() - beganAtMs) };
  }

  async deviceMemory(): Promise<DeviceMemory> {
    const { freeBytes, totalBytes } = await this.#native.memory();
    return { freeBytes, totalBytes, buffersBytes: this.#native.stats().deviceBytes };
  }

  close(): Promise<void> {
    return this.#native.close();
  }

  #takeSlots(frame: SegmentRequest['frame'], wanted: readonly WantedMask[]): Map<WantedMask, KeptAnswer> {
    if (!takesMask(this.#engines.contract)) return new Map();
    const ids = wanted.map(({ id }) => id);
    const kept = this.#kept.take(frame.id, ids);
    return new Map(wanted.flatMap((mask, i) => (kept[i] ? [[mask, kept[i]]] : [])));
  }
}

const NOTHING_DONE: SegmentTiming = {
  prepareMs: 0,
  encodeMs: 0,
  decodeMs: 0,
  maskMs: 0,
  embeddingReused: false,
};

/**
 * The CPU makes masks of one batch while the GPU decodes the next: what that hides is left out, so that the stages take no
 * longer than the call did.
 */
function timingOf(answer: NativeTensorrtAnswer, tookMs: number): SegmentTiming {
  const { prepareMs, encodeMs, decodeMs, maskMs, embeddingReused } = answer;
  const hiddenMs = Math.max(0, prepareMs + encodeMs + decodeMs + maskMs - tookMs);
  return { prepareMs, encodeMs, decodeMs, maskMs: Math.max(0, maskMs - hiddenMs), embeddingReused };
}

async function unlessGivenUp(
  opening: Promise<NativeTensorrt>,
  signal: AbortSignal | undefined,
): Promise<NativeTensorrt> {
  if (!signal) return opening;
  const close = (native: NativeTensorrt): Promise<void> => native.close();
  let giveUp: () => void = () => undefined;
  const givenUp = new Promise<never>((_, reject) => {
    giveUp = () => reject(new UnavailableError('The service was stopped while it loaded the model.'));
    signal.addEventListener('abort', giveUp);
    if (signal.aborted) giveUp();
  });
  try {
    return await Promise.race([opening, givenUp]);
  } catch (error) {
    opening.then(close).catch(() => undefined);
    throw error;
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

/**
 * `process.exit` runs no clean-up hooks on the main thread, so the libraries' statics would be destroyed under the
 * thread that loads (seen as SIGSEGV with the doubles). Such an end is made at once instead.
 */
function endAtOnceWhile(opening: Promise<unknown>, addon: Pick<NativeAddon, 'exitNow'>): void {
  const end = (code: number): void => addon.exitNow(code);
  const loaded = (): void => void process.off('exit', end);
  process.once('exit', end);
  opening.then(loaded, loaded);
}
